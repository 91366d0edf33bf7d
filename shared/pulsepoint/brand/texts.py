"""The catalog of texts: every sentence people read, by id and language, from `locale/<language>/messages.po`.

PO files with `{placeholders}`, plural forms by `msgid_plural` (https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html);
the page's build reads the same files. English is complete; what another language lacks is said in English. Babel is
imported on first use: services that tell people nothing start without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pulsepoint.brand.wording import DEFAULT_LOCALE, UNKNOWN, Wording

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

SHIPPED = Path(__file__).parent / "locale"
"""The folder of the catalogs that ship with the product."""


class UnknownText(KeyError):
    """No text has that id, or it has placeholders that got no value."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language, and the wording of its figures."""

    locale: str
    wording: Wording
    _messages: Mapping[str, tuple[str, ...]] = field(repr=False)
    _plural: Mapping[str, str] = field(repr=False, default_factory=dict)
    _absent: str | None = None

    def with_dashes(self) -> Texts:
        """The same texts, with a dash for each placeholder that gets no value."""
        return replace(self, _absent=UNKNOWN)

    def has(self, text_id: str) -> bool:
        """True where the text is there, in this language or in English."""
        return text_id in self._messages

    def say(
        self, text_id: str, values: Mapping[str, str] | None = None, /, *, count: int | None = None, **more: str
    ) -> str:
        """The text with its placeholders filled by `values` and `more`; `count` chooses the plural form and fills
        `{count}`.

        Values are already worded (`wording.money(…)`), untrusted names among them. Raises `UnknownText`.
        """
        filled = {**(values or {}), **more}
        forms = self._messages.get(text_id)
        if forms is None:
            raise UnknownText(f"no text is named {text_id!r}")
        form = forms[0]
        if count is not None:
            form = forms[min(_plural_index(self._language_of(text_id), count), len(forms) - 1)]
            filled.setdefault("count", self.wording.number(count))
        if self._absent is not None:
            return form.format_map(defaultdict(lambda: str(self._absent), filled))
        try:
            return form.format_map(filled)
        except KeyError as missing:
            raise UnknownText(f"{text_id}: no value for {{{missing.args[0]}}}") from None

    def _language_of(self, text_id: str) -> str:
        return self._plural.get(text_id, self.locale).partition("-")[0]


Said = TypeVar("Said")


def of_any_row(compose: Callable[[Texts], Said], texts: Texts) -> Said:
    """The sentences that `compose` makes; a dash stands for what rows of earlier releases do not hold.

    Raises `UnknownText` for a text that is not there.
    """
    try:
        return compose(texts)
    except UnknownText:
        return compose(texts.with_dashes())


def texts(locale: str = DEFAULT_LOCALE, folder: Path = SHIPPED) -> Texts:
    """The texts of a locale: its language where there is a catalog, with its region's figures and days; else English.

    `folder` holds the catalogs.
    """
    return _texts(negotiate((locale,), folder), folder)


def negotiate(preferred: Iterable[str], folder: Path = SHIPPED) -> str:
    """The first of the locales (`fr-CH`, `fr`) whose language has a catalog, with its region where that is known;
    English where none has."""
    available = languages(folder)
    for locale in preferred:
        language, _, region = locale.replace("_", "-").partition("-")
        if language.lower() in available:
            return _with_region(language.lower(), region.upper())
    return DEFAULT_LOCALE


def accepted(header: str) -> str:
    """The language that an Accept-Language header asks for, of those there are
    (https://www.rfc-editor.org/rfc/rfc9110#name-accept-language)."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), position, tag))
        except ValueError:
            continue
    return negotiate(tag for weight, _, tag in sorted(ranked) if tag and weight < 0)


@cache
def languages(folder: Path = SHIPPED) -> frozenset[str]:
    """The languages that have a catalog."""
    return frozenset(each.name for each in folder.iterdir() if (each / "messages.po").is_file())


def _with_region(language: str, region: str) -> str:
    if not region:
        return language
    from babel.localedata import exists

    return f"{language}-{region}" if exists(f"{language}_{region}") else language


@lru_cache(maxsize=64)
def _texts(locale: str, folder: Path) -> Texts:
    english, language = catalog_of(DEFAULT_LOCALE, folder), locale.partition("-")[0]
    own = english if language == DEFAULT_LOCALE else catalog_of(language, folder)
    borrowed = dict.fromkeys(english.keys() - own.keys(), DEFAULT_LOCALE)
    return Texts(locale, Wording(locale), {**english, **own}, borrowed)


@cache
def catalog_of(language: str, folder: Path = SHIPPED) -> Mapping[str, tuple[str, ...]]:
    """The texts of a language's own catalog by id, each with its plural forms; those left empty are not there."""
    from babel.messages.pofile import read_po

    with (folder / language / "messages.po").open("rb") as file:
        catalog: Catalog = read_po(file, locale=language)
    return dict(_forms(catalog))


def _forms(catalog: Catalog) -> Iterable[tuple[str, tuple[str, ...]]]:
    for message in catalog:
        text_id = message.id[0] if isinstance(message.id, list | tuple) else message.id
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if text_id and all(strings):
            yield str(text_id), tuple(str(string) for string in strings)


def _plural_index(language: str, count: int) -> int:
    from babel.messages.plurals import get_plural

    plural = get_plural(language)
    return int(_plural_rule(str(plural.plural_expr))(abs(count)))


@cache
def _plural_rule(expression: str):  # type: ignore[no-untyped-def]
    from gettext import c2py

    return c2py(expression)
