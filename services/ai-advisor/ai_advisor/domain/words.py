"""Figures as people read them: money with its currency, ratios, days, units, titles cut to length."""

from __future__ import annotations

from pulsepoint.money import MICROS, to_text

LONGEST_NAME = 80
PLATFORMS = {"meta": "Meta", "tiktok": "TikTok", "google": "Google"}


def money(micros: int, currency: str) -> str:
    """`1,234.50 EUR`."""
    return f"{to_text(micros)} {currency}"


def times(micros: int) -> str:
    """A ratio such as a ROAS with two decimals, cut and not rounded up."""
    sign, magnitude = ("-", -micros) if micros < 0 else ("", micros)
    hundredths = magnitude // (MICROS // 100)
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"


def tenths(micros: int) -> str:
    """Days or units a day with one decimal, cut and not rounded up."""
    count = max(micros, 0) // (MICROS // 10)
    return f"{count // 10:,}.{count % 10}"


def units(count: int) -> str:
    """`1 unit`, `2 units`."""
    return f"{count:,} unit" if count == 1 else f"{count:,} units"


def days(count: int) -> str:
    """`1 day`, `2 days`."""
    return f"{count} day" if count == 1 else f"{count} days"


def change(now: int, before: int) -> str:
    """Compares `now` to a positive `before`: `12 % more`, `3 % less`, `as much`."""
    percent = (abs(now - before) * 200 + before) // (2 * before)
    if percent == 0:
        return "as much"
    return f"{percent:,} % {'more' if now > before else 'less'}"


def name(text: str) -> str:
    """Untrusted text on one line, cut to length."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"


def platform(code: str) -> str:
    """A platform's own spelling."""
    return PLATFORMS.get(code, code)
