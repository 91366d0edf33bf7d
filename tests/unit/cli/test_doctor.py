"""What `pulsepoint doctor` says of an instance that is well, late or wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.cli.doctor import Disk, Finding, as_json, aside_findings, examined, fault_findings, is_well, print_findings
from deploy.cli.instance_client import Brand
from pulsepoint.faults import Reason

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BRAND = Brand("b1", "Northwind", "northwind.myshopify.com", "GBP", "Europe/London", made=False)
ROOMY = Disk(free=50 * 1024**3, total=100 * 1024**3)
ACCOUNT = {"platform": "meta", "account_id": "act_1", "status": "connected", "sync_error_message": None}
QUARANTINED = {
    "service": "ingest-shopify",
    "reason": "unknown_shop",
    "explanation": "no brand owns stray.myshopify.com",
}
BOOK = {"model": "last_touch", "currency": "GBP", "difference": 0.0}


def ago(**time: float) -> str:
    return (NOW - timedelta(**time)).isoformat()


def source(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "source": name,
        "things": 3,
        "snapshots": 3,
        "newest_at": ago(hours=1),
        "recorded_at": ago(minutes=5),
    } | fields


def well() -> dict[str, Any]:
    """What an instance answers when all is well."""
    return {
        "/api/admin/queues": {
            "queues": [{"subscription": "a.b", "waiting": 2, "in_flight": 1, "oldest_age_seconds": 0.4}],
            "effects": [
                {
                    "service": "alerting",
                    "kind": "slack.post",
                    "waiting": 1,
                    "due": 0,
                    "overdue_seconds": 0,
                    "failing": 0,
                }
            ],
            "unfinished": {"commits": 1, "oldest_age_seconds": 0.1},
        },
        "/api/admin/proxies": {"trusted_proxies": 0, "unbelieved": []},
        "/api/quarantine": {"total": 0, "messages": []},
        "/api/dead-letters": {"total": 0, "messages": []},
        "/settings": {"slack_connected": True, "clock_offset_seconds": 0},
        "/integrations": {"integrations": [ACCOUNT | {"last_synced_at": ago(hours=2)}]},
        "/sources": {"sources": [source("orders"), source("notifications", things=4)]},
        "/inventory": {"cut_products": []},
        "/books": {"balanced": True, "books": [BOOK]},
    }


class Instance:
    """Answers by the end of the path."""

    def __init__(self, brands: list[Brand] | None = None, **changed: Any) -> None:
        self._answers = {f"/{name}": answer for name, answer in changed.items()}
        self._answers |= {path: answer for path, answer in well().items() if path.rsplit("/", 1)[1] not in changed}
        self._brands = [BRAND] if brands is None else brands

    async def brands(self) -> list[Brand]:
        return self._brands

    async def read(self, path: str, **parameters: str) -> Any:
        return next(answer for end, answer in self._answers.items() if path.endswith(end))


async def asking_for_action(instance: Instance, disk: Disk = ROOMY) -> list[Finding]:
    return [each for each in await examined(instance, disk, NOW) if each.level in ("late", "wrong")]


async def test_an_instance_that_is_well_asks_for_nothing() -> None:
    findings = await examined(Instance(), ROOMY, NOW)
    assert is_well(findings)
    words = {each.subject: each.words for each in findings}
    assert words["Northwind: meta act_1"] == "connected, last synced 2 h ago"
    assert words["Northwind: Slack"] == "connected, 4 alerts posted"
    assert words["Northwind: orders"] == "newest recorded 5 min ago"
    assert words["queues"] == "3 messages wait"


QUEUES = well()["/api/admin/queues"]
FAILING = QUEUES | {"effects": [QUEUES["effects"][0] | {"failing": 2}]}
DUE = QUEUES | {"effects": [QUEUES["effects"][0] | {"due": 1, "overdue_seconds": 900.0}]}
SLOW = QUEUES | {"queues": [QUEUES["queues"][0] | {"oldest_age_seconds": 300.0}]}
STUCK = QUEUES | {"unfinished": {"commits": 7, "oldest_age_seconds": 600.0}}
NEEDS_TOKEN = ACCOUNT | {"status": "needs_attention", "sync_error_message": "the token expired", "last_synced_at": None}
FAILED = ACCOUNT | {"status": "failed", "sync_error_message": "503", "last_synced_at": ago(hours=3)}
OUT = {"balanced": False, "books": [BOOK | {"difference": 0.01}, BOOK]}
UNTRUSTED = {"trusted_proxies": 0, "unbelieved": [{"reason": "no_proxy_trusted", "requests": 1200, "peer": "10.0.0.5"}]}
SHORT = {"trusted_proxies": 2, "unbelieved": [{"reason": "too_few_addresses", "requests": 3, "peer": "127.0.0.1"}]}
UNCREDITED = {"subject": "last_touch", "currency": "GBP", "expected": 5_000_000, "found": 4_999_999}
UNSETTLED: dict[str, Any] = {"books": OUT, "conservation": {"ok": False, "violations": [UNCREDITED]}}


@pytest.mark.parametrize(
    ("changed", "level", "subject", "words", "todo"),
    [
        ({"queues": SLOW}, "late", "a.b", "the oldest for 5 min", "log"),
        ({"queues": DUE}, "late", "alerting slack.post", "1 are due, the oldest for 15 min", "log"),
        ({"queues": FAILING}, "wrong", "alerting slack.post", "2 failed", "log"),
        ({"queues": STUCK}, "late", "commits", "7 commits", "Restart"),
        (
            {"proxies": UNTRUSTED},
            "wrong",
            "proxy in front",
            "1,200 requests from 10.0.0.5",
            "PULSEPOINT_TRUSTED_PROXIES",
        ),
        ({"proxies": SHORT}, "wrong", "proxy in front", "than the 2 proxies", "PULSEPOINT_TRUSTED_PROXIES"),
        (
            {"quarantine": {"total": 2, "messages": [QUARANTINED, QUARANTINED]}},
            "wrong",
            "quarantine",
            "2 held",
            "Add the shop as a brand: what waits is delivered by itself then.",
        ),
        (
            {"dead-letters": {"total": 900, "messages": [QUARANTINED | {"reason": "odd"}]}},
            "wrong",
            "dead letters",
            "1 of the newest held by ingest-shopify: odd",
            "/api/dead-letters/ID/replay",
        ),
        ({"integrations": {"integrations": [NEEDS_TOKEN]}}, "wrong", "act_1", "never synced", "valid token"),
        ({"integrations": {"integrations": [FAILED]}}, "wrong", "act_1", "503; last synced 3 h ago", "by itself"),
        (
            {"integrations": {"integrations": [ACCOUNT | {"last_synced_at": ago(days=3)}]}},
            "late",
            "act_1",
            "last synced 3 d ago",
            "/api/brands/b1/sync",
        ),
        (UNSETTLED, "wrong", "Northwind: books", "0.000001 GBP of revenue", "pulsepoint verify"),
    ],
)
async def test_each_trouble_is_told_with_what_to_do(
    changed: dict[str, Any], level: str, subject: str, words: str, todo: str
) -> None:
    [finding] = await asking_for_action(Instance(**changed))
    assert finding.level == level
    assert subject in finding.subject
    assert words in finding.words
    assert finding.todo is not None and todo in finding.todo


async def test_books_that_balance_but_for_the_newest_orders_are_well() -> None:
    flowing = Instance(books=OUT, conservation={"ok": True, "violations": []})
    findings = await examined(flowing, ROOMY, NOW)
    assert is_well(findings)
    assert "balanced but for orders of the last 60 s" in {each.words for each in findings}


@pytest.mark.parametrize("disk", [Disk(free=1024**3, total=10 * 1024**3), Disk(free=40 * 1024**3, total=1024**4)])
async def test_a_disk_that_fills_up_is_wrong(disk: Disk) -> None:
    [finding] = await asking_for_action(Instance(), disk)
    assert finding.subject == "disk"


def test_the_disk_is_that_of_the_home(tmp_path: Path) -> None:
    disk = Disk.of(tmp_path)
    assert 0 < disk.free < disk.total


async def test_what_is_not_connected_is_a_note_and_not_wrong() -> None:
    bare = Instance(
        queues=None,
        settings={"slack_connected": False, "clock_offset_seconds": 0},
        integrations={"integrations": []},
        sources={"sources": [source("orders", things=0, newest_at=None, recorded_at=None)]},
        books={"balanced": True, "books": []},
    )
    findings = await examined(bare, ROOMY, NOW)
    assert is_well(findings)
    notes = {each.subject: each.todo or "" for each in findings if each.level == "note"}
    assert notes.keys() == {"queues", "Northwind: shop", "Northwind: ads", "Northwind: Slack"}
    assert all(notes.values())
    # The address without a brand's own token is nobody's where header routing is off.
    assert "pulsepoint webhook-address" in notes["Northwind: shop"]


@pytest.mark.rule("STOCK-12")
async def test_a_product_whose_variants_are_not_all_there_is_a_note() -> None:
    product = {"product_id": "7", "title": "Poster", "variants_total": 240}
    findings = await examined(Instance(inventory={"cut_products": [product]}), ROOMY, NOW)
    assert is_well(findings)
    [note] = [each for each in findings if each.level == "note"]
    assert (note.subject, note.words) == (
        "Northwind: products", "1 with more variants than webhooks carry, Poster among them",
    )  # fmt: skip


async def test_an_instance_without_a_brand_says_so() -> None:
    [note] = [each for each in await examined(Instance(brands=[]), ROOMY, NOW) if each.level == "note"]
    assert note.words == "no brand yet"


async def test_orders_are_aged_by_the_shops_own_clock() -> None:
    year = 365 * 86400
    replayed = Instance(
        settings={"slack_connected": True, "clock_offset_seconds": -year},
        sources={"sources": [source("orders", newest_at=ago(days=365, minutes=9))]},
    )
    [shop] = [each for each in await examined(replayed, ROOMY, NOW) if each.subject == "Northwind: shop"]
    assert "9 min ago by the shop's clock" in shop.words


async def test_the_report_has_three_tables_and_counts_what_to_look_at() -> None:
    findings = await examined(Instance(**UNSETTLED), ROOMY, NOW)
    console = Console(width=200, file=StringIO())
    print_findings(findings, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for title in ("What is connected", "What is late", "What is wrong"):
        assert title in text
    assert "1 thing to look at." in text
    assert as_json(findings)["ok"] is False


async def test_what_a_stranger_writes_of_others_is_only_noted() -> None:
    passerby = {"reason": "public_peer", "requests": 1, "peer": "8.8.8.8"}
    findings = await examined(Instance(proxies={"trusted_proxies": 0, "unbelieved": [passerby]}), ROOMY, NOW)
    assert is_well(findings)
    assert "8.8.8.8" in next(each.words for each in findings if each.subject == "proxy in front")


def test_files_that_were_put_aside_are_noted(tmp_path: Path) -> None:
    for name in ("warehouse.duckdb", "warehouse.duckdb.damaged", "warehouse.duckdb.damaged.wal"):
        (tmp_path / name).write_text("")
    (tmp_path / "archive.damaged-2").mkdir()
    findings = aside_findings(tmp_path)
    assert [finding.subject for finding in findings] == ["archive.damaged-2", "warehouse.duckdb.damaged"]
    assert all(finding.level == "note" and finding.todo for finding in findings)


async def test_an_instance_that_is_not_ready_is_told_by_its_faults_alone() -> None:
    since = "2026-11-29T11:00:00Z"
    faults = [
        {"reason": reason, "detail": reason, "since": since, "stops": reason is not Reason.EFFECT_FAILING}
        for reason in Reason
    ]
    findings = fault_findings({"status": "not_ready", "faults": faults})
    assert [each.subject for each in findings] == [
        reason.replace("_", " ") for reason in Reason if reason is not Reason.EFFECT_FAILING
    ]
    assert all(each.level == "wrong" and each.todo for each in findings)
    assert is_well(fault_findings({"status": "ready", "faults": []}))
    assert [each.level for each in fault_findings({"status": "starting", "faults": []})] == ["late"]
