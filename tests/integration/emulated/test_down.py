"""`make down` after the supervisor was killed with -9: what it left behind ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.emulated.__main__ import down
from deploy.emulated.processes import Processes


def test_what_a_killed_supervisor_left_behind_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", ""]) as supervisor,
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as left,
    ):
        processes = Processes(tmp_path, print)
        processes.note("supervisor", supervisor.pid)
        processes.note("attribution", left.pid)
        supervisor.wait()
        try:
            assert down(tmp_path) == 0
            assert not psutil.pid_exists(left.pid)
        finally:
            left.kill()
    assert "left behind (1)" in capsys.readouterr().out
    assert down(tmp_path) == 0
    assert "No emulated cloud runs" in capsys.readouterr().out
