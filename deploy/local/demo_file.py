"""The progress of the demo, kept in PULSEPOINT_HOME/demo.json so that the next start resumes there."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from pulsepoint.brand.vocabulary import Platform

FILE = "demo.json"
OLD_NAMES = {"told_until": "played_until", "catalogue_told": "catalog_sent"}
"""Keys of files that earlier versions wrote, by today's name."""


@dataclass(slots=True)
class DemoFile:
    """The demo brand's world and progress; timestamps are ISO text, days too.

    `days`: how many of history. `played_until`: how far the present was played. `oldest_day`: the oldest day of the
    past sent so far, None before the first. `catalog_sent`, `sends_alerts` and `filled` are steps done once.
    """

    world: str
    opened_at: str
    last_day: str
    played_until: str
    days: int = 730
    sandbox_url: str = ""
    brand_id: str | None = None
    oldest_day: str | None = None
    catalog_sent: bool = False
    sends_alerts: bool = False
    filled: bool = False
    strikes: list[dict[str, object]] = field(default_factory=list)
    control_token: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    shopify_token: str = field(default_factory=lambda: f"shpat_{secrets.token_hex(16)}", repr=False)
    ad_tokens: dict[str, str] = field(
        default_factory=lambda: {platform.value: secrets.token_hex(24) for platform in Platform}, repr=False
    )

    def next_day(self, zone: str) -> date:
        """The newest day of the past that is not sent yet, in the timezone `zone`."""
        if self.oldest_day is not None:
            return date.fromisoformat(self.oldest_day) - timedelta(days=1)
        return datetime.fromisoformat(self.opened_at).astimezone(ZoneInfo(zone)).date()


def fresh_demo(world: str, zone: str, now: datetime, days: int = 730) -> DemoFile:
    """A demo that opens `now` in the timezone `zone`, its history of so many days ending the day before."""
    last_day = (now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)).isoformat()
    return DemoFile(world=world, opened_at=now.isoformat(), last_day=last_day, played_until=now.isoformat(), days=days)


def read_demo(home: Path) -> DemoFile | None:
    """Returns the file of the last start, old keys lifted; None where there was none or it cannot be read."""
    try:
        stored = orjson.loads((home / FILE).read_bytes())
        return DemoFile(**{OLD_NAMES.get(key, key): value for key, value in stored.items()})
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None


def write_demo(home: Path, demo: DemoFile) -> None:
    """Replace the file whole, readable by its owner alone."""
    fresh = home / f"{FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(orjson.dumps(asdict(demo), option=orjson.OPT_INDENT_2))
    os.replace(fresh, home / FILE)
