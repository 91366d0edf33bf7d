"""There is one version, of everything."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pulsepoint import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = sorted(
    path for path in ROOT.rglob("pyproject.toml") if not {".venv", "node_modules"} & set(path.relative_to(ROOT).parts)
)


def test_every_service_is_a_project() -> None:
    assert len(PROJECTS) >= 9


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_project_has_the_version_of_the_whole(path: Path) -> None:
    assert tomllib.loads(path.read_text())["project"]["version"] == __version__
