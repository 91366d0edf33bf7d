"""Money as integer micros of a currency unit; sums never touch floats."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from pulsepoint.errors import MalformedInput

MICROS = 1_000_000
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_digits(currency: str) -> int:
    """Decimals the amounts of a currency are written with: 3 for those ISO 4217 gives three, 2 for all others."""
    return 3 if currency in _THREE_DIGITS else 2


def minor_micros(currency: str) -> int:
    """Micros in a minor unit of a currency: 10,000 in a cent."""
    return 1_000 if currency in _THREE_DIGITS else 10_000


def to_micros(amount: object, *, field: str = "amount") -> int:
    """Micros of a decimal amount given as string, int, float or Decimal.

    A float is read by its shortest decimal form, as JSON wrote it. Raises `MalformedInput` naming
    `field` for null, booleans, text that is no number, infinities and NaN.
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | float | Decimal):
        raise MalformedInput(f"{field}: expected a decimal amount, got {type(amount).__name__}")
    try:
        value = Decimal(str(amount))
        if not value.is_finite():
            raise MalformedInput(f"{field}: expected a decimal amount, got {str(amount)[:40]!r}")
        return int((value * MICROS).to_integral_value(rounding=ROUND_HALF_EVEN))
    except (InvalidOperation, OverflowError):
        raise MalformedInput(f"{field}: expected a decimal amount, got {str(amount)[:40]!r}") from None


def to_decimal(micros: int) -> Decimal:
    """The exact amount in currency units."""
    return Decimal(micros).scaleb(-6)


def to_text(micros: int, *, places: int = 2) -> str:
    """An amount of micros as text with `places` decimals, for people."""
    return f"{to_decimal(micros):,.{places}f}"


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to non-negative integer `weights`, so that the parts add up to it exactly.

    Largest remainder: each part is floored in magnitude, the units left over go to the largest
    remainders, earlier parts first on ties. Works for negative totals (refunds) by symmetry.
    Raises `ValueError` when there are no weights or they sum to zero.
    """
    scale = sum(weights)
    if scale <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign, magnitude = (-1, -total) if total < 0 else (1, total)
    parts = [magnitude * weight // scale for weight in weights]
    left = magnitude - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(magnitude * weights[i] % scale), i))
    for index in by_remainder[:left]:
        parts[index] += 1
    return [sign * part for part in parts]
