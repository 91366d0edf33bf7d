"""The gateway's part in forgetting a brand: its rows, and the secrets that its settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.use_cases.webhook_addresses import forget_token
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.forgetting import FORGET_BRAND, forget_again, forget_brand
from pulsepoint.runtime.outcome import EffectDefinition

if TYPE_CHECKING:
    from gateway.bootstrap import Ports


async def _forget(ports: Ports, effect: StoredEffect) -> None:
    """The secrets first: the rows say which there are."""
    scope = effect.scope
    brand = await ports.identity_store.brand(scope, scope.brand_id)
    if brand is not None:
        named = (account.secret_ref for account in brand.settings.ad_accounts)
        for name in (brand.settings.slack_webhook_ref, *named):
            if name is not None:
                await ports.secrets.delete(scope, name)
        await forget_token(ports.secrets, scope)
    await forget_brand(ports, effect)


EFFECTS: dict[str, EffectDefinition] = {
    FORGET_BRAND: EffectDefinition(
        run=_forget, on_success=forget_again, timeout=60.0, first_retry=30.0, goes_on_suspended=True
    )
}
