from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from deploy.emulated.engines import EngineMissing, Running, start_firestore, start_pubsub, start_redis, stop
from tests.builders.engines import shared_engine


def test_an_engine_ends_with_the_last_who_uses_it(tmp_path: Path) -> None:
    started: list[Running] = []

    def start(log: Path) -> Running:
        started.append(start_redis(log))
        return started[-1]

    with ExitStack() as last:
        with shared_engine(tmp_path, "redis", start) as first_address:
            address = last.enter_context(shared_engine(tmp_path, "redis", start))
        (engine,) = started
        assert psutil.pid_exists(engine.pid)
        assert first_address == address == engine.address
    assert not psutil.pid_exists(engine.pid)


def test_stopping_spares_a_process_that_took_over_the_id(tmp_path: Path) -> None:
    engine = start_redis(tmp_path / "log")
    try:
        stop(Running(engine.pid, engine.started - 60.0, engine.address))
        assert psutil.Process(engine.pid).status() != psutil.STATUS_ZOMBIE
    finally:
        stop(engine)
    assert not psutil.pid_exists(engine.pid)


@pytest.mark.parametrize(
    ("start", "word"), [(start_pubsub, "Pub/Sub"), (start_firestore, "Firestore"), (start_redis, "redis-server")]
)
def test_a_missing_engine_says_what_to_install(
    start: object, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "platform").mkdir()
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("CLOUDSDK_ROOT_DIR", os.fspath(tmp_path))
    with pytest.raises(EngineMissing, match=f"install .*{word}"):
        start(tmp_path / "log")  # type: ignore[operator]
