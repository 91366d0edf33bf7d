"""Every error as a problem document (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from gateway.domain.identity import AlreadyExists
from gateway.identity.tokens import BadToken
from pulsepoint.errors import (
    AccessDenied,
    Conflict,
    LimitExceeded,
    MalformedInput,
    PermanentError,
    PulsepointError,
    RetryableError,
)

MEDIA_TYPE = "application/problem+json"
# The first class that fits decides.
STATUS_OF: tuple[tuple[type[PulsepointError], int], ...] = (
    (AccessDenied, 404),
    (AlreadyExists, 409),
    (BadToken, 401),
    (MalformedInput, 422),
    (LimitExceeded, 413),
    (PermanentError, 400),
    (Conflict, 409),
    (RetryableError, 503),
)


class Problem(BaseModel):
    """A problem document; `reason` is a stable word for programs, `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str | None = None
    errors: list[dict[str, object]] | None = None


PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}


def problem_body(status: int, detail: str, **more: object) -> bytes:
    """The document as bytes."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    return orjson.dumps(problem.model_dump(exclude_none=True))


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: object) -> Response:
    """The document as a response."""
    return Response(problem_body(status, detail, **more), status, headers, MEDIA_TYPE)


async def of_http(request: Request, error: Exception) -> Response:
    """404, 405 and what endpoints raise themselves."""
    assert isinstance(error, HTTPException)
    detail, headers = str(error.detail), dict(error.headers or {})
    if detail == HTTPStatus(error.status_code).phrase:
        detail = _of_routing(request, error.status_code, headers)
    return problem(error.status_code, detail, headers=headers)


def _of_routing(request: Request, status: int, headers: Mapping[str, str]) -> str:
    """The detail for an answer of Starlette's own, which says nothing but the status."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = headers.get("Allow", "another method")
        return f"{request.method} is not possible at this address; {allowed} is. /docs describes the API."
    return "There is nothing at this address. /docs describes the API."


async def of_validation(request: Request, error: Exception) -> Response:
    """A request that does not fit its schema; names each field, never repeats a value (it may be a password)."""
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(each) for each in error.errors()]
    if errors[0]["field"] == "body" and "json" not in request.headers.get("content-type", ""):
        errors[0]["message"] = "Send a JSON object, with Content-Type: application/json"
    return problem(422, f"{errors[0]['field']}: {errors[0]['message']}", reason="invalid_request", errors=errors)


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    """The field and the reason, in words; pydantic's own prefix for our checks says nothing to whoever reads it."""
    if error["type"] == "json_invalid":
        why = error.get("ctx", {}).get("error", "it cannot be read")
        return {"field": "body", "message": f"This is no JSON: {why}, at character {error['loc'][-1]}"}
    return {"field": ".".join(map(str, error["loc"])), "message": str(error["msg"]).removeprefix("Value error, ")}


async def of_ours(request: Request, error: Exception) -> Response:
    """Our own errors; those of engines say nothing of the inside."""
    assert isinstance(error, PulsepointError)
    status = next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(error, RetryableError):
        wait = ceil(getattr(error, "retry_after", None) or 1)
        detail = "Something Pulsepoint needs did not answer. Try again in a moment."
        return problem(status, detail, headers={"Retry-After": str(wait)}, reason="try_again")
    return problem(status, str(error), headers=headers, reason=getattr(error, "reason", None))


def install(api: FastAPI) -> None:
    """Let the app answer problem documents."""
    api.add_exception_handler(HTTPException, of_http)
    api.add_exception_handler(RequestValidationError, of_validation)
    api.add_exception_handler(PulsepointError, of_ours)
