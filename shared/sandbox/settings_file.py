"""Reading a world from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any

from pulsepoint.brand.vocabulary import Platform
from sandbox.settings import (
    CampaignSettings,
    ClaimSettings,
    DemandSettings,
    EvidenceSettings,
    Incident,
    InvalidWorld,
    PromotionSettings,
    ShopSettings,
    StockSettings,
    When,
    WorldSettings,
)

WORLDS = Path(__file__).parent / "worlds"

_TABLES: dict[str, type[Any]] = {
    "shop": ShopSettings,
    "demand": DemandSettings,
    "stock": StockSettings,
    "evidence": EvidenceSettings,
    "claims": ClaimSettings,
}
_LISTS: dict[str, type[Any]] = {
    "campaigns": CampaignSettings,
    "promotions": PromotionSettings,
    "incidents": Incident,
}
_KINDS: dict[str, type] = {"int": int, "str": str, "bool": bool, "date": date}


def worlds() -> tuple[str, ...]:
    """Names of the worlds that come along, sorted."""
    return tuple(sorted(path.stem for path in WORLDS.glob("*.toml")))


def named_world(name: str) -> WorldSettings:
    """A world that comes along. Raises `InvalidWorld` naming the others where there is none of that name."""
    if name not in worlds():
        raise InvalidWorld(f"there is no world {name!r}; there are {', '.join(worlds())}")
    return read_world(WORLDS / f"{name}.toml")


def read_world(path: Path) -> WorldSettings:
    """The world in a file. Raises `InvalidWorld` naming file, setting and reason.

    `extends = "calm"` starts from the file of that name beside it: tables are merged, campaigns too by their
    `campaign_id`, promotions and incidents replaced.
    """
    try:
        return _world(_merged(path, ()))
    except InvalidWorld as error:
        raise InvalidWorld(f"{path.name}: {error}") from None


def _merged(path: Path, seen: tuple[Path, ...]) -> dict[str, object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidWorld(f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidWorld(f"is no TOML: {error}") from None
    document.setdefault("name", path.stem)
    base = document.pop("extends", None)
    if base is None:
        return document
    if not isinstance(base, str) or not base.isidentifier():
        raise InvalidWorld("extends: must be the name of a world beside this one")
    if path in seen:
        raise InvalidWorld(f"extends: {base} goes round in a circle")
    merged = _merged(path.with_name(f"{base}.toml"), (*seen, path))
    for key, value in document.items():
        inherited = merged.get(key)
        if isinstance(inherited, dict) and isinstance(value, dict):
            merged[key] = {**inherited, **value}
        elif key == "campaigns" and isinstance(inherited, list) and isinstance(value, list):
            merged[key] = _merged_campaigns(inherited, value)
        else:
            merged[key] = value
    return merged


def _merged_campaigns(inherited: list[Any], campaigns: list[Any]) -> list[object]:
    if not all(isinstance(entry, dict) for entry in campaigns):
        raise InvalidWorld("campaigns: must be a list of tables, [[campaigns]]")
    by_id = {entry.get("campaign_id"): entry for entry in inherited}
    for entry in campaigns:
        campaign_id = entry.get("campaign_id")
        by_id[campaign_id] = {**by_id.get(campaign_id, {}), **entry}
    return list(by_id.values())


def _world(document: Mapping[str, object]) -> WorldSettings:
    values: dict[str, object] = {}
    for key, value in document.items():
        if key in _TABLES:
            values[key] = _build(_TABLES[key], value, key)
        elif key in _LISTS:
            if not isinstance(value, list):
                raise InvalidWorld(f"{key}: must be a list of tables, [[{key}]]")
            values[key] = tuple(_build(_LISTS[key], entry, f"{key}[{at}]") for at, entry in enumerate(value))
        else:
            values[key] = value
    world: WorldSettings = _made(WorldSettings, values, "")
    return world


def _build(kind: type[Any], table: object, where: str) -> Any:
    """One table as its dataclass; promotions and incidents have `when` and `days` side by side, platforms a name."""
    if not isinstance(table, dict):
        raise InvalidWorld(f"{where}: must be a table")
    values = dict(table)
    names = {each.name for each in fields(kind)}
    if "when" in names:
        values["when"] = _when(values, where)
    if "platform" in names and "platform" in values:
        values["platform"] = _platform(values["platform"], where)
    return _made(kind, values, where)


def _platform(value: object, where: str) -> Platform:
    try:
        return Platform(str(value))
    except ValueError:
        names = ", ".join(platform.value for platform in Platform)
        raise InvalidWorld(f"{where}.platform: unknown: {value!r}; there are {names}") from None


def _when(values: dict[str, object], where: str) -> When:
    when, days = values.pop("when", None), values.pop("days", 1)
    if isinstance(days, bool) or not isinstance(days, int):
        raise InvalidWorld(f"{where}.days: must be a whole number")
    if isinstance(when, str) and when:
        return When(days, annual=when)
    if isinstance(when, int) and not isinstance(when, bool):
        return When(days, on_day=when)
    raise InvalidWorld(f'{where}.when: must be a day of the year ("11-24") or a number of days (-20)')


def _made(kind: type[Any], values: dict[str, Any], where: str) -> Any:
    prefix = f"{where}." if where else ""
    settings = {each.name: each for each in fields(kind)}
    for name, value in values.items():
        if name not in settings:
            raise InvalidWorld(f"{prefix}{name}: there is no such setting; there are {', '.join(settings)}")
        expected = _KINDS.get(str(settings[name].type))
        if expected is not None and type(value) is not expected:
            raise InvalidWorld(f"{prefix}{name}: must be {expected.__name__}, got {value!r}")
    missing = [
        name for name, each in settings.items()
        if name not in values and each.default is MISSING and each.default_factory is MISSING
    ]  # fmt: skip
    if missing:
        raise InvalidWorld(f"{where or 'world'}: {', '.join(missing)} must be set")
    return kind(**values)
