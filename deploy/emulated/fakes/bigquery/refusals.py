"""Errors in the shape of Google's REST APIs: https://cloud.google.com/bigquery/docs/error-messages"""

from __future__ import annotations

STATUSES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "ALREADY_EXISTS", 412: "FAILED_PRECONDITION"}


class Refused(Exception):
    """A request is answered with an error: HTTP status, Google's reason, words for people."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "domain": "global", "reason": reason}

    def body(self) -> dict[str, object]:
        """The JSON body of the answer."""
        error = {"code": self.status, "message": self.error["message"], "errors": [self.error]}
        return {"error": {**error, "status": STATUSES.get(self.status, "UNKNOWN")}}


def invalid(message: str) -> Refused:
    """The error 400 of a request that is wrong itself."""
    return Refused(400, "invalid", message)


def invalid_query(message: str) -> Refused:
    """The SQL is wrong."""
    return Refused(400, "invalidQuery", message)


def not_found(what: str) -> Refused:
    """The error 404: there is no such thing (`Dataset p:d`, `Table p:d.t`, `Job p:j`)."""
    return Refused(404, "notFound", f"Not found: {what}")
