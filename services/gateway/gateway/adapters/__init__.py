"""Vendors behind the gateway's own ports."""
