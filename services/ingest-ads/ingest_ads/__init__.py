"""Pulls ad days from the ad platforms."""
