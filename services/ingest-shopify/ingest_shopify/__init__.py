"""Takes Shopify's webhooks in and records what they say as facts and events."""
