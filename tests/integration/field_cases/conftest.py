"""One instance for all field cases of a worker; each case has a shop of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from deploy.local.instance_process import running_instance
from tests.builders.field_shop import ENVIRONMENT, FieldShop, client_of, open_shop

ShopOf = Callable[..., Awaitable[FieldShop]]


@pytest.fixture(scope="session")
async def shop_of(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ShopOf]:
    """Opens a shop, by currency and timezone."""
    async with (
        running_instance(tmp_path_factory.mktemp("field"), ENVIRONMENT) as instance,
        client_of(instance) as http,
    ):

        async def opened(**settings: str) -> FieldShop:
            return await open_shop(instance, http, **settings)

        yield opened
