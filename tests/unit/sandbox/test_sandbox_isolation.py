"""The services are never told the causes: nothing reaches across, neither import nor file."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SANDBOX = REPOSITORY / "shared" / "sandbox"
REACHING = re.compile(r"(^|/)sandbox($|[./])|(^|/)demo\.json$")
TRUTH = {"causes", "lost_sales", "claims", "Cause", "LostSale", "Claim", "incremental", "ledger", "_engine"}


def _sources(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if ".venv" not in path.parts and "build" not in path.parts)


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def _named(path: Path) -> set[str]:
    """Every identifier, attribute and short string of a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names |= {getattr(node, "id", ""), getattr(node, "attr", "")} - {""}
        if isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
    return names


def _reaches(path: Path) -> set[str]:
    """Ways in which a file gets at the sandbox: imports, module names and paths in strings."""
    names = {name for name in _imports(path) if name.split(".")[0] == "sandbox"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            names |= {node.value} if REACHING.search(node.value) else set()
    return names


@pytest.mark.slow
def test_no_service_and_no_kernel_module_knows_the_sandbox() -> None:
    files = 0
    for folder in (REPOSITORY / "services", REPOSITORY / "shared" / "pulsepoint"):
        for path in _sources(folder):
            files += 1
            assert not _reaches(path), (path, _reaches(path))
    assert files > 100


@pytest.mark.parametrize(
    "line",
    [
        "import sandbox",
        "from sandbox.world import World",
        "from sandbox import causes",
        'importlib.import_module("sandbox.ground_truth")',
        'Path(root, "sandbox", "worlds", "everyday.toml")',
        'open("../shared/sandbox/worlds/everyday.toml")',
        'Path(home, "demo.json").read_bytes()',
    ],
)
def test_every_way_to_reach_across_is_seen(tmp_path: Path, line: str) -> None:
    reaching = tmp_path / "reaching.py"
    reaching.write_text(f"def ask():\n    {line}\n")
    assert _reaches(reaching)


def test_the_world_stands_on_the_standard_library_and_the_names_of_the_ad_platforms_alone() -> None:
    files = sorted(SANDBOX.glob("*.py"))
    assert len(files) > 20
    for path in files:
        modules = {name for name in _imports(path) if name.split(".")[0] not in {*sys.stdlib_module_names, "sandbox"}}
        assert modules <= {"pulsepoint.brand.vocabulary"}, (path.name, modules)
        assert not _from_vocabulary(path) - {"Platform"}, path.name


def _from_vocabulary(path: Path) -> set[str]:
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "pulsepoint.brand.vocabulary"
        for alias in node.names
    }


def test_the_platforms_faces_never_touch_the_true_ledger() -> None:
    for path in _sources(SANDBOX / "platforms"):
        assert not _named(path) & TRUTH, (path, _named(path) & TRUTH)
        assert not _imports(path) & {"sandbox.causes", "sandbox.ground_truth", "sandbox.engine", "sandbox.claims"}, path
