-- name: state_orders
-- The next orders after entity @after, as they stand; without what differs between instances given the same input
-- (brand, fact ids, moments of recording, random subjects).
SELECT entity, version, order_id, name, currency, created_at, processed_at, cancelled_at, test, deleted,
  taxes_included, financial_status, source_name, gross_micros, discount_micros, tax_micros, shipping_micros,
  total_micros, shipping_country, shipping_region
FROM orders_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: state_refunds
-- The next refunds after entity @after, as they stand.
SELECT entity, version, refund_id, order_id, currency, issued_at, subtotal_micros, tax_micros, adjustment_micros,
  shipping_micros
FROM refunds_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: state_credits
-- The credits of the next orders after entity @after; without versions, which count the changes an order went
-- through and so follow the order of deliveries.
WITH page AS (
  SELECT entity FROM attributions_current WHERE brand_id = @brand_id AND entity > @after ORDER BY entity LIMIT 5000
)
SELECT page.entity, credit.model, credit.entry_id, credit.entry_kind, credit.occurred_at, credit.channel, credit.paid,
  credit.campaign, credit.touch_at, credit.credit_micros, credit.currency
FROM page
LEFT JOIN credits_current AS credit ON credit.brand_id = @brand_id AND credit.entity = page.entity
ORDER BY page.entity;
-- name: state_ad_days
-- The next ad-days after entity @after; without versions, which are the moments of the pulls.
SELECT entity, platform, account_id, account_currency, account_timezone, campaign_id, campaign_name, day,
  spend_micros, impressions, clicks, conversions_micros, conversion_value_micros, click_window_days, view_window_days
FROM ad_performance_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
-- name: state_stock_levels
-- The next stock levels after entity @after, as they stand.
SELECT entity, version, inventory_item_id, location_id, available, updated_at
FROM inventory_levels_current
WHERE brand_id = @brand_id AND entity > @after
ORDER BY entity LIMIT 5000;
