"""Every language there is names what English names; figures, days and names follow the reader's locale."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from string import Formatter

import pytest

from pulsepoint.brand.sentences.values import channel_name
from pulsepoint.brand.texts import SHIPPED, catalog_of, languages, negotiate, texts
from pulsepoint.brand.wording import Wording

HEADER = """msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"""
ORDERS = """
msgid "amount.orders"
msgid_plural "amount.orders"
msgstr[0] "{count} commande"
msgstr[1] "{count} commandes"
"""
SEARCH = """
msgid "channel.organic_search"
msgstr "Recherche naturelle"
"""


def shelf(folder: Path, french: str) -> Path:
    """A folder of catalogs: the shipped English one, and a French one of these entries."""
    for language, text in (("en", (SHIPPED / "en" / "messages.po").read_text("utf-8")), ("fr", HEADER + french)):
        (folder / language).mkdir()
        (folder / language / "messages.po").write_text(text, "utf-8")
    return folder


def faults(language: str, folder: Path = SHIPPED) -> list[str]:
    """Texts that English does not have, and those that ask for a value which English does not ask for."""
    english = catalog_of("en", folder)
    return [
        text_id
        for text_id, forms in catalog_of(language, folder).items()
        if text_id not in english or not placeholders(forms) <= placeholders(english[text_id])
    ]


def placeholders(forms: tuple[str, ...]) -> set[str]:
    """The names in braces of all plural forms."""
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_names_what_english_names(language: str) -> None:
    assert faults(language) == []


def test_a_wrong_placeholder_or_id_is_found(tmp_path: Path) -> None:
    wrong = f'{ORDERS.replace("{count} commandes", "{number} commandes")}\nmsgid "channel.none"\nmsgstr "Rien"\n'
    assert faults("fr", shelf(tmp_path, wrong)) == ["amount.orders", "channel.none"]


def test_a_french_reader_gets_french_names_and_plurals_and_english_for_the_rest(tmp_path: Path) -> None:
    folder = shelf(tmp_path, ORDERS + SEARCH)
    assert faults("fr", folder) == []
    french = texts("fr-CH", folder)
    assert [french.say("amount.orders", count=count) for count in (0, 1, 2)] == [
        "0 commande",
        "1 commande",
        "2 commandes",
    ]
    assert channel_name("organic_search", french) == "Recherche naturelle"
    assert french.say("amount.units", count=0) == "0 units"


def test_a_region_stays_for_figures_and_days_where_it_is_known(tmp_path: Path) -> None:
    folder = shelf(tmp_path, ORDERS)
    assert [negotiate([tag], folder) for tag in ("fr-CH", "FR_ch", "fr-XX", "fr", "de-AT")] == [
        "fr-CH",
        "fr-CH",
        "fr",
        "fr",
        "en",
    ]
    assert texts("fr-CH", folder).wording == Wording("fr-CH")


@pytest.mark.parametrize(
    ("locale", "day", "span"),
    [
        ("en", "2026-11-30", "3 d"),
        ("en-GB", "30 Nov 2026", "3 days"),
        ("en-US", "Nov 30, 2026", "3 days"),
        ("fr", "30 nov. 2026", "3 j"),
        ("de-AT", "30.11.2026", "3 Tg."),
    ],
)
def test_days_and_spans_are_written_as_the_locale_does(locale: str, day: str, span: str) -> None:
    wording = Wording(locale)
    written = wording.day(date(2026, 11, 30)), wording.span(timedelta(days=3, hours=2)).replace("\u202f", " ")
    assert tuple(each.replace("\xa0", " ") for each in written) == (day, span)
