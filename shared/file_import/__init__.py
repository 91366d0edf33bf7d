"""Files of past orders as Shopify's own webhooks: what `pulsepoint replay` sends and the page's upload feeds in."""
