"""The kernel every Pulsepoint service stands on."""
