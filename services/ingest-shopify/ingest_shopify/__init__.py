"""Takes Shopify's webhooks in and tells what they say as facts and events."""
