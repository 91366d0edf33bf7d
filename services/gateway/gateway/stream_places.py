"""The places for streams that stay open: so many in all, and so many for one person."""

from __future__ import annotations

from collections import Counter
from uuid import UUID


class NoPlace(Exception):
    """A person has as many streams open as one may have; `of_all` where the instance has."""

    def __init__(self, *, most: int, of_all: bool) -> None:
        super().__init__(f"{most} streams are open already")
        self.most = most
        self.of_all = of_all


class StreamPlaces:
    """Counts the open streams of one instance."""

    def __init__(self, most: int, most_of_a_person: int) -> None:
        self._most = most
        self._most_of_a_person = most_of_a_person
        self._taken: Counter[UUID] = Counter()

    def take(self, person: UUID) -> None:
        """Count a stream in; raises `NoPlace`. Whoever takes a place gives it back."""
        if self._taken[person] >= self._most_of_a_person:
            raise NoPlace(most=self._most_of_a_person, of_all=False)
        if self._taken.total() >= self._most:
            raise NoPlace(most=self._most, of_all=True)
        self._taken[person] += 1

    def give_back(self, person: UUID) -> None:
        """Count a stream out."""
        self._taken[person] -= 1
        if self._taken[person] <= 0:
            del self._taken[person]
