"""Messages of earlier schemas, lifted to the one the code knows.

A payload's `SCHEMA` is the newest this code writes. A field is added with a default, `SCHEMA` goes up by one, and the
step from the schema before is registered here: `with_defaults` where the default says all. Whoever reads newer
messages ignores what it does not know, so a service may be released before or after those it reads from. A field that
goes or changes its meaning would mislead such readers: that takes an event type of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pydantic import JsonValue

from pulsepoint.errors import MalformedInput

JsonObject = dict[str, JsonValue]
Upcaster = Callable[[JsonObject], JsonObject]
"""One step: a payload of schema n as one of schema n + 1."""


def with_defaults(data: JsonObject) -> JsonObject:
    """The payload as it is: fields added in this step have defaults."""
    return data


UPCASTERS: Mapping[tuple[str, int], Upcaster] = MappingProxyType(
    {
        # Kind, figures and names beside the sentences, which are told as they are where they are set.
        ("alert.opened", 1): with_defaults,
        ("alert.resolved", 1): with_defaults,
        ("advice.computed", 1): with_defaults,
        ("brand.configured", 1): with_defaults,  # the language of messages
        ("brand.configured", 2): with_defaults,  # discount codes mapped to campaigns
        ("brand.configured", 3): with_defaults,  # the webhook address of its own
        ("brand.configured", 4): with_defaults,  # lead times of single variants
        ("brand.configured", 5): with_defaults,  # bounds of orders
        ("brand.configured", 6): with_defaults,  # the tenant's suspension
        ("order.recorded", 1): with_defaults,  # what was not charged; the shop's own hosts
        ("order.recorded", 2): with_defaults,  # the place among its customer's orders
        ("order.recorded", 3): with_defaults,  # what edits removed of a line
        ("refund.recorded", 1): with_defaults,  # the money that went back; an export's totals
        ("product.recorded", 1): with_defaults,  # variants beyond those a webhook carries
        ("stock_level.recorded", 1): with_defaults,  # what is on its way
        ("stock.assessed", 1): with_defaults,  # what is on its way, and each variant's lead time
        ("stock.assessed", 2): with_defaults,  # the instant of the rows that say the same
        ("ad_day.recorded", 1): with_defaults,  # the meaning of a click
        ("message.held", 1): with_defaults,  # the names of its sentence
        ("subject.data_requested", 1): with_defaults,  # all subjects that lead to the customer
        ("ads.sync_failed", 1): with_defaults,  # the kind of failure and its names beside the sentence
    }
)
"""Steps by (wire type, schema that is lifted by one)."""


def lift(type: str, data: JsonObject, schema: int, current: int) -> JsonObject:
    """The payload of `schema` as one of `current`; raises `MalformedInput` where a step is not registered.

    A newer payload stays as it is: the additions are ignored by whoever validates it.
    """
    for step in range(schema, current):
        upcaster = UPCASTERS.get((type, step))
        if upcaster is None:
            raise MalformedInput(f"{type} of schema {schema} is older than this release reads", reason="schema")
        data = upcaster(data)
    return data
