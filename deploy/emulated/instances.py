"""As Cloud Run does in front of a service: a request that finds no instance waits while one starts.

https://cloud.google.com/run/docs/about-instance-autoscaling
"""

from __future__ import annotations

import asyncio

import httpx

POLL_SECONDS = 0.2


async def send_when_up(http: httpx.AsyncClient, request: httpx.Request, *, seconds: float) -> httpx.Response:
    """The streamed answer to a request with a whole body; for `seconds` an instance that does not listen is waited for.

    Raises `httpx.TransportError` after that, and at once where a connection breaks: the request may have been served.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await http.send(request, stream=True)
        except httpx.ConnectError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(POLL_SECONDS)
