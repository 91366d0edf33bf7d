"""From a Slack message's trace id an unbroken chain leads back to the webhook, through each service."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.instance_process import running_instance
from sandbox.ad_stubs.ads import app as ads_app
from tests.builders.slack_chain import environment, follow
from tests.builders.stubs import SlackInbox, serving


@pytest.mark.instance
async def test_a_slack_message_leads_back_to_its_webhook(tmp_path: Path) -> None:
    inbox = SlackInbox()
    async with (
        serving(inbox.app) as slack,
        serving(ads_app()) as ads,
        running_instance(tmp_path / "var", environment(ads)) as instance,
    ):
        await follow(instance, slack, inbox)
