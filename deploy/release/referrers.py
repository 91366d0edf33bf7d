"""Writes attribution's list of public sites anew from Matomo's: `python -m deploy.release.referrers FOLDER`.

FOLDER is a checkout of https://github.com/matomo-org/searchengine-and-social-list (CC0-1.0). Sites are cut to hosts:
`www.` and rows with a path are left out, `{}` stands for a country.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml  # type: ignore[import-untyped]

TARGET = Path(__file__).parents[2] / "services" / "attribution" / "attribution" / "data" / "referrers.csv"
SOURCES = (("AIAssistants.yml", "assistant"), ("SearchEngines.yml", "search"), ("Socials.yml", "social"))
"""Each file of the list with what its sites are; a site that is in two is what the first says."""


def rows_of(folder: Path) -> dict[str, tuple[str, str]]:
    """Kind and name by host, of a checkout."""
    rows: dict[str, tuple[str, str]] = {}
    for file, kind in SOURCES:
        for name, entry in yaml.safe_load((folder / file).read_text(encoding="utf-8")).items():
            for host in _hosts(entry):
                rows.setdefault(host, (kind, str(name)))
    return rows


def _hosts(entry: list[str] | list[dict[str, list[str]]]) -> Iterator[str]:
    for each in entry:
        for url in each["urls"] if isinstance(each, dict) else [each]:
            if "/" not in url:
                yield url.lower().removeprefix("www.")


def main(folder: Path) -> None:
    """Write the file, sorted by host."""
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("site", "kind", "name"))
        writer.writerows((host, *row) for host, row in sorted(rows_of(folder).items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
