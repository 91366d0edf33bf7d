"""Figures and names as people read them, once for API, Slack, e-mail and advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.money import MICROS, to_decimal

DEFAULT_LOCALE = "en"
LONGEST_NAME = 80
UNKNOWN = "–"
_SPANS = ((86_400, "d", "day"), (3_600, "h", "hour"), (60, "min", "minute"), (1, "s", "second"))


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes figures as a locale does (a BCP 47 tag such as `en` or `fr`)."""

    locale: str = DEFAULT_LOCALE

    def number(self, value: Decimal | int, places: int = 0) -> str:
        """A number with `places` decimals: `1,234.50`; halves go to the even neighbour."""
        if self.locale == DEFAULT_LOCALE:
            return f"{value:,.{places}f}"
        from babel.numbers import format_decimal

        return format_decimal(value, format=f"#,##0.{'0' * places}" if places else "#,##0", locale=self._babel)

    def money(self, micros: int, currency: str) -> str:
        """Micros of a currency as `1,234.50 EUR`."""
        return f"{self.number(to_decimal(micros), 2)} {currency}"

    def ratio(self, micros: int) -> str:
        """A ratio such as a ROAS with two decimals, cut towards zero and not rounded; negative ones keep their sign."""
        hundredths = abs(micros) // (MICROS // 100)
        sign = "-" if micros < 0 and hundredths else ""
        return f"{sign}{self.number(Decimal(hundredths).scaleb(-2), 2)}"

    def tenths(self, micros: int) -> str:
        """Days or units a day with one decimal, cut and not rounded; never below zero."""
        return self.number(Decimal(max(micros, 0) // (MICROS // 10)).scaleb(-1), 1)

    def percent(self, whole: int) -> str:
        """`12 %`."""
        return f"{self.number(whole)} %"

    def day(self, day: date) -> str:
        """A calendar day: `2026-11-30`; with a region or in another language as people write it, `30 nov. 2026`."""
        if self.locale == DEFAULT_LOCALE:
            return day.isoformat()
        from babel.dates import format_date

        return format_date(day, format="medium", locale=self._babel)

    def span(self, length: timedelta) -> str:
        """A length of time in its largest whole unit: `3 d`, `5 h`, `12 min`, `40 s`; elsewhere `3 j`."""
        seconds = int(length.total_seconds())
        size, unit, name = next((each for each in _SPANS if seconds >= each[0]), _SPANS[-1])
        if self.locale == DEFAULT_LOCALE:
            return f"{self.number(seconds // size)} {unit}"
        from babel.units import format_unit

        return format_unit(seconds // size, f"duration-{name}", "short", locale=self._babel)

    @property
    def _babel(self) -> str:
        return self.locale.replace("-", "_")

    def figure(self, figure: Figure) -> str:
        """A figure by its unit; a dash where its value is not known."""
        if figure.value is None:
            return UNKNOWN
        match figure.unit:
            case Unit.MONEY:
                return self.money(figure.value, figure.currency or "")
            case Unit.RATIO:
                return self.ratio(figure.value)
            case Unit.DAYS | Unit.MICRO_COUNT:
                return self.tenths(figure.value)
            case Unit.PERCENT:
                return self.percent(figure.value)
            case Unit.COUNT:
                return self.number(figure.value)


def name(text: str, longest: int = LONGEST_NAME) -> str:
    """Untrusted text on one line, without control characters, at most `longest` characters."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
