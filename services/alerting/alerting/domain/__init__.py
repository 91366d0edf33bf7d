"""Pure rules: which conditions hold, which alerts that opens and resolves, what is said of them."""
