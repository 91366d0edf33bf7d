"""Attribution: which touch earned which order, in credits that add up."""
