"""Proof that a brand's books are whole: sums of its own over base rows, without the catalog and its views."""
