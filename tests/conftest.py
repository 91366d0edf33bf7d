"""What every suite shares: where the real data lies, and a gate that lets nothing be skipped unnoticed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# No test fails because a machine is slow, nor for a health check that is only about time.
hypothesis.settings.register_profile(
    "pulsepoint", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("pulsepoint")

ROOT = Path(__file__).resolve().parent.parent
NO_SKIP = os.environ.get("PULSEPOINT_NO_SKIP") == "1"
MAY_SKIP = tuple(filter(None, os.environ.get("PULSEPOINT_MAY_SKIP", "").split(";")))
"""Parts of the reasons, parted by semicolons, for which a skip is none of PULSEPOINT_NO_SKIP's business."""


def shared_data() -> Path:
    """The folder of real payloads; it may not exist."""
    return Path(os.environ.get("PULSEPOINT_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real payloads; skips with a word where it is absent."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"real payloads are not at {folder} (set PULSEPOINT_SHARED_DATA)")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Homes below pytest's directory, which nobody else may enter, have root's PostgreSQL data elsewhere: here."""
    elsewhere = tempfile.mkdtemp(prefix="pulsepoint-elsewhere-")
    os.chmod(elsewhere, 0o711)
    os.environ["PULSEPOINT_POSTGRES_FOLDER"] = elsewhere
    config.add_cleanup(lambda: shutil.rmtree(elsewhere, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """With PULSEPOINT_NO_SKIP=1 a skip is a failure: the gate must run every suite."""
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not may_skip(reason, MAY_SKIP):
            report.outcome = "failed"
            report.longrepr = f"PULSEPOINT_NO_SKIP=1 and this was skipped: {reason}"
    return report


def may_skip(reason: str, phrases: Iterable[str]) -> bool:
    """True where a machine said beforehand that it skips for this reason."""
    return any(phrase in reason for phrase in phrases)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says at the end, in one line a reason, how many tests did not run: a suite left out is never silent."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[text.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("left out on this machine")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count} tests: {reason}")
