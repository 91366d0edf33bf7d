-- Touches as they were attributed, each with the moment of its order and the fields of the order that it was made from.
SELECT touch.brand_id, sold.processed_at AS occurred_at, touch.order_id, touch.channel, touch.paid, touch.evidence,
  sold.currency, touch.fact_id, touch.recorded_at
FROM touches_current AS touch
JOIN orders_current AS sold
  ON sold.brand_id = touch.brand_id AND sold.order_id = touch.order_id
WHERE NOT sold.test AND NOT sold.deleted
