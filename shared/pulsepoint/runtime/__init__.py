"""Turns handlers into a service: push endpoint, steps of a commit, effects, sweeps, quarantined messages."""
