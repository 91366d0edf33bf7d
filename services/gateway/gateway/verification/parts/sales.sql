base_orders AS (
  SELECT entity AS order_id, currency, gross_micros - discount_micros AS net_micros, taxes_included, cancelled_at,
    NOT test AND NOT deleted AS counts
  FROM {{rows(orders, orders)}} AS newest_orders
),
base_refunds AS (
  SELECT entity AS refund_id, order_id, currency, subtotal_micros + adjustment_micros AS net_micros, tax_micros
  FROM {{rows(refunds, refunds)}} AS newest_refunds
),
sold_or_refunded AS (
  SELECT order_id, order_id AS entry_id, '{{sale}}' AS kind, net_micros, currency, cancelled_at
  FROM base_orders
  WHERE counts
  UNION ALL
  SELECT refund.order_id, refund.refund_id AS entry_id, '{{refund}}' AS kind,
    IF(ordered.taxes_included, refund.tax_micros, 0) - refund.net_micros AS net_micros, refund.currency,
    ordered.cancelled_at
  FROM base_refunds AS refund LEFT JOIN base_orders AS ordered ON ordered.order_id = refund.order_id
  WHERE COALESCE(ordered.counts, TRUE)
),
base_entries AS (
  SELECT order_id, entry_id, kind, net_micros, currency, cancelled_at FROM sold_or_refunded
  UNION ALL
  SELECT order_id, CONCAT(order_id, ':cancelled') AS entry_id, '{{cancellation}}' AS kind,
    -SUM(net_micros) AS net_micros, MIN(currency) AS currency, MAX(cancelled_at) AS cancelled_at
  FROM sold_or_refunded
  WHERE cancelled_at IS NOT NULL
  GROUP BY order_id
  HAVING SUM(net_micros) > 0
),
sold AS (
  SELECT order_id, entry_id, kind, net_micros, currency FROM base_entries WHERE {{cancelled_orders}}
)
