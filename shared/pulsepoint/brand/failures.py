"""The reasons that a call to an outside platform failed: kinds of ours, told by sentences of the catalog of texts."""

from __future__ import annotations

from typing import Self

from pulsepoint.brand.words import Word
from pulsepoint.errors import VendorError


class Failure(Word):
    """The reason that one sort of call failed; each sort has `refused`, `no_answer` and `own_fault` among its own."""

    @property
    def text_id(self) -> str:
        """The id of its sentence."""
        raise NotImplementedError

    @classmethod
    def of(cls, error: Exception) -> Self:
        """The kind of an error; `own_fault` where it is none that a platform's answer, or its silence, explains."""
        silent = "no_answer" if isinstance(error, TimeoutError) else "own_fault"
        reason = error.reason if isinstance(error, VendorError) else silent
        return cls(reason if reason in set(cls) else "own_fault")

    @classmethod
    def names_of(cls, error: Exception) -> dict[str, str]:
        """The names that an error's sentence is made with (untrusted), and as `failure` the sentence's id."""
        names = error.names if isinstance(error, VendorError) else {}
        return {**names, "failure": cls.of(error).text_id}


class PullFailure(Failure):
    """The reason that an ad account could not be pulled, told by `pull_failure.<kind>` of the catalog of texts."""

    NO_TOKEN = "no_token"  # noqa: S105 - a reason
    UNUSABLE_TOKEN = "unusable_token"  # noqa: S105 - a reason
    REFUSED = "refused"
    NO_SUCH_ACCOUNT = "no_such_account"
    MANAGER_ACCOUNT = "manager_account"
    RATE_LIMITED = "rate_limited"
    ALLOWANCE_USED = "allowance_used"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    HTTP_STATUS = "http_status"
    MISSING_FIELD = "missing_field"
    UNREADABLE = "unreadable"
    NOT_UNDERSTOOD = "not_understood"
    NOT_SERVED = "not_served"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    UNASKED_DAY = "unasked_day"
    REPEATED_ROW = "repeated_row"
    FAILED = "failed"
    OWN_FAULT = "own_fault"

    @property
    def text_id(self) -> str:
        """See `Failure`."""
        return f"pull_failure.{self}"


class PostFailure(Failure):
    """The reason that an alert could not be posted to Slack, told by `post_failure.<kind>` of the catalog of texts."""

    NO_WEBHOOK = "no_webhook"
    UNREADABLE_ADDRESS = "unreadable_address"
    NOT_HTTPS = "not_https"
    NO_HOST = "no_host"
    NOT_PUBLIC = "not_public"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    HTTP_STATUS = "http_status"
    OWN_FAULT = "own_fault"

    @property
    def text_id(self) -> str:
        """See `Failure`."""
        return f"post_failure.{self}"
