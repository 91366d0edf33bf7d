"""`python -m deploy.local`: run the instance until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from deploy.local.demo import demo_progress, run_demo
from deploy.local.home import HomeInUse, PortTaken, RestoreUnfinished, check_port, lock_home
from deploy.local.instance import Instance, open_instance
from deploy.local.keys import log_in_line
from deploy.local.settings import InstanceSettings
from gateway.domain.identity import WeakKey
from pulsepoint.errors import EngineUnavailable
from pulsepoint.runtime.door import DoorProtocol
from pulsepoint.runtime.logs import configure_logs
from pulsepoint.runtime.memory import what_started_is_spared


class _AnnouncingServer(uvicorn.Server):
    """Says where the instance is once it really listens."""

    def __init__(self, config: uvicorn.Config, instance: Instance, settings: InstanceSettings) -> None:
        super().__init__(config)
        self._instance = instance
        self._settings = settings
        self._demo: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End serving on SIGINT and SIGTERM; uvicorn would raise them again and cut the instance's own shutdown off."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, number)
        yield

    def _end(self, number: int) -> None:
        """Streams never end by themselves, and the server waits for every response: end them first."""
        self._instance.end_streams()
        self.handle_exit(number, None)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            announce(self._instance, self._settings)
            if self._settings.demo:
                self._instance.apps["gateway"].api.state.demo = demo_progress
                self._demo = asyncio.create_task(run_demo(self._instance, self._settings), name="demo")

    async def end_demo(self) -> None:
        """Stop the demo, whose progress is kept."""
        if self._demo is not None:
            self._demo.cancel()
            await asyncio.gather(self._demo, return_exceptions=True)


def announce(instance: Instance, settings: InstanceSettings) -> None:
    """Prints the URL and who can log in."""
    print(f"\n  Pulsepoint is running at {settings.address}")
    print(f"  {log_in_line(instance.login, instance.first_start, settings)}")
    if settings.demo:
        print("  A demo shop opens at once; its two years of history fill in behind.")
        print("  PULSEPOINT_DEMO=0 with another PULSEPOINT_HOME starts empty.")
    print("  Send it orders:  .venv/bin/pulsepoint replay FILE --shop your-shop.myshopify.com")
    print("  Stop it with Ctrl-C; the next start resumes where it was.\n", flush=True)


async def main() -> int:
    """Serves until a signal; exit code 0 after a clean end, 1 where it cannot start."""
    settings = InstanceSettings()
    configure_logs(settings.log_level)
    try:
        lock_home(settings.home)
        check_port(settings.host, settings.port)
        return await serve(settings)
    except (HomeInUse, RestoreUnfinished, PortTaken, WeakKey, EngineUnavailable) as error:
        print(error, file=sys.stderr)
        return 1


async def serve(settings: InstanceSettings) -> int:
    """The instance until a signal; 0 when it ever listened. Raises `WeakKey`."""
    async with open_instance(settings) as instance:
        config = uvicorn.Config(
            instance,
            host=settings.host,
            port=settings.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # It would believe X-Forwarded-For of whoever connects from this machine: the gateway reads it itself.
            proxy_headers=False,
            http=DoorProtocol,
            # Longer than clients keep an idle connection: one closed in the moment it is used again loses the request.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=8,
        )
        server = _AnnouncingServer(config, instance, settings)
        try:
            with what_started_is_spared():
                await server.serve()
        finally:
            await server.end_demo()
        return 0 if server.started else 1


if __name__ == "__main__":
    if sys.platform != "win32":
        import uvloop

        sys.exit(uvloop.run(main()))
    sys.exit(asyncio.run(main()))
