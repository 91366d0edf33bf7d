"""The demo's two clients: of the instance's own API with the admin's log-in, and of the sandbox's control address."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

PATIENT_REQUESTS = 30
REQUEST_SECONDS = 60.0


class Unanswered(Exception):
    """A request was refused; the message says which and how."""


class InstanceApi:
    """The instance's API; logs in when it must, waits where it is asked to slow down."""

    def __init__(self, http: httpx.AsyncClient, login: tuple[str, str]) -> None:
        """`http` reaches the instance; it is the caller's to close."""
        self._http, self._login = http, login
        self._bearer = ""

    async def get(self, path: str, **params: object) -> Any:
        """The JSON at a path. Raises `Unanswered`."""
        return await self._request("GET", path, params=params)

    async def post(self, path: str, body: object) -> Any:
        """Send JSON. Raises `Unanswered`."""
        return await self._request("POST", path, json=body)

    async def put(self, path: str, body: object) -> object:
        """Replace by JSON. Raises `Unanswered`."""
        return await self._request("PUT", path, json=body)

    async def _request(self, method: str, path: str, **options: Any) -> object:
        for _ in range(PATIENT_REQUESTS):
            answer = await self._http.request(
                method, path, headers={"authorization": self._bearer}, timeout=REQUEST_SECONDS, **options
            )
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                await self._log_in()
            elif answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
            elif answer.is_error:
                break
            else:
                return answer.json()
        raise Unanswered(f"{method} {path}: {answer.status_code} {answer.text[:300]}")

    async def _log_in(self) -> None:
        email, password = self._login
        answer = await self._http.post("/api/auth/token", json={"email": email, "password": password})
        if answer.is_error:
            raise Unanswered(f"the log-in of {email} was refused: {answer.status_code} {answer.text[:200]}")
        self._bearer = f"Bearer {answer.json()['access_token']}"


class SandboxApi:
    """The sandbox's control address and its Slack."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        """`http` reaches the sandbox; it is the caller's to close."""
        self._http, self._headers = http, {"x-sandbox-token": token}

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path below the sandbox. Raises `Unanswered`, and `httpx.TransportError` while it is not up."""
        return self._payload(await self._http.get(path, params=params, headers=self._headers, timeout=REQUEST_SECONDS))

    async def post(self, path: str, body: object = None) -> Any:
        """Send JSON; telling a day takes as long as the instance needs. Raises `Unanswered`."""
        return self._payload(await self._http.post(path, json=body or {}, headers=self._headers, timeout=None))

    def _payload(self, answer: httpx.Response) -> object:
        if answer.is_error:
            raise Unanswered(f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}")
        return answer.json()
