"""Pure rules: the window looked at, the stock of each variant, the spend behind it."""
