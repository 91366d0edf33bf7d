"""The platforms a shop lives on, as HTTP APIs of their own shapes: Shopify, Meta, TikTok, Google Ads and Slack."""
