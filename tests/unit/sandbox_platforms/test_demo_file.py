"""The demo resumes where it stopped."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from deploy.local.demo import demo_progress, service_settings
from deploy.local.demo_file import FILE, fresh_demo, read_demo, write_demo
from deploy.local.settings import InstanceSettings

LATE = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


def test_a_fresh_demo_ends_its_past_the_day_before_where_the_shop_is() -> None:
    demo = fresh_demo("everyday", "Europe/Berlin", LATE)
    assert demo.last_day == "2026-03-10", "it is already the 11th in Berlin"
    assert demo.next_day("Europe/Berlin") == date(2026, 3, 11)


def test_what_was_written_is_read_again_and_only_by_its_owner(tmp_path: Path) -> None:
    demo = fresh_demo("everyday", "Europe/Berlin", LATE)
    demo.oldest_day, demo.sends_alerts = "2026-03-01", True
    write_demo(tmp_path, demo)
    again = read_demo(tmp_path)
    assert again == demo
    assert again is not None and again.next_day("Europe/Berlin") == date(2026, 2, 28)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert demo.control_token not in repr(demo)


def test_a_file_of_an_earlier_version_is_resumed_with_all_it_holds(tmp_path: Path) -> None:
    demo = fresh_demo("everyday", "Europe/Berlin", LATE)
    demo.catalog_sent = True
    stored = asdict(demo)
    stored["told_until"], stored["catalogue_told"] = stored.pop("played_until"), stored.pop("catalog_sent")
    (tmp_path / FILE).write_text(json.dumps(stored))
    assert read_demo(tmp_path) == demo


def test_a_file_that_cannot_be_read_is_no_file(tmp_path: Path) -> None:
    assert read_demo(tmp_path) is None
    (tmp_path / FILE).write_text("{")
    assert read_demo(tmp_path) is None


def test_services_meet_the_sandbox_only_where_there_is_a_demo() -> None:
    assert service_settings(InstanceSettings(demo=False)) == {}
    settings = service_settings(InstanceSettings(demo=True, port=9000))
    assert settings == {"alerting": {"allow_local_urls": True}, "gateway": {"allow_local_urls": True}}
    assert demo_progress() is None
