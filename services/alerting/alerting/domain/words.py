"""Figures and untrusted names as people read them."""

from __future__ import annotations

from pulsepoint.money import MICROS, to_text

PLATFORMS = {"meta": "Meta", "tiktok": "TikTok", "google": "Google"}


def money(micros: int, currency: str) -> str:
    """`1,234.50 EUR`."""
    return f"{to_text(micros)} {currency}"


def times(micros: int) -> str:
    """A ratio such as a ROAS with two decimals, cut and not rounded up; below zero it reads 0.00."""
    hundredths = max(micros, 0) // (MICROS // 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def tenths(micros: int) -> str:
    """Days or units a day with one decimal, cut and not rounded up."""
    count = max(micros, 0) // (MICROS // 10)
    return f"{count // 10:,}.{count % 10}"


def units(count: int) -> str:
    """`1 unit`, `2 units`."""
    return f"{count:,} unit" if count == 1 else f"{count:,} units"


def clip(text: str, longest: int) -> str:
    """Untrusted text on one line, cut to length."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def platform(code: str) -> str:
    """A platform's own spelling."""
    return PLATFORMS.get(code, code)
