"""A model that writes prose around computed figures; no service calls it before the figures are final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """Tokens of one call, disjoint parts, and its price in nano-dollars."""

    model: str
    input_tokens: int
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    cost_nano_usd: int


@dataclass(frozen=True, slots=True)
class Completion:
    """Text a model wrote, and what it cost."""

    text: str
    usage: ModelUsage


class LanguageModel(Protocol):
    """One model call."""

    async def complete(self, scope: TenantContext, *, system: str, prompt: str, max_tokens: int) -> Completion:
        """The model's answer; raises `VendorError` when the vendor fails."""
        ...
