"""Advice computed from facts: pause, reduce, raise, reorder; and a summary in plain words."""
