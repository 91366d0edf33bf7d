"""Effects: pending once, leased, finished or failed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.document_store import (
    Commit,
    DocumentStore,
)
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.document_steps import (
    DocumentStoreFixtures,
    OpenStore,
    an_effect,
    claim,
    commit,
)

KEYS_AND_AGES = (("new", 0), ("oldest", 90), ("older", 30))


class DocumentEffectsSuite(DocumentStoreFixtures):
    """An effect asked for runs, once at a time, until it is finished."""

    async def test_an_effect_is_claimed_when_due_once(
        self, store: DocumentStore, open_store: OpenStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope, due_at=clock.now() + timedelta(seconds=30))
        committed = await commit(store, scope, Commit(effects=[effect]))
        assert list(committed.effects) == [effect]
        assert await claim(store, clock.now()) == []
        assert await claim(store, clock.now() + timedelta(seconds=29)) == []
        assert await claim(open_store(f"other-{uuid4()}"), clock.now() + timedelta(seconds=30)) == []
        assert await claim(store, clock.now() + timedelta(seconds=30)) == [effect]
        assert await claim(store, clock.now() + timedelta(seconds=30)) == []

    async def test_a_lease_that_ran_out_is_claimed_again(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        now = clock.now()
        assert await claim(store, now, lease=60) == [effect]
        assert await claim(store, now + timedelta(seconds=59)) == []
        assert await claim(store, now + timedelta(seconds=60)) == [effect]

    async def test_a_finished_effect_is_gone(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        await claim(store, clock.now())
        await commit(store, scope, Commit(dedup_key=uuid4(), finished_effect=effect))
        assert await claim(store, clock.now() + timedelta(days=9)) == []

    async def test_an_effect_finished_twice_is_gone_too(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect, dedup_key = an_effect(scope), uuid4()
        await commit(store, scope, Commit(dedup_key))
        await commit(store, scope, Commit(effects=[effect]))
        await claim(store, clock.now())
        assert (await commit(store, scope, Commit(dedup_key, finished_effect=effect))).duplicate
        assert await claim(store, clock.now() + timedelta(days=9)) == []

    async def test_only_one_of_a_key_is_pending(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope, data={"n": 1}, due_at=clock.now() + timedelta(seconds=30))
        dropped = an_effect(scope, data={"n": 2}, due_at=clock.now() + timedelta(seconds=40))
        others = [
            an_effect(scope, key="other", due_at=first.due_at),
            an_effect(scope, kind="other", due_at=first.due_at),
            an_effect(TenantContext(scope.tenant_id, uuid4()), due_at=first.due_at),
        ]
        await commit(store, scope, Commit(effects=[first]))
        committed = await commit(store, scope, Commit(effects=[dropped, *others]))
        assert sorted(committed.effects, key=str) == sorted(others, key=str)
        assert sorted(await claim(store, clock.now() + timedelta(days=1)), key=str) == sorted([first, *others], key=str)

    async def test_what_is_asked_for_while_a_run_is_under_way_runs_after_it(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope, data={"n": 1})
        second = an_effect(scope, data={"n": 2}, due_at=clock.now() + timedelta(seconds=1))
        await commit(store, scope, Commit(effects=[first]))
        assert await claim(store, clock.now()) == [first]
        assert list((await commit(store, scope, Commit(effects=[second]))).effects) == [second]
        clock.advance(seconds=1)
        assert await claim(store, clock.now()) == []
        await commit(store, scope, Commit(finished_effect=first))
        assert await claim(store, clock.now()) == [second]

    async def test_a_waiting_effect_keeps_the_first_eight_causes_told(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        for number in (0, 1, 1, *range(2, 12)):
            effect = replace(an_effect(scope), causes=(f"cause {number}",))
            await commit(store, scope, Commit(effects=[effect]))
        (claimed,) = await claim(store, clock.now())
        assert claimed.causes == tuple(f"cause {number}" for number in range(8))

    async def test_an_effect_about_to_run_no_longer_stands_for_new_ones(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        tick = an_effect(scope, due_at=clock.now() + timedelta(seconds=1))
        await commit(store, scope, Commit(effects=[tick]))
        assert await claim(store, clock.now()) == []
        late = an_effect(scope, due_at=clock.now() + timedelta(seconds=30))
        assert list((await commit(store, scope, Commit(effects=[late]))).effects) == [late]
        assert await claim(store, clock.now() + timedelta(seconds=1)) == [tick]
        await commit(store, scope, Commit(finished_effect=tick))
        assert await claim(store, clock.now() + timedelta(seconds=30)) == [late]

    async def test_an_effect_may_ask_for_its_next_run(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        first = an_effect(scope)
        following = an_effect(scope, due_at=clock.now() + timedelta(hours=1))
        await commit(store, scope, Commit(effects=[first]))
        await claim(store, clock.now())
        await commit(store, scope, Commit(finished_effect=first, effects=[following]))
        assert await claim(store, clock.now() + timedelta(hours=1)) == [following]

    async def test_a_failed_effect_waits_and_counts_its_attempts(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        effect = an_effect(scope)
        await commit(store, scope, Commit(effects=[effect]))
        (claimed,) = await claim(store, clock.now())
        later = clock.now() + timedelta(minutes=5)
        await store.postpone_effect(claimed, later)
        assert await claim(store, later - timedelta(seconds=1)) == []
        (again,) = await claim(store, later)
        assert (again.attempts, again.due_at, again.data, again.causes) == (1, later, effect.data, effect.causes)

    async def test_a_failed_effect_takes_in_what_was_asked_for_meanwhile(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await commit(store, scope, Commit(effects=[an_effect(scope, data={"n": 1})]))
        (claimed,) = await claim(store, clock.now())
        await commit(store, scope, Commit(effects=[an_effect(scope, data={"n": 2})]))
        later = clock.now() + timedelta(minutes=5)
        await store.postpone_effect(claimed, later)
        assert await claim(store, clock.now() + timedelta(minutes=1)) == []
        assert [(effect.data, effect.attempts) for effect in await claim(store, later)] == [({"n": 2}, 1)]

    async def test_effects_come_by_due_time_up_to_the_limit(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        due = [an_effect(scope, key=key, due_at=clock.now() - timedelta(seconds=ago)) for key, ago in KEYS_AND_AGES]
        await commit(store, scope, Commit(effects=due))
        assert [effect.key for effect in await claim(store, clock.now(), limit=2)] == ["oldest", "older"]
        assert [effect.key for effect in await claim(store, clock.now(), limit=2)] == ["new"]

    async def test_rivals_never_claim_the_same_effect(
        self, store: DocumentStore, scope: TenantContext, clock: FixedClock
    ) -> None:
        await commit(store, scope, Commit(effects=[an_effect(scope, key=str(number)) for number in range(40)]))
        claims = await asyncio.gather(*(claim(store, clock.now(), limit=10) for _ in range(8)))
        keys = [effect.key for claimed in claims for effect in claimed]
        assert len(keys) == len(set(keys))
        rest = await claim(store, clock.now(), limit=40)
        assert len(keys) + len(rest) == 40
