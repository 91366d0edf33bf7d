"""`make accuracy`: how often alerts are right, on worlds that nobody tuned them to."""
