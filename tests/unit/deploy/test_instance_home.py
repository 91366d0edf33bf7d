"""Who may run in a home and on a port, told before anything is started."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from deploy.local.home import RESTORING, HomeInUse, PortTaken, RestoreUnfinished, check_port, lock_home
from deploy.local.instance_process import ROOT


def test_a_home_is_one_instances(tmp_path: Path) -> None:
    lock = lock_home(tmp_path / "var")
    with pytest.raises(HomeInUse, match="another PULSEPOINT_HOME"):
        lock_home(tmp_path / "var")
    os.close(lock)
    os.close(lock_home(tmp_path / "var"))


def test_no_instance_starts_in_half_of_a_restored_home(tmp_path: Path) -> None:
    (tmp_path / "var" / RESTORING).mkdir(parents=True)
    with pytest.raises(RestoreUnfinished, match="pulsepoint restore"):
        lock_home(tmp_path / "var")
    (tmp_path / "var" / RESTORING).rmdir()
    os.close(lock_home(tmp_path / "var"))


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port}: .*choose another PORT"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.slow
async def test_an_instance_whose_port_is_taken_says_so_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PORT": str(taken.getsockname()[1]),
            "PULSEPOINT_HOME": str(tmp_path / "var"),
        }
        instance = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.local"), cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await instance.communicate()
    assert instance.returncode == 1
    assert errors.decode().startswith("Pulsepoint cannot listen on 127.0.0.1, port ")
    assert errors.decode().count("\n") == errors.decode().count("127.0.0.1") == 1
    assert [entry.name for entry in (tmp_path / "var").iterdir()] == ["tower.lock"]
