-- name: entry_dates
-- Credits booked at another moment than the sale, refund or cancellation they share out.
WITH {{sales}},
{{credits}}
SELECT sold.order_id AS subject, CONCAT(sold.kind, ' ', sold.entry_id, ' under ', credited.model, ': another moment') AS detail,
  UNIX_MICROS(sold.occurred_at) AS expected, UNIX_MICROS(credited.occurred_at) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM sold JOIN credited ON credited.order_id = sold.order_id AND credited.entry_id = sold.entry_id
WHERE sold.occurred_at <> credited.occurred_at
ORDER BY subject, detail LIMIT 50;

-- name: chosen_touches
-- Credits of another touch than the one their model chooses among the order's touches within the lookback window, or
-- of none of them; orders without a touch left (erased persons) aside.
WITH {{credits}},
ordered AS (
  SELECT entity AS order_id, created_at FROM {{rows(orders, orders)}} AS newest_orders WHERE created_at IS NOT NULL
),
visits AS (
  SELECT order_id, occurred_at, channel, paid, COALESCE(campaign, '') AS campaign
  FROM {{rows(touches, attributions)}} AS newest_touches
),
eligible AS (
  SELECT visits.order_id, MAX(visits.occurred_at) AS last_at,
    MAX(IF(visits.channel <> 'direct', visits.occurred_at, NULL)) AS last_not_direct_at
  FROM visits JOIN ordered ON ordered.order_id = visits.order_id
  WHERE visits.occurred_at <= ordered.created_at
    AND visits.occurred_at >= TIMESTAMP_SUB(ordered.created_at, INTERVAL @lookback_days DAY)
  GROUP BY visits.order_id
),
visited AS (SELECT DISTINCT order_id FROM visits),
distinct_visits AS (SELECT DISTINCT order_id, occurred_at, channel, paid, campaign FROM visits),
chosen AS (
  SELECT credited.order_id, credited.model, credited.entry_id, credited.touch_at, visit.occurred_at AS visit_at,
    CASE credited.model
      WHEN 'last_touch' THEN eligible.last_at
      WHEN 'last_non_direct' THEN COALESCE(eligible.last_not_direct_at, eligible.last_at)
    END AS expected_at
  FROM credited
  JOIN visited ON visited.order_id = credited.order_id
  LEFT JOIN eligible ON eligible.order_id = credited.order_id
  LEFT JOIN distinct_visits AS visit
    ON visit.order_id = credited.order_id AND visit.occurred_at = credited.touch_at
    AND visit.channel = credited.channel AND visit.paid = credited.paid
    AND visit.campaign = COALESCE(credited.campaign, '')
)
SELECT order_id AS subject, CONCAT(entry_id, ' under ', model,
    IF(touch_at IS NOT NULL AND visit_at IS NULL, ': credited to no touch of the order', ': credited to another touch')) AS detail,
  COALESCE(UNIX_MICROS(expected_at), 0) AS expected, COALESCE(UNIX_MICROS(touch_at), 0) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM chosen
WHERE COALESCE(UNIX_MICROS(expected_at), 0) <> COALESCE(UNIX_MICROS(touch_at), 0)
  OR (touch_at IS NOT NULL AND visit_at IS NULL)
ORDER BY subject, detail LIMIT 50;
