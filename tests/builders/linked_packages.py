"""A stand-in for `python -m pip install --require-hashes`: links a lock's packages from the environment of the tests.

What a service may import is then exactly what its lock names, as after a real installation, at a tenth of the time.
What only a real one proves (the hashes, that the index has every file) is proved for a small and a large service.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"


def linking_python(folder: Path) -> Path:
    """An interpreter in `folder` that links where it is asked to run pip, and is this one in all else."""
    script = folder / "python"
    path = [str(ROOT), *(entry for entry in sys.path if entry)]
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {path!r}\n"
        "from tests.builders.linked_packages import main\nmain(sys.argv[1:])\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def main(arguments: Sequence[str]) -> None:
    """Link for `-m pip --python PYTHON … --requirement LOCK`; run everything else."""
    if list(arguments[:2]) != ["-m", "pip"]:
        os.execv(sys.executable, [sys.executable, *arguments])
    python = arguments[arguments.index("--python") + 1]
    lock = Path(arguments[arguments.index("--requirement") + 1])
    printed = subprocess.run([python, "-c", PURELIB], capture_output=True, text=True, check=True)
    link_packages(lock, Path(printed.stdout.strip()))


def link_packages(lock: Path, site: Path) -> None:
    """The lock's packages as links in `site`; raises `AssertionError` where another version is installed here."""
    for requirement in requirements(lock):
        package = distribution(requirement.name)
        assert requirement.specifier.contains(package.version), f"{requirement} is not {package.version}"
        _link(package, site)


def requirements(lock: Path) -> list[Requirement]:
    """The pinned packages of a lock that apply to this machine."""
    lines = [line.split("\\")[0].strip() for line in lock.read_text().splitlines()]
    pinned = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return [each for each in pinned if each.marker is None or each.marker.evaluate()]


def _link(package: Distribution, site: Path) -> None:
    for file in package.files or ():
        if ".." in file.parts:
            continue  # commands, which a service has none of
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(str(package.locate_file(file)))
        try:
            os.link(source, target)
        except FileExistsError:
            continue
        except OSError:
            shutil.copy2(source, target)
