"""Engines as real processes on this machine: Google's Pub/Sub and Firestore emulators, Redis and PostgreSQL.

Each is a context manager that yields the address once the engine answers, and ends it on exit. The emulators' jars
are started directly: their launchers are shells that a signal would end without the engine.
https://cloud.google.com/pubsub/docs/emulator and https://cloud.google.com/firestore/docs/emulator
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from pulsepoint.adapters.postgres.server import embedded_server
from pulsepoint.errors import EngineUnavailable

HOST = "127.0.0.1"
STARTING_SECONDS = 90.0
STOPPING_SECONDS = 10.0
# A serial collector leaves the cores to what is tested.
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-Xms64m", "-Duser.language=en")
PUBSUB_MISSING = "install the Pub/Sub emulator: gcloud components install pubsub-emulator"
FIRESTORE_MISSING = "install the Firestore emulator: gcloud components install cloud-firestore-emulator"


class EngineMissing(EngineUnavailable):
    """This machine has no such engine; the message names what to install."""


@dataclass(frozen=True, slots=True)
class Running:
    """An engine that answers at `address` (`host:port`); `started` tells its process from a later one of that id."""

    pid: int
    started: float
    address: str


def start_pubsub(log: Path, port: int | None = None) -> Running:
    """The Pub/Sub emulator, running on until `stop`; raises `EngineMissing` or `EngineUnavailable`."""
    jar = _newest(_sdk_root(PUBSUB_MISSING) / "platform/pubsub-emulator/lib", "*.jar", PUBSUB_MISSING)
    return _start(
        lambda chosen: [_java(), *JAVA_OPTIONS, "-Xmx2g", "-jar", str(jar), f"--host={HOST}", f"--port={chosen}"],
        log,
        port,
        _answers_http,
    )


def start_firestore(log: Path, port: int | None = None) -> Running:
    """The Firestore emulator, running on until `stop`; raises `EngineMissing` or `EngineUnavailable`."""
    folder = _sdk_root(FIRESTORE_MISSING) / "platform/cloud-firestore-emulator"
    jar = _newest(folder, "*.jar", FIRESTORE_MISSING)
    main = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    return _start(
        lambda chosen: [
            *(_java(), *JAVA_OPTIONS, "-Xmx2g", "-cp", str(jar), main),
            *("start", f"--host={HOST}", f"--port={chosen}"),
        ],
        log,
        port,
        _answers_http,
    )


def start_redis(log: Path, port: int | None = None) -> Running:
    """A Redis server that keeps nothing on disk, running on until `stop`; raises `EngineMissing`."""
    program = shutil.which("redis-server")
    if program is None:
        raise EngineMissing("install Redis: apt-get install redis-server")
    return _start(
        lambda chosen: [
            *(program, "--bind", HOST, "--port", str(chosen), "--dir", str(log.parent)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
        ],
        log,
        port,
        _answers_redis,
    )


def stop(engine: Running) -> None:
    """End the engine's process, kindly and then not; one that is gone already is no error."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(engine.pid)
        if abs(process.create_time() - engine.started) > 1.0:
            return  # the id belongs to another process by now
        process.terminate()
        if not _ended(process):
            process.kill()
            _ended(process)


def _ended(process: psutil.Process) -> bool:
    """True where it ended in time; one that its parent, another process, has not yet reaped has ended."""
    until = time.monotonic() + STOPPING_SECONDS
    while time.monotonic() < until:
        with suppress(psutil.TimeoutExpired):
            process.wait(0.05)
            return True
        if process.status() == psutil.STATUS_ZOMBIE:
            with suppress(psutil.TimeoutExpired):
                process.wait(0)  # it may have become one just now, and be ours to reap
            return True
    return False


def pubsub_emulator(home: Path, port: int | None = None) -> AbstractContextManager[str]:
    """`host:port` for PUBSUB_EMULATOR_HOST, while the context manager is open; its log is `home/pubsub.log`."""
    return _while_used(start_pubsub, home / "pubsub.log", port)


def firestore_emulator(home: Path, port: int | None = None) -> AbstractContextManager[str]:
    """`host:port` for FIRESTORE_EMULATOR_HOST, while the context manager is open; its log is `home/firestore.log`."""
    return _while_used(start_firestore, home / "firestore.log", port)


@contextmanager
def redis_server(home: Path, port: int | None = None) -> Iterator[str]:
    """The URL for REDIS_URL, while the context manager is open; its log is `home/redis.log`."""
    with _while_used(start_redis, home / "redis.log", port) as address:
        yield f"redis://{address}/0"


def postgres_server(home: Path) -> AbstractContextManager[str]:
    """The DSN of a PostgreSQL server (DATABASE_URL) that keeps its data in `home/postgres`: stands for Cloud SQL."""
    return embedded_server(home / "postgres")


@contextmanager
def _while_used(start: Callable[[Path, int | None], Running], log: Path, port: int | None) -> Iterator[str]:
    engine = start(log, port)
    try:
        yield engine.address
    finally:
        stop(engine)


def _start(
    command: Callable[[int], Sequence[str]], log: Path, port: int | None, answers: Callable[[int], bool]
) -> Running:
    log.parent.mkdir(parents=True, exist_ok=True)
    chosen = port or _free_port()
    with log.open("ab") as output:
        # A session of its own: an interrupt at the terminal is for who uses the engine, who then ends it.
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command(chosen), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    until = time.monotonic() + STARTING_SECONDS
    while process.poll() is None:
        if answers(chosen):
            return Running(process.pid, psutil.Process(process.pid).create_time(), f"{HOST}:{chosen}")
        if time.monotonic() > until:
            process.kill()
            process.wait()
            raise EngineUnavailable(f"the engine did not answer within {STARTING_SECONDS:.0f} s; see {log}")
        time.sleep(0.05)
    raise EngineUnavailable(f"the engine ended with {process.returncode}; see {log}")


def _answers_http(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/", timeout=1.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _answers_redis(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1.0) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _sdk_root(missing: str) -> Path:
    """Where the Google Cloud CLI is: its own variable, the command on the path, or Debian's folder."""
    named, command = os.environ.get("CLOUDSDK_ROOT_DIR"), shutil.which("gcloud")
    candidates = [Path(named)] if named else []
    candidates += [Path(command).resolve().parent.parent] if command else []
    candidates.append(Path("/usr/lib/google-cloud-sdk"))
    for root in candidates:
        if (root / "platform").is_dir():
            return root
    raise EngineMissing(f"install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install), then {missing}")


def _newest(folder: Path, pattern: str, missing: str) -> Path:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise EngineMissing(missing)
    return paths[-1]


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if program is None:
        raise EngineMissing("install Java 17 or newer for the emulators: apt-get install openjdk-17-jre-headless")
    return program
