"""Guards that must not fail unseen: each is taken away in a copy of its package, and a suite has to turn red.

A case names the guard in the source as it stands, what stands there instead, and the tests that must fail. Row-level
security is sabotaged where its tests are (`tests/integration/gateway/test_identity_store_isolation.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

KERNEL, GATEWAY = "shared/pulsepoint", "services/gateway/gateway"
INGEST = "services/ingest-shopify/ingest_shopify"
FOLDERS = ("shared", *(f"services/{path.name}" for path in sorted((ROOT / "services").iterdir())))
TESTS_FAILED = 1
"""pytest's exit code; another one says that tests could not be collected or that none was chosen."""


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A guard of `package`, in `file` below it, and the `suite` (a path and words of test names) that misses it."""

    package: str
    file: str
    guard: str
    instead: str
    suite: tuple[str, str]


PUSH_AUTH = "tests/unit/runtime/test_push_auth.py"
DOCUMENTS = "tests/contract/test_postgres_document_store.py"
CASES = {
    "a dedup key in the commit": Sabotage(
        KERNEL, "runtime/pipeline.py", "            dedup_key=dedup_key,\n", "            dedup_key=None,\n",
        ("tests/integration/runtime/test_steps.py", "redelivered_event_is_counted_once"),
    ),
    "a dedup key in PostgreSQL": Sabotage(
        KERNEL, "adapters/postgres/schema.sql", "outcome := 'duplicate';", "NULL;",
        (DOCUMENTS, "marker_seen_before or of_two_at_once"),
    ),
    "the signature of a webhook": Sabotage(
        INGEST, "domain/signatures.py", "if compare_digest(expected, given):", "if given:",
        ("tests/unit/ingest_shopify/test_webhook_endpoint.py", "wrong_signature or changed_on_the_way"),
    ),
    "the signature of a fact id": Sabotage(
        KERNEL, "metrics/citations.py", "if not hmac.compare_digest(mac, self._mac(scope, body)):", "if not mac:",
        ("tests/unit/metrics/test_citations.py", "who_lacks_the_key"),
    ),
    "the tenant of a document": Sabotage(
        KERNEL, "adapters/postgres/document_store.py",
        "WHERE d.service = $1 AND d.tenant = $2 AND d.brand = $3 AND d.collection = $4 AND d.id = $5",
        "WHERE d.service = $1 AND $2::uuid IS NOT NULL AND d.brand = $3 AND d.collection = $4 AND d.id = $5",
        (DOCUMENTS, "tenants"),
    ),
    "a system scope for anybody": Sabotage(
        KERNEL, "adapters/document_rules.py", "    if own.is_system:\n", "    if own:\n",
        (DOCUMENTS, "cannot_reach_into_another"),
    ),
    "the tenant's own warehouse": Sabotage(
        KERNEL, "adapters/duckdb/schemas.py", "if scope.is_system else scope.schema",
        'if scope.is_system else "everybody"',
        ("tests/contract/warehouse/test_duckdb_warehouse.py", "sees_nothing_of_another"),
    ),
    "the brand of a named query": Sabotage(
        KERNEL, "metrics/queries/alerting.sql", "WHERE brand_id = @brand_id AND platform", "WHERE platform",
        ("tests/unit/metrics/test_brands_apart.py", "alerting_quarantined_days"),
    ),
    "the limit of requests": Sabotage(
        GATEWAY, "endpoints/guard.py", "        if not wait:\n", "        if wait >= 0:\n",
        ("tests/integration/gateway/test_gateway_access.py", "more_requests_than_the_limit"),
    ),
    "the signature of a push": Sabotage(
        KERNEL, "runtime/push_auth.py", '"verify_signature": True', '"verify_signature": False',
        (PUSH_AUTH, "another_key or nobody_signed or altered"),
    ),
    "the audience of a push": Sabotage(
        KERNEL, "runtime/push_auth.py", 'if claims.get("aud") != self._audience:', "if not claims:",
        (PUSH_AUTH, "wrong_claim"),
    ),
    "the account of a push": Sabotage(
        KERNEL, "runtime/push_auth.py", 'if claims.get("email") != self._email:', "if not claims:",
        (PUSH_AUTH, "wrong_claim"),
    ),
    "the end of a push token": Sabotage(
        KERNEL, "runtime/push_auth.py", '_number(claims, "exp") + LEEWAY_SECONDS <= now', "not claims",
        (PUSH_AUTH, "wrong_claim"),
    ),
    "the door of pushes": Sabotage(
        KERNEL, "runtime/app.py", "        if status != OK:\n", "        if status == 0:\n",
        ("tests/unit/runtime/test_push_door.py", "bad_token or over_the_network"),
    ),
}  # fmt: skip


def sabotaged(case: Sabotage, folder: Path) -> Path:
    """A copy of the case's package without the guard, in a folder that Python looks into first."""
    copy = folder / Path(case.package).name
    shutil.copytree(ROOT / case.package, copy, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    file = copy / case.file
    text = file.read_text(encoding="utf-8")
    assert text.count(case.guard) == 1, f"{case.file} has {text.count(case.guard)} of {case.guard!r}"
    file.write_text(text.replace(case.guard, case.instead), encoding="utf-8")
    return folder


def run(overlay: Path, suite: tuple[str, str]) -> subprocess.CompletedProcess[str]:
    """The chosen tests of a suite, with the packages of `overlay` before the checkout's own."""
    path, words = suite
    first = " ".join([str(overlay), ".", *FOLDERS])
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-o", f"pythonpath={first}", "-k", words, path]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("guard", CASES)
def test_a_guard_taken_away_turns_its_suite_red(guard: str, tmp_path: Path) -> None:
    case = CASES[guard]
    done = run(sabotaged(case, tmp_path), case.suite)
    assert done.returncode == TESTS_FAILED, done.stdout[-2000:] + done.stderr[-2000:]
    summary = done.stdout.rstrip().splitlines()[-1]
    assert re.search(r"\d+ failed", summary) and "error" not in summary, done.stdout[-2000:]


def test_a_copy_with_its_guards_is_green(tmp_path: Path) -> None:
    """So a red suite is the work of the sabotage, not of the copy."""
    case = CASES["the audience of a push"]
    folder = sabotaged(Sabotage(case.package, case.file, case.guard, case.guard, case.suite), tmp_path)
    done = run(folder, case.suite)
    assert done.returncode == 0, done.stdout[-2000:]
