"""`python -m deploy.emulated`: run the emulated cloud until SIGINT or SIGTERM; `… down` ends one that runs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import psutil

from deploy.emulated.cloud import Cloud, open_cloud
from deploy.emulated.processes import end_abandoned, living, recorded_processes
from deploy.local.demo import run_demo
from deploy.local.home import HomeInUse, hold_home
from deploy.local.keys import log_in_line
from deploy.local.settings import InstanceSettings
from pulsepoint.errors import PulsepointError
from pulsepoint.runtime.logs import configure_logs

DOWN_SECONDS = 60.0


def emulated_settings() -> InstanceSettings:
    """The instance's settings from the environment; raises pydantic's error for one that is wrong.

    Everything of this cloud lies in `emulated` below PULSEPOINT_HOME.
    """
    settings = InstanceSettings()
    return settings.model_copy(update={"home": settings.home / "emulated"})


def announce(cloud: Cloud, settings: InstanceSettings, seconds: float) -> None:
    """Prints the URL, the log-in and how many seconds the start took."""
    home = os.path.relpath(settings.home)
    print(f"\n  Pulsepoint's emulated cloud is running at {cloud.address} (started in {seconds:.0f} s)")
    print(f"  {log_in_line(cloud.login, cloud.first_start, settings)}")
    print(f"  Send it orders:  PULSEPOINT_HOME={home} .venv/bin/pulsepoint replay FILE --shop your-shop.myshopify.com")
    print(f"  Each process logs to {home}/logs; {home}/processes.json tells their numbers and ports.")
    print(
        "  Stop it with Ctrl-C or `make down`. The emulators keep nothing: the next start is empty again.\n", flush=True
    )


async def up(settings: InstanceSettings) -> int:
    """Runs until a signal; exit code 0 after a clean end, 1 where it cannot start."""
    configure_logs(settings.log_level)
    try:
        hold_home(settings.home)
        socket.create_server((settings.host, settings.port)).close()
    except (HomeInUse, OSError, PulsepointError) as error:
        print(f"The emulated cloud did not start on port {settings.port}: {error}", file=sys.stderr)
        return 1
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print("Starting the emulated cloud, which begins empty: emulators keep nothing.", flush=True)
    started = time.monotonic()
    try:
        async with open_cloud(settings, _tell) as cloud:
            announce(cloud, settings, time.monotonic() - started)
            demo = asyncio.create_task(run_demo(cloud, settings), name="demo")
            await ended.wait()
            print("Ending: services are drained first.", flush=True)
            demo.cancel()
            await asyncio.gather(demo, return_exceptions=True)
    except PulsepointError as error:
        print(f"The emulated cloud did not start: {error}", file=sys.stderr)
        return 1
    return 0


def down(home: Path) -> int:
    """Ends the emulated cloud of this home; exit code 1 where it lives on after a minute."""
    supervisor = recorded_processes(home).get("supervisor")
    process = living(supervisor) if supervisor else None
    if process is None:
        left = end_abandoned(home)
        line = f"Ended what a killed emulated cloud left behind ({left})" if left else "No emulated cloud runs"
        print(f"{line} on {home.resolve()}.")
        return 0
    process.terminate()
    try:
        process.wait(DOWN_SECONDS)
    except psutil.TimeoutExpired:
        print(f"It has not ended after {DOWN_SECONDS:.0f} s; its process is {process.pid}.", file=sys.stderr)
        return 1
    print("The emulated cloud has ended.")
    return 0


def _tell(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    """Up, or down where that is named; the exit code, 2 for anything else."""
    settings = emulated_settings()
    if sys.argv[1:] == ["down"]:
        return down(settings.home)
    if sys.argv[1:]:
        print(f"usage: python -m deploy.emulated [down], not {' '.join(sys.argv[1:])}", file=sys.stderr)
        return 2
    return asyncio.run(up(settings))


if __name__ == "__main__":
    sys.exit(main())
