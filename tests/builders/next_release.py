"""The next release, in which `OrderRecorded` has one more field: run by those services that were released.

A copy of the kernel is patched as the recipe for a field says: a default, the next SCHEMA, a step, a column. Processes
that have `folder` on their path run a `sitecustomize` first, which puts the copy before the kernel where the
process's service has been released.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.instance_process import ROOT

FIELD = "gift_note"
TYPE = '    TYPE: ClassVar[str] = "order.recorded"\n'
STEPS = "MappingProxyType(\n    {\n"
COLUMNS = "  order_id STRING NOT NULL, name STRING, currency STRING,"
PATCHES = {
    "events/orders.py": (TYPE, f'{TYPE}    SCHEMA: ClassVar[int] = 2\n    {FIELD}: str = "of the next release"\n'),
    "warehouse/sql/tables.sql": (COLUMNS, f"  {FIELD} STRING,\n{COLUMNS}"),
    "events/upcasting.py": (STEPS, f'{STEPS}        ("order.recorded", 1): with_defaults,\n'),
}
CHOOSE = """
import os, sys
from pathlib import Path

folder = Path(__file__).parent
for flag in (folder / "released").iterdir():
    if f"{flag.name.replace('-', '_')}.main:app" in sys.orig_argv:
        sys.path.insert(0, str(folder / "kernel"))
        (folder / "ran" / f"{flag.name}.{os.getpid()}").touch()
"""


class NextRelease:
    """Which services run the next release from their next start on; `folder` must not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("released", "ran"):
            (folder / name).mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(CHOOSE)
        copy = folder / "kernel" / "pulsepoint"
        shutil.copytree(ROOT / "shared" / "pulsepoint", copy, ignore=shutil.ignore_patterns("__pycache__"))
        for file, (before, after) in PATCHES.items():
            text = (copy / file).read_text()
            assert text.count(before) == 1, f"{file} is no longer what this patch was written for"
            (copy / file).write_text(text.replace(before, after))

    @property
    def environment(self) -> dict[str, str]:
        """What an instance needs so that its processes can be released."""
        return {"PYTHONPATH": os.pathsep.join([str(self._folder), *(path for path in sys.path if path)])}

    def release(self, service: str) -> None:
        """Let the service run the next release from its next start on."""
        (self._folder / "released" / service).touch()

    def take_back(self, service: str) -> None:
        """Let the service run this release again from its next start on."""
        (self._folder / "released" / service).unlink()

    def ran(self) -> set[str]:
        """The services of which some process ran the next release."""
        return {path.name.rpartition(".")[0] for path in (self._folder / "ran").iterdir()}

    def schema_of_orders(self) -> str:
        """How the next release writes an order: its data schema, and whether the field is in it; run apart."""
        program = (
            "from datetime import UTC, datetime as d; from pulsepoint.events.orders import OrderRecorded as O;"
            "at = d(2026, 3, 1, tzinfo=UTC); o = O(order_id='1', currency='EUR', created_at=at, processed_at=at,"
            "updated_at=at, gross_micros=1, discount_micros=0);"
            f"print(o.TYPE, o.SCHEMA, '{FIELD}' in o.model_dump())"
        )
        path = os.pathsep.join([str(self._folder / "kernel"), *(path for path in sys.path if path)])
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True)
        return done.stdout.decode().strip()
