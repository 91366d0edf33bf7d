"""The settings of a person that they choose for themselves."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from gateway.domain.identity import Person
from gateway.ports import Commands
from pulsepoint.errors import AccessDenied
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome, Reader


async def choose_language(person: Person, locale: str | None, commands: Commands) -> Person:
    """The person with the language (a tag such as `fr-CH`) that they read sentences in; None: no choice of theirs.

    Raises `AccessDenied` for somebody who is no longer there.
    """

    async def work(reader: Reader) -> Outcome:
        user = await reader.get("users", str(person.user_id))
        if user is None:
            raise AccessDenied
        return Outcome(writes=[Write("users", user.id, {**user.data, "locale": locale})])

    await commands.execute(person.scope, work, dedup_key=uuid4())
    return replace(person, locale=locale)
