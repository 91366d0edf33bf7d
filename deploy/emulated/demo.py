"""The demo shop where the emulated cloud runs in containers: `python -m deploy.emulated.demo`, for `compose.yaml`.

It opens the shop through the public origin and runs the sandbox beside itself, as `make up` does; the variables are
those of the instance, `PULSEPOINT_SANDBOX_HOST` (a name by which services reach it) and `PULSEPOINT_PROXY_URL`.
"""

from __future__ import annotations

import asyncio
import os

from deploy.emulated.cloud import Origin
from deploy.local.demo import run_demo
from deploy.local.keys import instance_file
from deploy.local.settings import InstanceSettings
from pulsepoint.runtime.logs import configure_logs


async def main() -> None:
    """Runs the demo until the process is ended, the sandbox with it; raises `KeyError` without PULSEPOINT_PROXY_URL."""
    settings = InstanceSettings()
    configure_logs(settings.log_level)
    keys = instance_file(settings)
    origin = Origin(settings.address, (keys.admin_email, keys.admin_password), os.environ["PULSEPOINT_PROXY_URL"])
    await run_demo(origin, settings)


if __name__ == "__main__":
    asyncio.run(main())
