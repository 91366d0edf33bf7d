"""ai-advisor needs no port of its own: it asks the warehouse and publishes figures; words are made at the edge."""
