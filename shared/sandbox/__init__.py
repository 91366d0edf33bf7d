"""A synthetic shop with known causes: what a real one would tell, and the ledger of what made it happen."""
