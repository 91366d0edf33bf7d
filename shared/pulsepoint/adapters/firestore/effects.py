"""One document holds a key's pending and its running effect, so that every step changes one document.

`wakes_at` is when the document next has something to claim: shortly before the pending effect is due, or, while one
runs, when its lease ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
from google.cloud.firestore_v1.types import Document as Stored
from google.cloud.firestore_v1.types import Value, Write

from pulsepoint.adapters.document_rules import CLOSING, encode_json, with_causes
from pulsepoint.adapters.firestore.fields import drop, put, text, timestamp, unchanged_since
from pulsepoint.adapters.firestore.paths import Paths, scope_of
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class EffectState:
    """The state under one effect's key, read when the document was last updated at `seen` (None: absent)."""

    name: str
    seen: datetime | None = None
    pending: StoredEffect | None = None
    running: StoredEffect | None = None
    lease_until: datetime | None = None

    def finished(self, effect: StoredEffect) -> EffectState:
        """Without the run of `effect`; one whose lease was lost may be pending again."""
        if self.running is not None:
            return replace(self, running=None, lease_until=None)
        if self.pending is not None and self.pending.due_at == effect.due_at:
            return replace(self, pending=None)
        return self

    def requested(self, effect: StoredEffect) -> EffectState:
        """With `effect` pending; one that is pending already stands for it and takes its causes in."""
        return replace(self, pending=with_causes(self.pending, effect.causes) if self.pending else effect)

    def claimed(self, now: datetime, lease: timedelta) -> EffectState:
        """With a lease on what is due: a run that did not end in its time, else the pending effect.

        One due within `CLOSING` is closed as well, leased until it is due.
        """
        effect = self.running or self.pending
        assert effect is not None
        until = now + lease if effect.due_at <= now else effect.due_at
        return replace(self, pending=self.pending if self.running else None, running=effect, lease_until=until)

    def postponed(self, effect: StoredEffect, due_at: datetime) -> EffectState:
        """With the run of `effect` failed and due again; what was asked for meanwhile joins it, with its data."""
        again = replace(self.pending or effect, due_at=due_at, attempts=effect.attempts + 1)
        return replace(self, pending=again, running=None, lease_until=None)

    def wakes_at(self) -> datetime | None:
        """When there is something to claim next, if ever."""
        if self.running is not None:
            return self.lease_until
        return self.pending.due_at - CLOSING if self.pending else None

    def write(self, service: str) -> Write:
        """This state stored, if nothing else was stored since it was read."""
        wakes_at = self.wakes_at()
        if wakes_at is None:
            return drop(self.name, unchanged_since(self.seen))
        fields = {"service": text(service), "wakes_at": timestamp(wakes_at)}
        if self.pending is not None:
            fields["pending"] = _encoded(self.pending)
        if self.running is not None and self.lease_until is not None:
            fields |= {"running": _encoded(self.running), "lease_until": timestamp(self.lease_until)}
        return put(self.name, fields, unchanged_since(self.seen))

    def without_causes(self) -> EffectState:
        """The fields that decide which effect runs when."""
        return replace(self, pending=replace(self.pending, causes=()) if self.pending else None)


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """The changes of one commit to effects.

    `changed` is written with it. `imminent` (name -> `seen`) may be claimed any moment and must still be pending when
    it is committed, or would run without it. `joined` takes in causes only. `stored` are those newly pending.
    """

    changed: Sequence[EffectState] = ()
    joined: Sequence[EffectState] = ()
    imminent: Mapping[str, datetime | None] = field(default_factory=dict)
    stored: Sequence[StoredEffect] = ()


NO_EFFECTS = EffectPlan()


def plan_effects(
    paths: Paths,
    states: Mapping[str, EffectState],
    finished: StoredEffect | None,
    requested: Sequence[StoredEffect],
    now: datetime,
) -> EffectPlan:
    """The plan of a commit that finishes one effect and asks for others; of several of one key the first counts."""
    after = dict(states)
    if finished is not None:
        name = paths.effect(finished)
        after[name] = after[name].finished(finished)
    stored = []
    for name, effect in {paths.effect(effect): effect for effect in reversed(requested)}.items():
        stored += [effect] if after[name].pending is None else []
        after[name] = after[name].requested(effect)
    changed = [state for name, state in after.items() if state.without_causes() != states[name].without_causes()]
    waiting = [state for state in after.values() if state not in changed]
    return EffectPlan(
        changed,
        [state for state in waiting if state != states[state.name]],
        {s.name: s.seen for s in waiting if s.pending is not None and s.pending.due_at - CLOSING <= now},
        tuple(stored),
    )


def state_of(name: str, stored: Stored | None) -> EffectState:
    """The state in a document, or of one that is absent."""
    if stored is None:
        return EffectState(name)
    scope = scope_of(name)
    fields = stored.fields
    return EffectState(
        name,
        stored.update_time,
        pending=_decoded(scope, fields["pending"]) if "pending" in fields else None,
        running=_decoded(scope, fields["running"]) if "running" in fields else None,
        lease_until=fields["lease_until"].timestamp_value if "lease_until" in fields else None,
    )


def _encoded(effect: StoredEffect) -> Value:
    data = encode_json(effect.data, f"effect {effect.kind}")
    head = [effect.kind, effect.key, effect.due_at, effect.attempts, effect.causes]
    return Value(bytes_value=orjson.dumps([*head, orjson.Fragment(data)]))


def _decoded(scope: TenantContext, value: Value) -> StoredEffect:
    kind, key, due_at, attempts, causes, data = orjson.loads(value.bytes_value)
    return StoredEffect(scope, kind, key, datetime.fromisoformat(due_at), data, tuple(causes), attempts)
