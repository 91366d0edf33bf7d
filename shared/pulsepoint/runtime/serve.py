"""Serves one service: `python -m pulsepoint.runtime.serve package.main:app --port 8080`.

uvicorn's own command line cannot be told of a protocol class.
"""

from __future__ import annotations

import argparse

import uvicorn

from pulsepoint.runtime.door import DoorProtocol


def main() -> None:
    """Serve the app that a factory makes until SIGTERM; arguments from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("factory", help="package.module:function that gives the ASGI app")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--keep-alive", type=int, default=620, help="seconds an idle connection is kept")
    parser.add_argument("--grace", type=int, default=5, help="seconds that requests have to end on SIGTERM")
    given = parser.parse_args()
    uvicorn.run(
        given.factory,
        factory=True,
        host=given.host,
        port=given.port,
        http=DoorProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=given.keep_alive,
        timeout_graceful_shutdown=given.grace,
    )


if __name__ == "__main__":
    main()
