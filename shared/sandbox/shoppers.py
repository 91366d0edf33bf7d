"""The people who buy: names, addresses, devices; nobody real (mail addresses are of RFC 2606 domains)."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.draws import Draws, Table
from sandbox.records import Address, Device

CUSTOMER_ID = 7_310_000_000_000

_FIRST = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hannes", "Ida", "Jonas", "Klara", "Lukas", "Mila",
    "Noah", "Olga", "Paul", "Rieke", "Selim", "Tessa", "Uwe", "Vera", "Wiebke", "Yusuf", "Zoe", "Mats", "Lina",
    "Emil", "Frieda", "Oskar", "Marta", "Theo", "Sofia", "Bruno", "Nele", "Karl", "Amira",
)  # fmt: skip
_LAST = (
    "Albrecht", "Brandt", "Celik", "Dietrich", "Ebert", "Fischer", "Graf", "Hartmann", "Ivanov", "Jansen", "Keller",
    "Lorenz", "Maurer", "Neumann", "Otto", "Peters", "Quast", "Richter", "Schuster", "Thiele", "Ulrich", "Vogel",
    "Winter", "Yilmaz", "Zimmer", "Petersen", "Nowak", "Hofer", "Lindner", "Seidel", "Krause", "Bergmann",
)  # fmt: skip
_DOMAINS = ("example.com", "example.net", "example.org")

_PLACES = (
    (Address("DE", "BY", "München"), 150),
    (Address("DE", "BY", "Nürnberg"), 45),
    (Address("DE", "BW", "Stuttgart"), 95),
    (Address("DE", "BW", "Freiburg"), 50),
    (Address("DE", "NW", "Köln"), 120),
    (Address("DE", "NW", "Dortmund"), 55),
    (Address("DE", "HE", "Frankfurt am Main"), 65),
    (Address("DE", "NI", "Hannover"), 60),
    (Address("DE", "BE", "Berlin"), 110),
    (Address("DE", "HH", "Hamburg"), 80),
    (Address("DE", "SN", "Leipzig"), 45),
    (Address("DE", "RP", "Mainz"), 30),
    (Address("DE", "SH", "Kiel"), 30),
    (Address("DE", "TH", "Erfurt"), 18),
    (Address("DE", "HB", "Bremen"), 22),
    (Address("DE", "BB", "Potsdam"), 20),
    (Address("DE", "MV", "Rostock"), 15),
    (Address("AT", "9", "Wien"), 40),
    (Address("AT", "5", "Salzburg"), 15),
    (Address("AT", "7", "Innsbruck"), 15),
)
_PLACE_TABLE = Table([weight for _, weight in _PLACES])
_SOUTH = frozenset(("BY", "BW", "RP", "HE", "5", "7", "9"))

DEVICES: tuple[Device, ...] = ("mobile", "desktop", "tablet")
_DEVICE_TABLE = Table((62, 33, 5))
_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(slots=True)
class Customer:
    """A buyer; `orders` counts those placed."""

    customer_id: int
    name: str
    email: str
    address: Address
    orders: int


def northern_ppm() -> int:
    """The share of buyers served from the northern store first, in ppm."""
    north = sum(weight for address, weight in _PLACES if address.region not in _SOUTH)
    return north * 1_000_000 // _PLACE_TABLE.total


def nearest_store(address: Address) -> int:
    """Index of the location that serves an address first: 0 in the north, 1 in the south."""
    return 1 if address.region in _SOUTH else 0


def pick_device(draws: Draws) -> Device:
    """A device as people use them."""
    return DEVICES[draws.pick(_DEVICE_TABLE)]


def other_device(device: Device) -> Device:
    """The device on which someone finishes what they began on `device`."""
    return "desktop" if device == "mobile" else "mobile"


class Shoppers:
    """Everybody who ever bought, by index."""

    def __init__(self) -> None:
        self._customers: list[Customer] = []

    def __getitem__(self, index: int) -> Customer:
        return self._customers[index]

    def welcome(self, draws: Draws, *, orders: int = 0) -> int:
        """A new customer's index, at least 0; `orders` counts those placed before the world began."""
        index = len(self._customers)
        first, last = _FIRST[draws.below(len(_FIRST))], _LAST[draws.below(len(_LAST))]
        mail = f"{first}.{last}.{index + 1}@{_DOMAINS[draws.below(len(_DOMAINS))]}".lower().translate(_ASCII)
        address = _PLACES[draws.pick(_PLACE_TABLE)][0]
        self._customers.append(Customer(CUSTOMER_ID + index * 1_024, f"{first} {last}", mail, address, orders))
        return index
