"""Files and functions of a size a person can hold."""

from __future__ import annotations

from tests.architecture.sources import CODE, ROOT, functions, length, sources

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
PAGE = ROOT / "services" / "gateway" / "web"


def test_files_stay_under_400_lines() -> None:
    python = (source for source in sources(*CODE, "tests"))
    lines = {source.path: len(source.text.splitlines()) for source in python}
    lines |= {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src", "tests")
        for path in (PAGE / folder).rglob("*")
        if path.suffix in {".ts", ".tsx", ".css"} and not path.name.endswith(".d.ts")
    }
    assert {path: count for path, count in lines.items() if count > MOST_LINES_OF_A_FILE} == {}


def test_functions_stay_under_40_lines() -> None:
    long = {
        f"{source.path}:{each.lineno} {each.name}": length(each)
        for source in sources(*CODE, "tests")
        for each in functions(source.tree)
        if length(each) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}
