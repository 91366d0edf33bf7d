"""A small local fake of the ad platforms: the sandbox's faces over made-up numbers.

Every run sees the same figures. `sandbox.platforms.ads` describes how faults are set.
"""

from __future__ import annotations

from starlette.applications import Starlette

from sandbox.ad_stubs.ads_world import StubSettings, World
from sandbox.platforms.ads import create_ads


def app(settings: StubSettings | None = None) -> Starlette:
    """The stub as an ASGI app; its `World` is `app.state.world`."""
    world = World(settings=settings or StubSettings())
    stub = create_ads(world, faults=world, limits=world.limits)
    stub.state.world = world
    return stub
