"""Settings of ingest-shopify."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from the environment.

    `PULSEPOINT_SHOPIFY_API_SECRET` is the app's webhook secret and required;
    `PULSEPOINT_SHOPIFY_API_SECRET_PREVIOUS` is accepted beside it while a secret is being replaced.
    `PULSEPOINT_SHOPIFY_BODY_LIMIT` is the largest body taken, in bytes.
    `PULSEPOINT_SHOPIFY_HEADER_ROUTING` says whether the shop header, which nobody signs, may say whose a delivery is;
    left out: on one machine, not in the cloud.
    """

    shopify_api_secret: SecretStr = SecretStr("")
    shopify_api_secret_previous: SecretStr = SecretStr("")
    shopify_header_routing: bool | None = None
    shopify_body_limit: int = Field(default=5 * 1024 * 1024, ge=1, le=9_000_000)

    @model_validator(mode="after")
    def _has_a_secret(self) -> Settings:
        if not self.shopify_api_secret.get_secret_value():
            raise ValueError(
                "PULSEPOINT_SHOPIFY_API_SECRET is not set: without the app's webhook secret no delivery can be "
                "verified. It is the client secret shown in the app's settings at Shopify."
            )
        return self

    @property
    def routes_by_header(self) -> bool:
        """True where the shop header is believed of an address without a token."""
        return self.profile != "cloud" if self.shopify_header_routing is None else self.shopify_header_routing

    @property
    def webhook_secrets(self) -> tuple[bytes, ...]:
        """The secrets valid now, the current one first."""
        both = (self.shopify_api_secret.get_secret_value(), self.shopify_api_secret_previous.get_secret_value())
        return tuple(secret.encode() for secret in both if secret)
