"""A backup holds the payloads that messages wait for, as they lay in the moment of the copy."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import orjson

from deploy.cli.backup import _Moment, _write
from deploy.cli.backup_file import Manifest, read_manifest, unpack
from deploy.cli.progress import Progress
from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.local_objects import open_local_objects
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from tests.builders.warehouse import SCOPE

NAME = f"payloads/{'a' * 64}"


async def test_a_payload_is_read_as_it_was_after_a_restore(tmp_path: Path) -> None:
    home, clock, secrets = tmp_path / "home", FixedClock(), MemorySecretStore()
    FactArchive(home / "archive").append({("pulsepoint_tenant_a", "orders"): [orjson.dumps({"fact_id": "1"})]})
    async with open_local_objects(home / "payloads", secrets, clock, public_url="http://x") as payloads:
        await payloads.put(SCOPE, NAME, b"\x00large", content_type="application/octet-stream")
        with ExitStack() as stack:
            moment = _Moment(home, stack)
            moment.take()
            clock.advance(days=40)
            assert await payloads.expire(clock.now() - timedelta(days=32)) == 1
            dumped = stack.enter_context(tempfile.TemporaryFile())
            with (tmp_path / "backup").open("wb") as file:
                _write(file, Manifest("now", "18", {}), dumped, b"", moment, Progress(quiet=True))
    restored = tmp_path / "restored"
    assert any(name.startswith("payloads/") for name in read_manifest(tmp_path / "backup", lambda count: None).members)
    unpack(tmp_path / "backup", lambda name: restored / name, lambda count: None)
    async with open_local_objects(restored / "payloads", secrets, clock, public_url="http://x") as again:
        assert await again.get(SCOPE, NAME) == b"\x00large"
