"""Lead times from files as spreadsheets write them."""

from __future__ import annotations

import pytest

from gateway.use_cases.lead_times import lead_times_of_csv
from pulsepoint.errors import MalformedInput


@pytest.mark.rule("STOCK-11")
@pytest.mark.parametrize(
    "text",
    [
        "sku,lead_time_days\nS1,21\nS2,\n",
        "SKU;Lead time (days)\r\nS1;21\r\nS2;\r\n",
        "Variant SKU\tLead time in days\nS1\t21.0\nS2\t\n",
        '"variant_id","days"\n"S1","21,0"\n"S2"\n',
    ],
)
def test_a_file_of_lead_times_is_read_however_a_spreadsheet_wrote_it(text: str) -> None:
    assert lead_times_of_csv(text) == {"S1": 21, "S2": None}


@pytest.mark.parametrize(
    "text", ["", "sku\nS1\n", "lead_time_days\n21\n", "sku,days\nS1,soon\n", "sku,days\nS1,21.5\n"]
)
def test_what_is_no_lead_time_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        lead_times_of_csv(text)
