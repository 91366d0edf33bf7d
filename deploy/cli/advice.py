"""The advice on each reason that something cannot succeed: `docs/errors.md` and `pulsepoint doctor` give it."""

from __future__ import annotations

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "access_denied": (
        "Check the id, and that the person, key or brand belongs to this tenant; absent and foreign look alike."
    ),
    "already_exists": "Choose another name or address, or change what is there.",
    "amount_above_bound": (
        "Look at the order in the shop. If it is right, an administrator replays it "
        "(`POST /api/quarantine/{id}/replay`) and it counts; the bound is the brand's setting `order_bounds`."
    ),
    "date_out_of_bounds": (
        "Look at the order in the shop, and at the clock that dated it. If it is right, an administrator replays it "
        "(`POST /api/quarantine/{id}/replay`) and it counts."
    ),
    "attempts_exhausted": (
        "Look at the service's log for the error of each attempt, mend its cause, then replay the message."
    ),
    "bad_token": "Log in again: the token is expired, revoked or not ours.",
    "body_of_another_shop": (
        "Nothing, if somebody sent a copy under another shop's name. Else send each shop's webhooks to its "
        "own address with its endpoint token."
    ),
    "body_of_another_topic": (
        "Nothing, if somebody sent a copy under another topic. Else fetch the object from Shopify: its own body counts."
    ),
    "endpoint_token": (
        "Subscribe the webhook anew with the shop's present address: a token that is no longer in use does not count."
    ),
    "invalid_request": "Correct the fields that `errors` names, and send the request again.",
    "limit_exceeded": "Send less at once: the message names what is too large, and the limit.",
    "malformed": "Mend the field or attribute that the message names at its sender, and send it again.",
    "missing_field": (
        "Fetch the object from Shopify and see whether the field named is there; if Shopify leaves it out, "
        "report the body's topic and API version."
    ),
    "mixed_currencies": "Ask for one currency with `currency`, or group by it.",
    "mixed_platforms": "Ask for one platform, or group by `channel`: what platforms claim is never added up.",
    "mixed_windows": "Ask for days with one attribution window, or group by the window.",
    "not_json": "Send the body as the shop sent it; it is cut or not JSON.",
    "not_the_publisher": "A fault in the code: events are published by the service that `events/catalog.py` names.",
    "permanent": "Read the message: it says what cannot work.",
    "quantity_above_bound": (
        "Look at the order or the stock in the shop. If it is right, an administrator replays it "
        "(`POST /api/quarantine/{id}/replay`) and it counts; else correct it in the shop, which sends it again."
    ),
    "schema": "Replay the message with the release before, or add the missing step in `events/upcasting.py`.",
    "shop_domain": (
        "Use the shop's own domain, `name.myshopify.com`, in the brand's settings and in the webhook's header."
    ),
    "shop_mismatch": (
        "Nothing, if somebody sent a copy under another shop's name. Else see which shop the subscription was made for."
    ),
    "stale_fact": "Ask for the number again: what its id pinned is no longer kept.",
    "tenant_suspended": "Nothing: it is handled when an operator brings the tenant back (`pulsepoint resume`).",
    "try_again": "Wait for as many seconds as `Retry-After` says, and try again; if it lasts, see the service's log.",
    "unknown_api_version": "Set the webhook's API version in Shopify to one of the last four quarters.",
    "unknown_metric": "Use one of the metrics that `GET /api/metrics` lists.",
    "unknown_named_query": "A fault in the code: a query's name or its parameters are wrong.",
    "unknown_shop": (
        "Add the shop as a brand: what waits is delivered by itself then. Where several brands name it, send its "
        "webhooks to the brand's own address; what waits is delivered when one brand is left."
    ),
    "topic_mismatch": (
        "Nothing, if somebody sent a copy under another topic. Else report the topic, its version and the key named."
    ),
    "unknown_topic": "Unsubscribe from the topic: Pulsepoint does not read it.",
    "unreadable_field": (
        "Compare the field named with Shopify's documentation of the API version, and report the form of its value."
    ),
    "unreadable_file": "Export the file again as CSV in UTF-8, with its heading, and upload that.",
    "unsupported_sql": "Use only what the allow-list in `warehouse/dialect.py` has.",
    "weak_key": "Set PULSEPOINT_SECRET_KEY to a random text of at least 32 bytes: `openssl rand -hex 32`.",
}
"""What a person should do, by reason."""
