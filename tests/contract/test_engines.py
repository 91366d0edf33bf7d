from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from deploy.emulated.engines import EngineMissing, Running, start_firestore, start_pubsub, start_redis, stop
from tests.builders.engines import shared_engine

ROOT = Path(__file__).resolve().parents[2]


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


def test_an_engine_that_another_process_started_is_ended(tmp_path: Path) -> None:
    code = "import sys, pathlib; from deploy.emulated.engines import *; e = start_redis(pathlib.Path(sys.argv[1]))\n"
    code += "print(e.pid, e.started, e.address, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")])},
    ) as parent:
        assert parent.stdout is not None
        pid, started, address = parent.stdout.readline().split()
        stop(Running(int(pid), float(started), address))
        # Its parent has not reaped it, so it is still listed: stopping must not wait for that.
        assert psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE


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
