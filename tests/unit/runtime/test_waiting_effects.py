from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pulsepoint.ports.document_store import MAX_CAUSES, StoredEffect
from pulsepoint.runtime.waiting import CLOSING, WaitingEffects
from pulsepoint.tenancy import TenantContext

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCOPE = TenantContext(uuid4(), uuid4())


def effect(seconds: float = 60.0, key: str = "tick") -> StoredEffect:
    return StoredEffect(SCOPE, "assess", key, NOW + timedelta(seconds=seconds), {})


def requested_often(stored: StoredEffect) -> WaitingEffects:
    waiting = WaitingEffects()
    waiting.note([stored], [stored])
    for _ in range(MAX_CAUSES - 1):
        waiting.note([stored], [])
    return waiting


def test_an_effect_with_all_its_causes_is_known_to_wait() -> None:
    assert requested_often(effect()).holds(effect(), NOW)


def test_another_key_or_another_brand_is_not() -> None:
    waiting = requested_often(effect())
    assert not waiting.holds(effect(key="other"), NOW)
    foreign = StoredEffect(TenantContext(SCOPE.tenant_id, uuid4()), "assess", "tick", NOW, {})
    assert not waiting.holds(foreign, NOW)


def test_it_is_asked_for_until_it_has_all_its_causes() -> None:
    waiting = WaitingEffects()
    waiting.note([effect()], [effect()])
    for _ in range(MAX_CAUSES - 2):
        waiting.note([effect()], [])
        assert not waiting.holds(effect(), NOW)
    waiting.note([effect()], [])
    assert waiting.holds(effect(), NOW)


@pytest.mark.parametrize("left", [CLOSING, timedelta(0), timedelta(seconds=-5)])
def test_shortly_before_it_is_due_it_is_asked_for_anew(left: timedelta) -> None:
    waiting = requested_often(effect())
    assert not waiting.holds(effect(), effect().due_at - left)


def test_what_waited_before_is_not_known_since_nobody_said_when_it_is_due() -> None:
    waiting = WaitingEffects()
    for _ in range(3 * MAX_CAUSES):
        waiting.note([effect()], [])
    assert not waiting.holds(effect(), NOW)


def test_one_stored_anew_is_due_when_the_new_one_is() -> None:
    waiting = requested_often(effect(seconds=10))
    later = effect(seconds=100)
    assert not waiting.holds(later, NOW + timedelta(seconds=50))
    waiting.note([later], [later])
    for _ in range(MAX_CAUSES):
        waiting.note([later], [])
    assert waiting.holds(later, NOW + timedelta(seconds=50))
