"""Changes of an order after it was sold, and their moments: a function of the set of its snapshots.

The first snapshot is what was sold with the order. What differs in a later snapshot was changed by an edit or an
exchange: on the moment an `orders/edited` commits where its shares of the change are named, else on the clock of the
first snapshot that shows it (https://shopify.dev/docs/api/webhooks, orders/edited). A price or discount that differs
without an edit is a correction of what was sold. Snapshots of files are left out: they do not know all lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict

from pulsepoint.events.envelope import Event, digest_of
from pulsepoint.events.orders import OrderEditCommitted, OrderRecorded
from pulsepoint.metrics.revenue import EPOCH, MICROSECOND, OrderChange

CLOCK_GRAIN = 5_000_000
"""Microseconds by which an edit's own clock may be ahead of its order's: both are sent in whole seconds."""
KEY_LENGTH = 16
"""Hex digits that tell the few contents of one order apart."""


class Line(NamedTuple):
    """One line of a snapshot: what is in the order, and what an edit took out of it before; micros without tax."""

    line_id: str
    quantity: int
    gross: int
    discount: int
    removed: int
    removed_gross: int
    removed_discount: int

    def plus(self, other: Line) -> Line:
        """Two rows of one line, as one."""
        return Line(self.line_id, *(mine + theirs for mine, theirs in zip(self[1:], other[1:], strict=True)))


NOTHING = Line("", 0, 0, 0, 0, 0, 0)
WITH_ORDER = -1
"""The moment of what was sold with the order, whatever its day."""


class Snapshot(NamedTuple):
    """A snapshot of an order: its rank among those of the same clock, and the key of its content."""

    precedence: int
    digest: str
    content: str

    @classmethod
    def of(cls, stored: str) -> Snapshot:
        """The snapshot as the document has it."""
        precedence, digest, content = stored.split(":")
        return cls(int(precedence), digest, content)


class Edit(NamedTuple):
    """A committed edit: its rank, its moment in microseconds since 1970 and the pieces it added (negative: removed)."""

    precedence: int
    digest: str
    committed: int
    pieces: tuple[tuple[str, int], ...]


class History(BaseModel):
    """The snapshots of one order by clock (microseconds since 1970), their contents by key, and its edits by id.

    Merging is commutative. Every order carries one, so snapshots and contents are texts: a document with them is read
    and written for a few microseconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    snapshots: dict[str, str] = {}
    contents: dict[str, str] = {}
    edits: dict[str, Edit] = {}

    def with_order(self, event: Event[OrderRecorded]) -> History:
        """After a snapshot; of two with one clock the higher ranked stays."""
        text = orjson.dumps(sorted(_lines(event.payload))).decode()
        snapshot = Snapshot(event.precedence, event.digest[:KEY_LENGTH], digest_of(text.encode())[:KEY_LENGTH])
        clock = str(event.version)
        other = Snapshot.of(self.snapshots[clock]) if clock in self.snapshots else None
        if other is not None and other[:2] >= snapshot[:2]:
            return self
        snapshots = {**self.snapshots, clock: ":".join(map(str, snapshot))}
        contents = {**self.contents, snapshot.content: text}
        if other is not None:
            shown = {Snapshot.of(each).content for each in snapshots.values()}
            contents = {key: each for key, each in contents.items() if key in shown}
        return self.model_copy(update={"snapshots": snapshots, "contents": contents})

    def with_edit(self, event: Event[OrderEditCommitted]) -> History:
        """After an edit was committed."""
        edit = event.payload
        pieces = [*edit.added, *((line_id, -abs(count)) for line_id, count in edit.removed)]
        news = Edit(event.precedence, event.digest[:KEY_LENGTH], event.version, tuple(sorted(pieces)))
        other = self.edits.get(edit.edit_id)
        if other is not None and other[:2] >= news[:2]:
            return self
        return self.model_copy(update={"edits": {**self.edits, edit.edit_id: news}})

    @property
    def is_plain(self) -> bool:
        """True for an order of which every snapshot says the same and no edit is recorded."""
        return len(self.contents) < 2 and not self.edits

    def changes(self) -> tuple[OrderChange, ...]:
        """The changes after the order was sold, by moment and line."""
        if self.is_plain or not self.snapshots:
            return ()
        contents = {key: _by_line(text) for key, text in self.contents.items()}
        clocks = [
            (clock, contents[Snapshot.of(snapshot).content])
            for clock, snapshot in sorted((int(clock), snapshot) for clock, snapshot in self.snapshots.items())
        ]
        edits = sorted(self.edits.values(), key=lambda edit: (edit.committed, edit.pieces))
        moments = _Moments([edit.committed for edit in edits], _counted_anew(clocks))
        changes: list[OrderChange] = []
        for line_id in sorted({line_id for _, lines in clocks for line_id in lines}):
            pieces = [
                _Pieces(edit.committed, count) for edit in edits for name, count in edit.pieces if name == line_id
            ]
            steps = [(clock, lines.get(line_id, NOTHING)) for clock, lines in clocks]
            changes += _changes_of(line_id, _lots(steps, pieces, moments))
        return tuple(sorted(changes, key=lambda change: (change.occurred_at, change.line_id)))


@dataclass(slots=True)
class _Pieces:
    """Pieces of a line that an edit added (negative: removed) and no snapshot was seen to show yet."""

    committed: int
    count: int


@dataclass(slots=True)
class _Lot:
    """The part of a line that came, or went, at one moment."""

    quantity: int = 0
    gross: int = 0
    discount: int = 0

    def add(self, quantity: int, gross: int, discount: int) -> None:
        """Grow by these."""
        self.quantity += quantity
        self.gross += gross
        self.discount += discount


@dataclass(frozen=True, slots=True)
class _Moments:
    """The commits of an order's edits, and the clocks of the snapshots that show other quantities than before."""

    commits: Sequence[int]
    counted_anew: frozenset[int]

    def of_repricing(self, since: int, clock: int) -> int | None:
        """The moment a line's price or discount was changed between two snapshots; None for a correction."""
        within = [commit for commit in self.commits if since < commit <= clock + CLOCK_GRAIN]
        return within[-1] if within else clock if clock in self.counted_anew else None


def _counted_anew(clocks: Sequence[tuple[int, dict[str, Line]]]) -> frozenset[int]:
    counts = [
        (clock, {name: line.quantity for name, line in lines.items() if line.quantity}) for clock, lines in clocks
    ]
    return frozenset(clock for (_, before), (clock, after) in pairwise(counts) if before != after)


def _lots(steps: Sequence[tuple[int, Line]], pieces: Sequence[_Pieces], moments: _Moments) -> dict[int, _Lot]:
    """The part of a line that came or went at each moment; what it was sold with is under `WITH_ORDER`."""
    lots = _opening(*steps[0], pieces)
    for (since, before), (clock, after) in pairwise(steps):
        news = _Lot(after.quantity - before.quantity, after.gross - before.gross, after.discount - before.discount)
        if news.quantity:
            _date(lots, news, clock, pieces)
        elif news.gross or news.discount:
            at = moments.of_repricing(since, clock)
            if at is not None:
                lots.setdefault(at, _Lot()).add(0, news.gross, news.discount)
            else:
                _correct(lots, news, after.quantity)
    return lots


def _opening(clock: int, line: Line, pieces: Sequence[_Pieces]) -> dict[int, _Lot]:
    """The first snapshot, with the edits that it shows already undone, latest first."""
    each = _Lot(line.quantity + line.removed, line.gross + line.removed_gross, line.discount + line.removed_discount)
    lots: dict[int, _Lot] = {}
    quantity, removed = line.quantity, line.removed
    for piece in reversed(pieces):
        if piece.committed > clock + CLOCK_GRAIN:
            continue
        count = min(piece.count, quantity) if piece.count > 0 else -min(-piece.count, removed)
        quantity, removed = quantity - count, removed + min(count, 0)
        if count:
            piece.count -= count
            gross, discount = each.gross * count // each.quantity, each.discount * count // each.quantity
            lots.setdefault(piece.committed, _Lot()).add(count, gross, discount)
    base = _Lot(line.quantity, line.gross, line.discount)
    for lot in lots.values():
        base.add(-lot.quantity, -lot.gross, -lot.discount)
    return {WITH_ORDER: base, **lots}


def _date(lots: dict[int, _Lot], news: _Lot, clock: int, pieces: Sequence[_Pieces]) -> None:
    """Book pieces that came or went at their moments, each for the same part of the amounts."""
    count = gross = discount = 0
    for at, each in _explained(news.quantity, clock, pieces):
        count += each
        due = news.gross * count // news.quantity, news.discount * count // news.quantity
        lots.setdefault(at, _Lot()).add(each, due[0] - gross, due[1] - discount)
        gross, discount = due


def _explained(quantity: int, clock: int, pieces: Sequence[_Pieces]) -> Iterator[tuple[int, int]]:
    """Moments and counts that add up to `quantity`: of the edits so far, where these are all of it, else of the latest
    that go the same way, and of the snapshot's clock for what none of them names.
    """
    due = [piece for piece in reversed(pieces) if piece.count and piece.committed <= clock + CLOCK_GRAIN]
    exact = sum(piece.count for piece in due) == quantity
    for piece in due:
        same_way = min(piece.count, quantity) if quantity > 0 else max(piece.count, quantity)
        count = piece.count if exact else same_way if piece.count * quantity > 0 else 0
        piece.count -= count
        quantity -= count
        if count:
            yield piece.committed, count
    if quantity:
        yield clock, quantity


def _correct(lots: dict[int, _Lot], news: _Lot, quantity: int) -> None:
    """Share what was wrong about a line's amounts out over the moments its pieces came and went at."""
    for at, lot in lots.items():
        if at != WITH_ORDER and quantity:
            gross, discount = news.gross * lot.quantity // quantity, news.discount * lot.quantity // quantity
            lot.add(0, gross, discount)
            lots[WITH_ORDER].add(0, -gross, -discount)
    lots[WITH_ORDER].add(0, news.gross, news.discount)


def _changes_of(line_id: str, lots: Mapping[int, _Lot]) -> Iterator[OrderChange]:
    for at, lot in lots.items():
        if at != WITH_ORDER and (lot.quantity or lot.gross or lot.discount):
            yield OrderChange(EPOCH + at * MICROSECOND, line_id, lot.quantity, lot.gross, lot.discount)


def _lines(order: OrderRecorded) -> Iterator[tuple[str | int, ...]]:
    """The columns of `Line`, a line each."""
    for line in order.lines:
        part = line.removed
        removed = (part.quantity, part.gross_micros, part.discount_micros) if part is not None else (0, 0, 0)
        yield line.line_id, line.quantity, line.gross_micros, line.discount_micros, *removed


def _by_line(text: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for columns in orjson.loads(text):
        line = Line(*columns)
        lines[line.line_id] = lines[line.line_id].plus(line) if line.line_id in lines else line
    return lines
