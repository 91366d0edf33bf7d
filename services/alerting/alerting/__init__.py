"""Alerts: opened once, resolved by themselves, posted to Slack."""
