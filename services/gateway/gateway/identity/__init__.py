"""Passwords, tokens and log-in."""
