"""The kernel every Pulsepoint service stands on."""

__version__ = "0.1.0"
"""The one version of everything: every `pyproject.toml` names it, `GET /version` answers it, a test compares them."""
