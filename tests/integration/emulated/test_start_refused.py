"""What `make up` says where it cannot start: one line for people, no traceback, and nothing left running."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from deploy.emulated.processes import living, recorded_processes
from deploy.local.instance_process import ROOT


async def start(home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """`python -m deploy.emulated` over `home`, until it has given up."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PULSEPOINT_DEMO": "0",
    }
    environment |= {"PULSEPOINT_HOME": str(home), **extra}
    environment.pop("JAVA_HOME", None)
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.emulated"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def left_running(home: Path) -> list[psutil.Process]:
    """Processes that a start wrote down and did not end."""
    processes = (living(record) for record in recorded_processes(home / "emulated").values())
    return [process for process in processes if process is not None]


async def test_a_taken_port_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = await start(tmp_path, PORT=port)
    assert done.returncode == 1 and f"did not start on port {port}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr and left_running(tmp_path) == []


async def test_every_missing_engine_is_told_in_one_line(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    shell = shutil.which("sh")
    assert shell is not None
    (tools / "sh").symlink_to(shell)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = await start(tmp_path, PORT=port, PATH=str(tools), CLOUDSDK_ROOT_DIR="")
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if line)
    assert "install Redis" in line and ("install Java" in line or "install the Google Cloud CLI" in line)
    assert "Traceback" not in done.stdout + done.stderr and left_running(tmp_path) == []
