"""Reading, finding and writing documents, and what happens to those that meet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pulsepoint.errors import Conflict, LimitExceeded, MalformedInput
from pulsepoint.ports.document_store import (
    FILTERS,
    Commit,
    Document,
    DocumentStore,
    Transaction,
    Write,
)
from pulsepoint.tenancy import TenantContext
from tests.contract.suites.document_steps import (
    DocumentStoreFixtures,
    new_scope,
    put,
    read,
)


def nested(depth: int) -> dict[str, Any]:
    return {"in": nested(depth - 1)} if depth else {}


class DocumentReadingSuite(DocumentStoreFixtures):
    """Reads return what was written, and nothing that was read changes unseen."""

    async def test_a_document_is_read_as_written_and_counts_its_commits(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        data = {"total": 12_345_678_901_234, "lines": [{"sku": "A"}], "paid": True, "note": None, "rate": 0.1}
        # What engines with types of their own find hard: 64 bits without a sign, lists in lists, odd names, depth.
        data |= {"most": 2**64 - 1, "grid": [[1, [2]], []], "": 0, "__x__": {"a.b": {"`": 1}}, "deep": nested(40)}
        await put(store, scope, "1", data)
        assert await read(store, scope, "1") == Document("orders", "1", 1, data)
        await put(store, scope, "1", {"total": 2})
        assert await read(store, scope, "1") == Document("orders", "1", 2, {"total": 2})

    async def test_an_absent_or_deleted_document_is_none(self, store: DocumentStore, scope: TenantContext) -> None:
        assert await read(store, scope, "1") is None
        await put(store, scope, "1", {})
        await put(store, scope, "1", None)
        assert await read(store, scope, "1") is None

    async def test_many_come_in_the_order_asked(self, store: DocumentStore, scope: TenantContext) -> None:
        await put(store, scope, "1", {"n": 1})
        await put(store, scope, "2", {"n": 2}, collection="refunds")
        documents: list[Document | None] = []

        async def work(transaction: Transaction) -> Commit:
            documents[:] = await transaction.get_many([("refunds", "2"), ("orders", "9"), ("orders", "1")])
            assert await transaction.get_many([]) == []
            return Commit()

        await store.transact(scope, work)
        assert [document and document.data["n"] for document in documents] == [2, None, 1]

    async def test_text_of_any_script_survives(self, store: DocumentStore, scope: TenantContext) -> None:
        data = {"näme": "Zürich ☕ 東京 🧦 עברית \u200d\u2028", "escapes": '"\\\\u0000\t'}
        await put(store, scope, "größe/🧦", data)
        document = await read(store, scope, "größe/🧦")
        assert document is not None
        assert document.data == data

    async def test_what_json_cannot_hold_is_refused_as_malformed(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        for wrong in ({"a": "\0"}, {"a\0": 1}, {"a": [{"b": "x\0y"}]}, {"a": "\ud800"}, {"a": object()}, {"a": {1: 2}}):
            with pytest.raises(MalformedInput):
                await put(store, scope, "1", wrong)
        for wrong_id in ("", "a\0b", "__reserved__"):
            with pytest.raises(MalformedInput):
                await put(store, scope, wrong_id, {})
        assert await read(store, scope, "1") is None

    async def test_find_gives_matching_documents_by_id(self, store: DocumentStore, scope: TenantContext) -> None:
        # By UTF-8: U+FB00 comes before the sock, whose UTF-16 would come first; "." and "/" before digits.
        ids = ["/", "B", "a", "ä", "a.b", "a/b", "a0", "\ufb00", "🧦"]
        for id, reason in (*((id, "open") for id in ids), ("c", "closed")):
            await put(store, scope, id, {"reason": reason})
        await put(store, scope, "0", {"reason": "open"}, collection="others")
        await put(store, new_scope(), "1", {"reason": "open"})
        seen: dict[str, list[str]] = {}

        async def work(transaction: Transaction) -> Commit:
            seen["open"] = [document.id for document in await transaction.find("orders", {"reason": "open"})]
            seen["all"] = [document.id for document in await transaction.find("orders")]
            seen["page"] = [document.id for document in await transaction.find("orders", limit=2, after="a")]
            seen["rest"] = [document.id for document in await transaction.find("orders", {"reason": "open"}, after="c")]
            return Commit()

        await store.transact(scope, work)
        assert seen == {
            "open": sorted(ids),
            "all": sorted([*ids, "c"]),
            "page": ["a.b", "a/b"],
            "rest": ["ä", "\ufb00", "🧦"],
        }

    async def test_find_takes_several_fields_of_any_length(self, store: DocumentStore, scope: TenantContext) -> None:
        long = "x" * 2_000
        for id, data in (
            ("1", {"reason": "open", "shop": long}),
            ("2", {"reason": "open", "shop": f"{long}y"}),
            ("3", {"reason": "shut", "shop": long}),
            ("4", {"reason": "open"}),
            ("5", {"reason": ["open"], "shop": long}),
        ):
            await put(store, scope, id, data)
        ids: list[str] = []

        async def work(transaction: Transaction) -> Commit:
            ids[:] = [document.id for document in await transaction.find("orders", {"reason": "open", "shop": long})]
            return Commit()

        await store.transact(scope, work)
        assert ids == ["1"]
        await put(store, scope, "1", {"reason": "open"})
        await store.transact(scope, work)
        assert ids == []

    async def test_documents_are_not_found_by_fields_that_are_not_indexed(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        assert "state" not in FILTERS

        async def work(transaction: Transaction) -> Commit:
            await transaction.find("orders", {"state": "open"})
            return Commit()

        with pytest.raises(LimitExceeded, match="state"):
            await store.transact(scope, work)

    # Conflicts

    async def disturbed(
        self, store: DocumentStore, scope: TenantContext, disturb: Callable[[], Awaitable[Any]], by: str = "get"
    ) -> list[Any]:
        """The values a transaction read on each run when `disturb` committed after its first read."""
        runs: list[Any] = []

        async def work(transaction: Transaction) -> Commit:
            if by == "get":
                document = await transaction.get("orders", "1")
            else:
                document = next(iter(await transaction.find("orders")), None)
            runs.append(document and document.data)
            if len(runs) == 1:
                await disturb()
            return Commit(writes=[Write("orders", "2", {"saw": runs[-1]})])

        await store.transact(scope, work)
        return runs

    @pytest.mark.parametrize("by", ["get", "find"])
    async def test_work_runs_again_when_what_it_read_has_changed(
        self, store: DocumentStore, scope: TenantContext, by: str
    ) -> None:
        await put(store, scope, "1", {"n": 1})
        assert await self.disturbed(store, scope, lambda: put(store, scope, "1", {"n": 2}), by) == [{"n": 1}, {"n": 2}]

    async def test_work_runs_again_when_an_absent_document_has_appeared(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        assert await self.disturbed(store, scope, lambda: put(store, scope, "1", {"n": 1})) == [None, {"n": 1}]

    async def test_work_runs_again_when_a_document_was_deleted_and_made_anew(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        await put(store, scope, "1", {"n": 1})

        async def replace() -> None:
            await put(store, scope, "1", None)
            await put(store, scope, "1", {"n": 2})

        assert await self.disturbed(store, scope, replace) == [{"n": 1}, {"n": 2}]

    async def test_other_documents_do_not_disturb(self, store: DocumentStore, scope: TenantContext) -> None:
        assert await self.disturbed(store, scope, lambda: put(store, scope, "3", {})) == [None]

    async def test_two_that_read_what_the_other_writes_do_not_both_commit_blindly(
        self, store: DocumentStore, scope: TenantContext
    ) -> None:
        async def cross(pair: int, own: str, other: str, both_have_read: asyncio.Barrier) -> None:
            first = True

            async def work(transaction: Transaction) -> Commit:
                nonlocal first
                seen = await transaction.get("orders", f"{pair}{other}")
                if first:
                    first = False
                    await both_have_read.wait()
                return Commit(writes=[Write("orders", f"{pair}{own}", {"other_was_there": seen is not None})])

            await store.transact(scope, work)

        # Many rounds: without a guard the two commits must meet within a millisecond to go wrong.
        for pair in range(60):
            met = asyncio.Barrier(2)
            await asyncio.gather(cross(pair, "a", "b", met), cross(pair, "b", "a", met))
            documents = [await read(store, scope, f"{pair}{name}") for name in "ab"]
            assert sorted(document.data["other_was_there"] for document in documents if document) == [False, True]

    async def test_no_increment_is_lost(self, store: DocumentStore, scope: TenantContext) -> None:
        async def increment(transaction: Transaction) -> Commit:
            document = await transaction.get("orders", "1")
            await asyncio.sleep(0)
            return Commit(writes=[Write("orders", "1", {"n": document.data["n"] + 1 if document else 1})])

        await asyncio.gather(*(store.transact(scope, increment, attempts=100) for _ in range(12)))
        assert await read(store, scope, "1") == Document("orders", "1", 12, {"n": 12})

    async def test_endless_conflict_is_raised(self, store: DocumentStore, scope: TenantContext) -> None:
        async def work(transaction: Transaction) -> Commit:
            await transaction.get("orders", "1")
            await put(store, scope, "1", {})
            return Commit(writes=[Write("orders", "2", {})])

        with pytest.raises(Conflict):
            await store.transact(scope, work, attempts=3)
        assert await read(store, scope, "2") is None

    async def test_an_error_in_the_work_writes_nothing(self, store: DocumentStore, scope: TenantContext) -> None:
        async def work(transaction: Transaction) -> Commit:
            raise RuntimeError("in the work")

        with pytest.raises(RuntimeError, match="in the work"):
            await store.transact(scope, work)
