"""What this service needs beside the kernel's ports: nothing."""

from __future__ import annotations
