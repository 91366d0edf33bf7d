"""What happened in each world, kept in a file so that a run goes on where it was interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from tests.accuracy.rules import Opened
from tests.accuracy.worlds import Struck

ROOT = Path(__file__).parents[2]
_JUDGED_BY = ("shared", "services", "tests/accuracy", "tests/builders")


@dataclass(frozen=True, slots=True)
class Judged:
    """What happened in one world, and when alerts were opened in it, by signal; `weeks` is how long it was watched."""

    kind: str
    seed: int
    weeks: float
    incidents: tuple[Struck, ...]
    opened: Mapping[str, tuple[Opened, ...]]


_LINE = TypeAdapter(Judged)


def code_digest() -> str:
    """A digest of the code that makes and judges worlds: results of other code are not taken up."""
    digest = sha256()
    for folder in _JUDGED_BY:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml", ".json") and "node_modules" not in path.parts and path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


class Results:
    """The results of one run in a file, a line each."""

    def __init__(self, path: Path) -> None:
        """Reads those that are there; a last line cut short by an interruption is left out."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
        self.judged = [_LINE.validate_json(line) for line in whole.splitlines()]
        path.write_bytes(b"".join(_LINE.dump_json(each) + b"\n" for each in self.judged))

    def add(self, judged: Iterable[Judged]) -> None:
        """Keep results."""
        kept = list(judged)
        with self._path.open("ab") as file:
            file.writelines(_LINE.dump_json(each) + b"\n" for each in kept)
        self.judged += kept

    def done(self) -> set[tuple[str, int]]:
        """The kinds and seeds that are there."""
        return {(each.kind, each.seed) for each in self.judged}
