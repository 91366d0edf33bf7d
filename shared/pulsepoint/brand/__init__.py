"""One home for each product decision: the words, the settings, the wording and the texts. Imports nothing above it."""
