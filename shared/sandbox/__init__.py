"""A synthetic shop with known causes: the records of a real one, and the ground truth behind them."""
