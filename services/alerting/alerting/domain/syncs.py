"""When pulling ads is an alert: it failed twice, a person must act, or a day does not add up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from alerting.domain.open_alerts import Finding, key_of
from alerting.domain.words import clip, platform
from pulsepoint.events.ads import AdDayQuarantined, AdsSyncFailed
from pulsepoint.money import to_text

ATTEMPTS = 2


def account_of(code: str, account_id: str) -> str:
    """Returns the subject of an ad account, `platform:account id`."""
    return f"{code}:{account_id}"


def accounts_of(brand: Mapping[str, Any]) -> set[str]:
    """The ad accounts in a brand's settings."""
    return {account_of(account["platform"], account["account_id"]) for account in brand["ad_accounts"]}


def is_about(key: str, account: str) -> bool:
    """True for a key of an account: of its pulls, or of one of its days."""
    whole = key_of("sync_failure", account)
    return key == whole or key.startswith(f"{whole}:")


def account_key(code: str, account_id: str) -> str:
    """Returns the key of an account that cannot be pulled."""
    return key_of("sync_failure", account_of(code, account_id))


def day_key(code: str, account_id: str, day: date | str) -> str:
    """Returns the key of an account's day that does not add up; with day "", the prefix of all its days."""
    return key_of("sync_failure", f"{account_of(code, account_id)}:{day}")


def failure(failed: AdsSyncFailed) -> Finding | None:
    """The finding of a failed pull; None for a first failure that may pass by itself."""
    if failed.attempts < ATTEMPTS and not failed.refused:
        return None
    name = f"{platform(failed.platform)} account {clip(failed.account_id, 40)}"
    times = "once" if failed.attempts == 1 else f"{failed.attempts} times"
    act = (
        f"Connect {name} again: the platform refused its credentials or permissions"
        if failed.refused
        else "Nothing yet: the pull is tried again by itself. Look at the platform's status if it lasts"
    )
    return Finding(
        type="sync_failure",
        subject=account_of(failed.platform, failed.account_id),
        severity="critical" if failed.refused else "warning",
        title=f"{name} cannot be pulled",
        explanation=f"Pulled {times} without success. The last answer: {clip(failed.reason, 300)}",
        recommended_action=act,
        channel=failed.platform,
    )


def quarantined(day: AdDayQuarantined) -> Finding:
    """The finding of a day whose campaigns do not add up to the account's own total."""
    name = f"{platform(day.platform)} account {clip(day.account_id, 40)}"
    gap = abs(day.account_spend_micros - day.campaign_spend_micros)
    return Finding(
        type="sync_failure",
        subject=f"{account_of(day.platform, day.account_id)}:{day.day}",
        severity="warning",
        title=f"{name} does not add up on {day.day}",
        explanation=(
            f"The account says {_amount(day.account_spend_micros)} was spent, its campaigns "
            f"{_amount(day.campaign_spend_micros)}: "
            f"{_amount(gap)} apart, in the account's currency. The day is not counted until they agree."
        ),
        recommended_action="Nothing yet: the day is pulled again by itself. Compare it with the platform if it lasts",
        channel=day.platform,
    )


def _amount(micros: int) -> str:
    return to_text(micros)
