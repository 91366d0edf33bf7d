"""Capabilities the kernel and services stand on; adapters implement them, one conformance suite each."""
