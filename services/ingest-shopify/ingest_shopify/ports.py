"""This service needs no port beside the kernel's."""

from __future__ import annotations
