"""inventory-intel needs no port of its own: it asks the warehouse and publishes."""
