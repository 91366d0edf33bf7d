"""When pulling ads is an alert: it failed twice, a person must act, or a day does not add up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from alerting.domain.open_alerts import Finding, key_of
from pulsepoint.brand import figures
from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.settings import AdAccount
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from pulsepoint.events.ads import AdDayQuarantined, AdsSyncFailed
from pulsepoint.metrics.citations import Cite

ATTEMPTS = 2
KINDS = (AlertType.SYNC_FAILURE, AlertType.AD_DAYS_MISMATCH)


def account_of(platform: str, account_id: str) -> str:
    """Returns the subject of an ad account, `platform:account id`."""
    return f"{platform}:{account_id}"


def subjects_of(accounts: Iterable[AdAccount]) -> set[str]:
    """The subjects of ad accounts."""
    return {account_of(account.platform, account.account_id) for account in accounts}


def is_about(key: str, account: str) -> bool:
    """True for a key of an account: of its pulls, or of one of its days."""
    return any(key == (whole := key_of(kind, account)) or key.startswith(f"{whole}:") for kind in KINDS)


def account_key(platform: str, account_id: str) -> str:
    """Returns the key of an account that cannot be pulled."""
    return key_of(AlertType.SYNC_FAILURE, account_of(platform, account_id))


def day_key(platform: str, account_id: str, day: date | str) -> str:
    """Returns the key of an account's day that does not add up; with day "", the prefix of all its days."""
    return key_of(AlertType.AD_DAYS_MISMATCH, f"{account_of(platform, account_id)}:{day}")


def failure(failed: AdsSyncFailed, cite: Cite) -> Finding | None:
    """The finding of a failed pull; None for a first failure that may pass by itself."""
    if failed.attempts < ATTEMPTS and not failed.refused:
        return None
    day = failed.failed_at.date()
    return Finding(
        type=AlertType.SYNC_FAILURE,
        subject=account_of(failed.platform, failed.account_id),
        severity=Severity.CRITICAL if failed.refused else Severity.HIGH,
        cause=Cause.REFUSED if failed.refused else Cause.FAILED,
        figures={"attempts": figures.count(failed.attempts, cite("failed_pulls", {}, day, day, (failed.attempts,)))},
        names={"account": failed.account_id, **_why(failed)},
        channel=failed.platform,
    )


def _why(failed: AdsSyncFailed) -> dict[str, str]:
    """The kind of failure and its names; the sentence it came with, of another release's pull."""
    if failed.failure not in set(PullFailure):
        return {"reason": failed.reason}
    return {**failed.names, "failure": str(failed.failure)}


def quarantined(day: AdDayQuarantined, cite: Cite) -> Finding:
    """The finding of a day whose campaigns do not add up to the account's own total (in the account's currency)."""
    gap = abs(day.account_spend_micros - day.campaign_spend_micros)
    at = {"channel": day.platform, "account_id": day.account_id}

    def money(name: str, micros: int) -> figures.Figure:
        return figures.money(micros, "", cite(name, at, day.day, day.day))

    return Finding(
        type=AlertType.AD_DAYS_MISMATCH,
        subject=f"{account_of(day.platform, day.account_id)}:{day.day}",
        severity=Severity.HIGH,
        figures={
            "account_spend": money("account_total", day.account_spend_micros),
            "campaign_spend": money("campaigns_total", day.campaign_spend_micros),
            "difference": money("account_gap", gap),
        },
        names={"account": day.account_id, "day": day.day.isoformat()},
        channel=day.platform,
    )
