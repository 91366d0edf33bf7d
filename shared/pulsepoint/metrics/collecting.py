"""A breakdown while its sums come in from the warehouse, and the numbers they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pulsepoint.brand import figures
from pulsepoint.brand.facts import Note
from pulsepoint.brand.vocabulary import NoteKind
from pulsepoint.errors import PermanentError
from pulsepoint.metrics.catalog import UnknownMetric, dimensions_of, metric, sums_of
from pulsepoint.metrics.definitions import GUESSED_CUSTOMERS, Metric
from pulsepoint.metrics.evaluating import Evaluator, Group, has_currency, other_currencies
from pulsepoint.metrics.measurement import Basis, Breakdown, Excluded, MeasuredRow, Measurement
from pulsepoint.metrics.quarantined_days import QuarantinedDay, notes_of
from pulsepoint.metrics.sources import DAY
from pulsepoint.metrics.statements import Part
from pulsepoint.values import Row

Key = tuple[Any, ...]


@dataclass(slots=True)
class Claims:
    """The platforms and attribution windows whose claims fell into one group."""

    platforms: set[str] = field(default_factory=set)
    windows: set[str] = field(default_factory=set)

    def refuse_mixed(self, name: str) -> None:
        """Raise `PermanentError` where a sum over them means nothing."""
        if len(self.platforms) > 1:
            raise PermanentError(
                f"{name}: what several platforms claim is not added up; break it down by channel",
                reason="mixed_platforms",
            )
        if len(self.windows) > 1:
            windows = ", ".join(sorted(self.windows))
            raise PermanentError(
                f"{name}: claims under several attribution windows are not added up ({windows})",
                reason="mixed_windows",
            )


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a row has a sum, its place in a group, and whether the row says what currency it is in."""

    name: str
    place: int
    is_money: bool


@dataclass(slots=True)
class Collected:
    """A breakdown and its groups so far; `columns` are the sums of a row by source, `keys` its dimensions.

    `wholes` names the sum that each sum of money is a part of: its money in other currencies is told once. `guessed` is
    the place of the sum that says how much of new customers is a guess, None where they are not asked for.
    `is_plain`: its sums are of one source and not of money, so each row is a group already, of all currencies.
    """

    request: Breakdown
    evaluators: dict[str, Evaluator]
    parts: list[Part]
    keys: tuple[str, ...]
    columns: dict[str, list[_Column]]
    money: dict[str, int]
    wholes: dict[str, str | None]
    guessed: int | None
    width: int
    is_plain: bool
    groups: dict[Key, Group] = field(default_factory=dict)
    claims: dict[Key, Claims] = field(default_factory=dict)
    zones: set[str] = field(default_factory=set)
    left_out: set[QuarantinedDay] = field(default_factory=set)

    @classmethod
    def of(cls, request: Breakdown) -> Collected:
        """Nothing collected yet; raises `UnknownMetric` for metrics and dimensions that are not there."""
        definitions = {name: metric(name) for name in request.metrics}
        _check_dimensions(definitions.values(), [*request.by, *request.where])
        sums = {part.name: part for name in definitions for part in sums_of(name)}
        if any(each.source == "customers" for each in sums.values()):
            sums |= {GUESSED_CUSTOMERS: sums_of(GUESSED_CUSTOMERS)[0]}
        places = {name: place for place, name in enumerate(sums)}
        guessed = places.get(GUESSED_CUSTOMERS)
        evaluators = {name: Evaluator.of(each, places) for name, each in definitions.items()}
        parts = [
            Part(
                source,
                tuple(each for each in sums.values() if each.source == source),
                tuple(request.by),
                request.period,
                request.where,
            )
            for source in sorted({part.source for part in sums.values()})
        ]
        columns = {
            part.source: [
                _Column(f"sum_{number}", places[each.name], has_currency(each)) for number, each in enumerate(part.sums)
            ]
            for part in parts
        }
        money = {name: places[name] for name, each in sums.items() if has_currency(each)}
        wholes = {name: sums[name].part_of for name in money}
        keys = tuple(f"key_{place}" for place in range(len(request.by)))
        groups: dict[Key, Group] = {} if request.by else {(): [None] * len(sums)}
        plain = bool(request.by) and len(parts) == 1 and not money and parts[0].source != "ads"
        return cls(request, evaluators, parts, keys, columns, money, wholes, guessed, len(sums), plain, groups)

    def add(self, row: Row, part: Part) -> None:
        """Take in one row of a part."""
        key = tuple([row[column] for column in self.keys])
        if self.is_plain:
            self.groups[key] = [row[column.name] for column in self.columns[part.source]]
            return
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = [None] * self.width
        for column in self.columns[part.source]:
            value = row[column.name]
            if value is None:
                continue
            if not column.is_money:
                group[column.place] = (group[column.place] or 0) + int(value)
            elif group[column.place] is None:
                group[column.place] = {row["money"]: int(value)}
            else:
                group[column.place][row["money"]] = int(value)
        if part.source == "ads":
            self._add_ads(key, row)

    def leave_out(self, row: Row) -> None:
        """Take in a row of a quarantined day, where spend of such a day was asked for."""
        quarantined = QuarantinedDay(date.fromisoformat(row["key_0"]), row["key_1"], row["key_2"], row["money"])
        period = self.request.period
        reads_spend = any(part.source == "ads" for part in self.parts)
        if reads_spend and period.start <= quarantined.day <= period.end and quarantined.is_within(self.request.where):
            self.left_out.add(quarantined)

    def _add_ads(self, key: Key, row: Row) -> None:
        if row["other_zone"] is not None:
            self.zones.add(row["other_zone"])
        if "first_window" in row:
            claims = self.claims.setdefault(key, Claims())
            claims.windows |= {row["first_window"], row["last_window"]} - {None}
            claims.platforms |= {row["first_platform"], row["last_platform"]} - {None}

    def measurement(self, basis: Basis, requested: str | None) -> Measurement:
        """The numbers of every group, in the order of their dimensions."""
        by, where = self.request.by, self.request.where
        code = requested if "currency" in by or "currency" in where else self._currency(requested)
        code = where.get("currency", code)
        days = [place for place, name in enumerate(by) if name == DAY]
        readers = [(name, each.reader()) for name, each in self.evaluators.items()]
        rows: list[MeasuredRow] = []
        excluded: list[Excluded] = []
        for key in _ordered(self.groups):
            group, at = self.groups[key], dict(zip(by, key, strict=True))
            for place in days:
                at[DAY] = date.fromisoformat(key[place])
            own = at.get("currency", code)
            if self.claims:
                self._refuse_mixed_claims(key)
            values = {name: read(group, own) for name, read in readers}
            if not self.money:
                rows.append(MeasuredRow(at, values, own, _NONE, basis))
                continue
            rows.append(MeasuredRow(at, values, own, self._others(group, own), basis))
            excluded.extend(self._excluded(group, at, own))
        left_out = tuple(sorted(self.left_out, key=lambda each: (each.day, each.platform, each.account_id)))
        notes = notes_of(left_out, sorted(self.zones), basis.settings.timezone)
        guessed = self._guessed()
        if not guessed:
            return Measurement(tuple(rows), code, tuple(excluded), notes, basis.as_of, left_out)
        note = Note(kind=NoteKind.CUSTOMERS_GUESSED, figures={"guessed": figures.count(guessed)})
        partial = tuple(name for name in self.evaluators if any(part.source == "customers" for part in sums_of(name)))
        return Measurement(tuple(rows), code, tuple(excluded), (*notes, note), basis.as_of, left_out, guessed, partial)

    def _guessed(self) -> int:
        """New customers of whom only the first order that is known says so."""
        place = self.guessed
        return 0 if place is None else sum(group[place] or 0 for group in self.groups.values())

    def _refuse_mixed_claims(self, key: Key) -> None:
        claims = self.claims.get(key)
        if claims is not None:
            for each in self.evaluators.values():
                if each.claimed:
                    claims.refuse_mixed(each.metric.name)

    def _others(self, group: Group, own: str | None) -> Mapping[str, str | None]:
        """The currencies of the ratios that are computed in another one than the row's."""
        codes = {name: each.currency(group, own) for name, each in self.evaluators.items() if each.is_in_own_currency}
        return {name: code for name, code in codes.items() if code != own} or _NONE

    def _excluded(self, group: Group, at: Mapping[str, object], code: str | None) -> Iterable[Excluded]:
        for name, place in self.money.items():
            if self.wholes[name] not in self.money:
                for other, value in sorted(other_currencies(group[place], code).items(), key=str):
                    yield Excluded(at, name, other, value)

    def _currency(self, requested: str | None) -> str | None:
        """The currency of the answer; raises when none was request for and there are several."""
        if requested is not None:
            return requested
        present = {
            code
            for group in self.groups.values()
            for place in self.money.values()
            for code, value in (group[place] or {}).items()
            if value
        }
        if len(present) > 1:
            listed = ", ".join(sorted(map(str, present)))
            raise PermanentError(
                f"money in several currencies is not added up ({listed}): name one", reason="mixed_currencies"
            )
        return next(iter(present), None)


_NONE: Mapping[str, str | None] = {}


def _check_dimensions(definitions: Iterable[Metric], dimensions: Iterable[str]) -> None:
    for each in definitions:
        for dimension in dimensions:
            if dimension not in dimensions_of(each.name):
                allowed = ", ".join(sorted(dimensions_of(each.name))) or "none"
                raise UnknownMetric(f"{each.name} cannot be broken down by {dimension!r}, only by: {allowed}")


def _ordered(keys: Iterable[Key]) -> list[Key]:
    """By their values as text, None last."""
    try:
        return sorted(keys)
    except TypeError:
        return sorted(keys, key=lambda key: tuple((value is None, value or "") for value in key))
