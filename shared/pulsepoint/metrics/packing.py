"""Numbers and texts as the fewest bytes, one way each: equal values have equal bytes, and no others are read.

Whole numbers are LEB128 (https://protobuf.dev/programming-guides/encoding/#varints), signed ones in zigzag.
"""

from __future__ import annotations

from dataclasses import dataclass

_ABSENT, _NUMBER, _TEXT = 0, 1, 2
LARGEST = 2**63
"""Numbers below it are packed; a varint of more than nine bytes is none."""


class Unreadable(ValueError):
    """The bytes are not what this module packs."""


def varint(number: int) -> bytes:
    """A whole number from 0, seven bits a byte; raises `ValueError` outside 0 to `LARGEST`."""
    if not 0 <= number < LARGEST:
        raise ValueError(f"{number} is not from 0 to {LARGEST}")
    packed = bytearray()
    while number >= 0x80:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def signed(number: int) -> bytes:
    """A whole number that may be below zero."""
    return varint(2 * number if number >= 0 else -2 * number - 1)


def text(value: str | None) -> bytes:
    """A text or None; digits without a leading zero take half the space."""
    if value is None:
        return varint(_ABSENT)
    if value.isascii() and value.isdecimal() and str(int(value)) == value and int(value) < LARGEST:
        return varint(_NUMBER) + varint(int(value))
    encoded = value.encode()
    return varint(_TEXT + len(encoded)) + encoded


@dataclass(slots=True)
class Unpacker:
    """Reads packed bytes from the front; every method raises `Unreadable` for what was not packed here."""

    data: bytes
    position: int = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        taken = self.data[self.position : self.position + count]
        if len(taken) != count:
            raise Unreadable("too short")
        self.position += count
        return taken

    def varint(self) -> int:
        """A number of `varint`."""
        start, number = self.position, 0
        for shift in range(0, 63, 7):
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if self.data[start : self.position] != varint(number):
                    raise Unreadable("a number with needless bytes")
                return number
        raise Unreadable("a number of too many bytes")

    def signed(self) -> int:
        """A number of `signed`."""
        number = self.varint()
        return number // 2 if number % 2 == 0 else -(number + 1) // 2

    def text(self) -> str | None:
        """A text of `text`."""
        kind = self.varint()
        if kind == _ABSENT:
            return None
        if kind == _NUMBER:
            return str(self.varint())
        try:
            return self.take(kind - _TEXT).decode()
        except UnicodeDecodeError:
            raise Unreadable("no text") from None

    def end(self) -> None:
        """Raise `Unreadable` unless every byte has been read."""
        if self.position != len(self.data):
            raise Unreadable("too long")
