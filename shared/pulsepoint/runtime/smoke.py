"""Asks services whether they are ready: `python -m pulsepoint.runtime.smoke URL…`.

Asks each address for `/readyz` until all have answered 200, or for `PATIENCE_SECONDS`; exits with 1 for those that
did not. Needs nothing but Python: a release runs it in a job inside the network, where the addresses answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 1.0
ANSWER_SECONDS = 10.0


def answer_of(url: str) -> str:
    """`200`, or what came in its place."""
    try:
        with urlopen(f"{url.rstrip('/')}/readyz", timeout=ANSWER_SECONDS) as response:  # noqa: S310 (given by the release)
            return str(response.status)
    except HTTPError as error:
        return str(error.code)
    except (OSError, HTTPException) as error:
        return f"{type(error).__name__}: {error}"


def not_ready(urls: Sequence[str], patience_seconds: float) -> dict[str, str]:
    """The last answer of each address that never said 200; empty when all are ready."""
    until = time.monotonic() + patience_seconds
    waiting = dict.fromkeys(urls, "")
    while True:
        answers = {url: answer_of(url) for url in waiting}
        waiting = {url: answer for url, answer in answers.items() if answer != "200"}
        if not waiting or time.monotonic() >= until:
            return waiting
        time.sleep(PAUSE_SECONDS)


def main(urls: Sequence[str], patience_seconds: float = PATIENCE_SECONDS) -> int:
    """Print who is not ready and answer 1, or 0 when everyone is; 2 when nobody was named."""
    if not urls:
        print("name the addresses to ask", file=sys.stderr)
        return 2
    failed = not_ready(urls, patience_seconds)
    for url, answer in failed.items():
        print(f"{url} is not ready: {answer}", file=sys.stderr)
    if not failed:
        print(f"Ready: {', '.join(urls)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
