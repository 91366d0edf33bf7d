"""The person a body is about, and the keyed hashes that identify them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from ingest_shopify.domain.fields import Fields


@dataclass(frozen=True, slots=True)
class Person:
    """The contact data that identify a buyer in one body; they leave this service only as a random subject."""

    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None


NOBODY = Person()


def read_person(body: Fields) -> Person:
    """The buyer of an order or the customer of a privacy request; unreadable contact data identifies nobody."""
    value = body.values.get("customer")
    customer = Fields(value if isinstance(value, dict) else {}, "customer")
    return Person(
        customer_id=_customer_id(customer),
        email=_email(customer.text("email", 320)) or _email(body.text("email", 320) or body.text("contact_email", 320)),
        phone=_phone(customer.text("phone", 64)) or _phone(body.text("phone", 64)),
    )


def identities_of(person: Person, key: bytes) -> tuple[str, ...]:
    """Keyed hashes of what identifies a person, the surest first: customer id, e-mail, phone."""
    pairs = (("customer", person.customer_id), ("email", person.email), ("phone", person.phone))
    return tuple(hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex() for kind, value in pairs if value)


def _customer_id(customer: Fields) -> str | None:
    value = customer.values.get("id")
    readable = isinstance(value, int | str) and not isinstance(value, bool)
    text = str(value).strip().rsplit("/", 1)[-1] if readable and (not isinstance(value, int) or value < 10**20) else ""
    return text if text.isascii() and text.isdigit() and int(text[:20]) > 0 else None


def _email(value: str | None) -> str | None:
    return value.casefold() if value and "@" in value else None


def _phone(value: str | None) -> str | None:
    digits = "".join(letter for letter in value or "" if letter in "0123456789")
    return digits if len(digits) >= 7 else None
