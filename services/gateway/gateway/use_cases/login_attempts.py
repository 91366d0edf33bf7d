"""Slows whoever guesses a password: one address for one account, longer with each wrong guess.

Never an account alone: its owner could be kept out by anybody who knows an e-mail address.
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pulsepoint.events.envelope import digest_of
from pulsepoint.ports.cache import Cache
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import SYSTEM

FREE_GUESSES = 5
"""Wrong guesses before the first wait; the wait doubles from `FIRST_WAIT` to `LONGEST_WAIT` seconds."""
FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
REMEMBERED = timedelta(days=1)
PEOPLE_AN_ADDRESS = 5
"""An address may try so many times what it may try for one account: an office has one address."""


@dataclass(frozen=True, slots=True)
class LoginAttempts:
    """The attempts from one address to log in to one account, `most` of them in a period of `period_seconds`."""

    cache: Cache
    clock: Clock
    email: str
    address: str
    most: int
    period_seconds: int

    async def wait(self) -> float:
        """Count an attempt; the seconds it has to wait, 0.0 for none."""
        now = self.clock.now().timestamp()
        until = (await self._wrong())[1]
        if until > now:
            return until - now
        limits = ((self._key, self.most), (f"login-from:{self.address}", self.most * PEOPLE_AN_ADDRESS))
        for key, limit in limits:
            wait = await self.cache.allow(key, limit=limit, period_seconds=self.period_seconds)
            if wait:
                return wait
        return 0.0

    async def note_wrong(self) -> None:
        """The password was wrong: the next attempt may have to wait."""
        count = (await self._wrong())[0] + 1
        wait = min(FIRST_WAIT * 2 ** min(count - FREE_GUESSES, 20), LONGEST_WAIT) if count >= FREE_GUESSES else 0.0
        until = self.clock.now().timestamp() + wait
        await self._keep(count, until)

    async def note_right(self) -> None:
        """The password was right: wrong ones of before are forgotten."""
        if (await self._wrong())[0]:
            await self._keep(0, 0.0)

    @property
    def _key(self) -> str:
        return f"login:{digest_of(self.email.encode())}:{self.address}"

    async def _wrong(self) -> tuple[int, float]:
        """The wrong guesses so far, and the moment (seconds since 1970) before which none is heard."""
        kept = await self.cache.get(SYSTEM, self._key)
        if kept is None:
            return 0, 0.0
        count, until = kept.decode().split()
        return int(count), float(until)

    async def _keep(self, count: int, until: float) -> None:
        value = f"{count} {until}".encode()
        await self.cache.set(SYSTEM, self._key, value, ttl_seconds=REMEMBERED.total_seconds())
