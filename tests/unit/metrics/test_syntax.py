"""A thread that asks for a syntax tree while another imports the parser gets the dialect whole."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pulsepoint.warehouse import syntax

ROOT = Path(__file__).resolve().parents[3]
RACE = """
import sys, threading
from sqlglot.dialects import dialect
from pulsepoint.warehouse import schema, syntax

half_made, answered = threading.Event(), threading.Event()

def stop_in_the_middle(frame, kind, argument):
    # The register has the class by now, the class has no generator yet.
    if kind == "call" and frame.f_code.co_name == "new_trie" and "bigquery" in dialect._Dialect._classes:
        half_made.set()
        answered.wait(0.3)

def importing():
    sys.setprofile(stop_in_the_middle)
    syntax.tree_of("SELECT 1")

first = threading.Thread(target=importing)
first.start()
half_made.wait()
types = {column.type for table in schema.tables() for column in table.columns}
answered.set()
first.join()
print(*sorted(types))
"""


@pytest.mark.slow
def test_types_are_bigquerys_though_another_thread_is_still_importing() -> None:
    path = ":".join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", RACE], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout.split() == ["BOOL", "DATE", "INT64", "STRING", "TIMESTAMP"], done.stderr


def test_text_is_parsed_in_one_module_only() -> None:
    parses = re.compile(r"sqlglot import [^\n]*\bparse|sqlglot\.parse")
    places = [
        path
        for folder in ("shared", "services", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if parses.search(path.read_text(encoding="utf-8"))
    ]
    assert places == [Path(syntax.__file__)]
