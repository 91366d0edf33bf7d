"""What is said of an imported file: kind and figures below, a sentence at the edge."""

from __future__ import annotations

import pytest

from file_import.shopify_cells import UnreadableOrder, number
from file_import.tally import Month, Tally
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.sentences import note_text, omission_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import NoteKind, OmissionKind

NAMES = {"column": "Subtotal", "text": "x\x00y", "year": "9999", "currency": "USD", "own": "EUR"}


@pytest.mark.parametrize("kind", OmissionKind)
def test_every_reason_for_leaving_rows_out_has_a_sentence(kind: OmissionKind) -> None:
    said = omission_text(Omission.of(kind, **NAMES), texts())
    assert said
    assert "{" not in said and "\x00" not in said


def test_what_a_cell_lacks_is_a_kind_with_its_column() -> None:
    with pytest.raises(UnreadableOrder, match="Subtotal: 'oops' is no number") as raised:
        number({"subtotal": "oops"}, "subtotal")
    assert raised.value.omission == Omission.of(OmissionKind.NO_NUMBER, column="Subtotal", text="oops")


@pytest.mark.parametrize(("orphans", "said"), [(1, "1 refund is of an order"), (1_234, "1,234 refunds are of orders")])
def test_refunds_of_orders_that_are_not_there_are_a_note_with_their_number(orphans: int, said: str) -> None:
    tally = Tally()
    assert tally.notes() == ()
    tally.months["2026-03"] = Month(orphans=orphans)
    [note] = tally.notes()
    assert (note.kind, note.figures["refunds"].value) == (NoteKind.UNMATCHED_REFUNDS, orphans)
    assert note_text(note, texts()).startswith(f"{said} that this file does not hold")
