base_orders AS (
  SELECT entity AS order_id, currency, gross_micros - discount_micros AS net_micros, taxes_included, cancelled_at,
    uncharged_micros, processed_at, NOT test AND NOT deleted AS counts
  FROM {{rows(orders, orders)}} AS newest_orders
),
base_refunds AS (
  SELECT refund.entity AS refund_id, refund.order_id, refund.currency, refund.issued_at, COALESCE(refund.is_total, FALSE) AS is_total,
    refund.subtotal_micros + refund.adjustment_micros
      - IF(COALESCE(ordered.taxes_included, refund.taxes_included, FALSE), refund.tax_micros, 0) AS net_micros,
    COALESCE(refund.total_micros, refund.subtotal_micros + refund.adjustment_micros + refund.shipping_micros
      + IF(COALESCE(ordered.taxes_included, refund.taxes_included, FALSE), 0, refund.tax_micros)) AS paid_micros
  FROM {{rows(refunds, refunds)}} AS refund LEFT JOIN base_orders AS ordered ON ordered.order_id = refund.order_id
),
known_refunds AS (
  SELECT order_id, SUM(net_micros) AS net_micros, SUM(paid_micros) AS paid_micros
  FROM base_refunds
  WHERE NOT is_total
  GROUP BY order_id
),
largest_totals AS (
  SELECT order_id, MAX(paid_micros) AS paid_micros FROM base_refunds WHERE is_total GROUP BY order_id
),
stated_totals AS (
  SELECT total.order_id, MIN(total.refund_id) AS refund_id
  FROM base_refunds AS total
  JOIN largest_totals AS largest ON largest.order_id = total.order_id AND largest.paid_micros = total.paid_micros
  WHERE total.is_total
  GROUP BY total.order_id
),
counted_refunds AS (
  SELECT order_id, refund_id, currency, issued_at, net_micros FROM base_refunds WHERE NOT is_total
  UNION ALL
  SELECT total.order_id, total.refund_id, total.currency, total.issued_at, LEAST(total.net_micros - COALESCE(known.net_micros, 0),
    total.paid_micros - COALESCE(known.paid_micros, 0)) AS net_micros
  FROM base_refunds AS total
  JOIN stated_totals AS stated ON stated.order_id = total.order_id AND stated.refund_id = total.refund_id
  LEFT JOIN known_refunds AS known ON known.order_id = total.order_id
  WHERE total.net_micros > COALESCE(known.net_micros, 0) AND total.paid_micros > COALESCE(known.paid_micros, 0)
),
edited AS (
  SELECT change.order_id, change.entry_id, change.occurred_at,
    SUM(change.gross_micros) - SUM(change.discount_micros) AS net_micros
  FROM {{rows(order_changes, order_changes)}} AS change
  WHERE change.entry_id IS NOT NULL
  GROUP BY change.order_id, change.entry_id, change.occurred_at
),
edited_sums AS (
  SELECT order_id, SUM(net_micros) AS net_micros FROM edited GROUP BY order_id
),
sold_or_refunded AS (
  SELECT ordered.order_id, ordered.order_id AS entry_id, '{{sale}}' AS kind, ordered.processed_at AS occurred_at,
    ordered.net_micros - COALESCE(edited_sums.net_micros, 0) AS net_micros, ordered.currency, ordered.cancelled_at,
    ordered.uncharged_micros
  FROM base_orders AS ordered LEFT JOIN edited_sums ON edited_sums.order_id = ordered.order_id
  WHERE ordered.counts
  UNION ALL
  SELECT edited.order_id, edited.entry_id, '{{edit}}' AS kind, edited.occurred_at, edited.net_micros, ordered.currency,
    ordered.cancelled_at, ordered.uncharged_micros
  FROM edited JOIN base_orders AS ordered ON ordered.order_id = edited.order_id
  WHERE ordered.counts
  UNION ALL
  SELECT refund.order_id, refund.refund_id AS entry_id, '{{refund}}' AS kind, refund.issued_at AS occurred_at,
    -refund.net_micros AS net_micros, refund.currency, ordered.cancelled_at, ordered.uncharged_micros
  FROM counted_refunds AS refund LEFT JOIN base_orders AS ordered ON ordered.order_id = refund.order_id
  WHERE COALESCE(ordered.counts, TRUE)
),
base_entries AS (
  SELECT order_id, entry_id, kind, occurred_at, net_micros, currency, cancelled_at FROM sold_or_refunded
  UNION ALL
  SELECT order_id, CONCAT(order_id, ':cancelled') AS entry_id, '{{cancellation}}' AS kind,
    MAX(cancelled_at) AS occurred_at,
    -LEAST(SUM(net_micros), COALESCE(MAX(uncharged_micros), SUM(net_micros))) AS net_micros,
    MIN(currency) AS currency, MAX(cancelled_at) AS cancelled_at
  FROM sold_or_refunded
  WHERE cancelled_at IS NOT NULL
  GROUP BY order_id
  HAVING LEAST(SUM(net_micros), COALESCE(MAX(uncharged_micros), SUM(net_micros))) > 0
),
sold AS (
  SELECT order_id, entry_id, kind, occurred_at, net_micros, currency FROM base_entries WHERE {{cancelled_orders}}
)
