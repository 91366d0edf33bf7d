"""ai-advisor needs no port of its own yet: it asks the warehouse and publishes; its words are written by code."""
