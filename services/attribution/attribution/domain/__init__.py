"""Pure rules: evidence to touches, touches to weights, weights to credits."""
