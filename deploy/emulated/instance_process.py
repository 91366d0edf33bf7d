"""The emulated cloud as a process over a home directory, for checks and tests; see `deploy.local.instance_process`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.emulated.cloud import backlog
from deploy.emulated.processes import RunningProcess, living, recorded_processes
from deploy.local.instance_process import InstanceFailed, InstanceProcess

QUIET_SECONDS = 3.0
"""For so long nothing may be pushed: the pause before a message that failed once is pushed again is shorter."""
POLL_SECONDS = 0.05


class EmulatedProcess(InstanceProcess):
    """Its supervisor is the process; services are reached, and killed, by their names."""

    module = "deploy.emulated"

    @property
    def own_home(self) -> Path:
        """See `InstanceProcess.own_home`."""
        return self.home / "emulated"

    async def idle(self, seconds: float) -> None:
        """Wait until every message pushed is acknowledged and no more come; raises `InstanceFailed` after `seconds`."""
        deadline = time.monotonic() + seconds
        depths: Mapping[str, object] = {}
        while time.monotonic() < deadline:
            depths = await backlog(f"http://127.0.0.1:{self.service('push-proxy').port}")
            if depths["waiting"] == 0 and depths["quiet_seconds"] >= QUIET_SECONDS:
                return
            await asyncio.sleep(0.25)
        raise InstanceFailed(f"After {seconds:.0f} s messages still wait: {depths}\n{self._last_words()}")

    def service(self, name: str) -> RunningProcess:
        """A process of the cloud by its name, as it runs now."""
        return recorded_processes(self.own_home)[name]

    def kill_service(self, name: str) -> RunningProcess:
        """`kill -9` of one process; returns its record, raises `KeyError` for a name that is not recorded."""
        service = self.service(name)
        if living(service) is not None:
            os.kill(service.pid, signal.SIGKILL)
        return service

    async def end_service(self, name: str, seconds: float = 30.0) -> float:
        """SIGTERM to one process; how long it took to end. Raises `InstanceFailed` when it lives on."""
        service, started = self.service(name), time.monotonic()
        os.kill(service.pid, signal.SIGTERM)
        while time.monotonic() - started < seconds:
            if living(service) is None:
                return time.monotonic() - started
            await asyncio.sleep(POLL_SECONDS)
        raise InstanceFailed(f"{name} still lives {seconds:.0f} s after SIGTERM")

    async def up_again(self, name: str, before: RunningProcess, seconds: float = 120.0) -> None:
        """Wait until a process that died runs again and answers; raises `InstanceFailed` after `seconds`."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False) as http:
            while time.monotonic() < deadline:
                service = self.service(name)
                if service.pid != before.pid and await _answers(http, service.port):
                    return
                await asyncio.sleep(POLL_SECONDS)
        raise InstanceFailed(f"{name} is not up again after {seconds:.0f} s\n{self._last_words()}")


async def _answers(http: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await http.get(f"http://127.0.0.1:{port}/readyz", timeout=5)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
