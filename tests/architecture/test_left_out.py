"""Tests that a machine cannot run are named at the end; where none may be left out they fail, but for given reasons."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

HOOKS = "from tests.conftest import pytest_runtest_makereport, pytest_terminal_summary\n"
SUITE = """
import pytest
def test_the_cloud(): pytest.skip("install the Firestore emulator: gcloud components install it")
def test_bodies(): pytest.skip("real payloads are not at /nowhere (set PULSEPOINT_SHARED_DATA)")
def test_here(): pass
"""
BODIES = "real payloads are not at"


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The little suite under a machine's environment."""
    (folder / "conftest.py").write_text(HOOKS)
    (folder / "test_suite.py").write_text(SUITE)
    given = {name: value for name, value in os.environ.items() if not name.startswith("PULSEPOINT_")}
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if entry)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**given, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_left_out_is_named_at_the_end(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0
    assert "1 tests: install the Firestore emulator" in done.stdout
    assert f"1 tests: {BODIES} /nowhere" in done.stdout


def test_where_nothing_may_be_left_out_a_skip_fails(tmp_path: Path) -> None:
    done = run(tmp_path, PULSEPOINT_NO_SKIP="1")
    assert (done.returncode, "2 failed" in done.stdout) == (1, True)


def test_a_reason_given_beforehand_may_skip_and_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, PULSEPOINT_NO_SKIP="1", PULSEPOINT_MAY_SKIP=f"terraform is not installed;{BODIES}")
    assert (done.returncode, "1 failed" in done.stdout, "1 skipped" in done.stdout) == (1, True, True)
    assert "this was skipped: Skipped: install the Firestore emulator" in done.stdout


def test_the_release_lets_no_suite_of_the_cloud_be_left_out() -> None:
    steps = {step["id"]: step for step in yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())["steps"]}
    [_, script] = steps["test"]["args"]
    assert "PULSEPOINT_NO_SKIP=1" in script
    assert f'PULSEPOINT_MAY_SKIP="{BODIES};terraform is not installed"' in script
    assert "sh deploy/release/install_engines.sh" in script
    installed = (ROOT / "deploy" / "release" / "install_engines.sh").read_text()
    for package in ("chromium", "default-jre", "redis-server", "firestore-emulator", "pubsub-emulator"):
        assert package in installed
