"""`GET /version`: what runs here."""

from __future__ import annotations

import asyncio
import subprocess
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.endpoints.access import SettingsOf
from pulsepoint import __version__

router = APIRouter(tags=["operation"])


class VersionView(BaseModel):
    """The version, and the commit it was built from; null where neither the build nor a checkout tells it."""

    version: str
    commit: str | None


@router.get("/version")
async def read_version(settings: SettingsOf) -> VersionView:
    """The version that runs."""
    return VersionView(version=__version__, commit=settings.commit or await asyncio.to_thread(checked_out))


@cache
def checked_out() -> str | None:
    """The commit of the checkout that this file is in; None outside of one, or where there is no git."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603 (no input)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
