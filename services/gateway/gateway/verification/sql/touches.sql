-- name: entry_dates
-- Credits booked at another moment than the sale, refund or cancellation they share out.
WITH {{sales}},
{{credits}}
SELECT sold.order_id AS subject, CONCAT(sold.kind, ' ', sold.entry_id, ' under ', credited.model, ': another moment') AS detail,
  UNIX_MICROS(sold.occurred_at) AS expected, UNIX_MICROS(credited.occurred_at) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM sold JOIN credited ON credited.order_id = sold.order_id AND credited.entry_id = sold.entry_id
  -- An order and a refund of it may have the same number.
  AND credited.entry_kind = sold.kind
WHERE sold.occurred_at <> credited.occurred_at
ORDER BY subject, detail LIMIT 50;

-- name: chosen_touches
-- Entries credited to other touches than those their model weighs above 0 among the order's touches within the lookback
-- window, or in other shares than these weights, by more than rounding; orders without a touch left (erased persons) aside.
WITH {{credits}},
ordered AS (
  SELECT entity AS order_id, created_at FROM {{rows(orders, orders)}} AS newest_orders WHERE created_at IS NOT NULL
),
visits AS (
  SELECT order_id, occurred_at, channel, paid, COALESCE(campaign, '') AS campaign
  FROM {{rows(touches, attributions)}} AS newest_touches
),
visited AS (SELECT DISTINCT order_id FROM visits),
distinct_visits AS (SELECT DISTINCT order_id, occurred_at, channel, paid, campaign FROM visits),
eligible AS (
  SELECT visits.order_id, visits.occurred_at,
    ROW_NUMBER() OVER (PARTITION BY visits.order_id ORDER BY visits.occurred_at) AS place,
    COUNT(*) OVER (PARTITION BY visits.order_id) AS touches,
    ROW_NUMBER() OVER (PARTITION BY visits.order_id ORDER BY visits.channel <> 'direct', visits.occurred_at) AS direct_first
  FROM visits JOIN ordered ON ordered.order_id = visits.order_id
  WHERE visits.occurred_at <= ordered.created_at
    AND visits.occurred_at >= TIMESTAMP_SUB(ordered.created_at, INTERVAL @lookback_days DAY)
),
-- Each model's weight of a touch: `place` numbers the order's eligible touches in time, from 1 to `touches`.
weighed AS (
  SELECT eligible.order_id, models.model, eligible.occurred_at,
    CASE models.model
      WHEN 'last_touch' THEN IF(place = touches, 1, 0)
      WHEN 'last_non_direct' THEN IF(direct_first = touches, 1, 0)
    END AS weight
  FROM eligible CROSS JOIN models
),
-- Touches of one moment are one: which of them is the later is attribution's to say.
shares AS (
  SELECT order_id, model, UNIX_MICROS(occurred_at) AS moment, SUM(weight) AS weight, COUNT(*) AS touches
  FROM weighed GROUP BY order_id, model, UNIX_MICROS(occurred_at)
  HAVING SUM(weight) > 0
),
whole AS (SELECT order_id, model, SUM(weight) AS weights FROM shares GROUP BY order_id, model),
entries AS (
  SELECT credited.order_id, credited.model, credited.entry_id, SUM(credited.credit_micros) AS micros
  FROM credited JOIN visited ON visited.order_id = credited.order_id
  GROUP BY credited.order_id, credited.model, credited.entry_id
),
-- Moment 0 is no touch: all of an entry is credited to none where nothing is eligible.
expected AS (
  SELECT entries.order_id, entries.model, entries.entry_id, COALESCE(shares.moment, 0) AS moment, entries.micros,
    COALESCE(shares.weight, 1) AS weight, COALESCE(whole.weights, 1) AS weights, COALESCE(shares.touches, 1) AS touches
  FROM entries
  LEFT JOIN shares ON shares.order_id = entries.order_id AND shares.model = entries.model
  LEFT JOIN whole ON whole.order_id = entries.order_id AND whole.model = entries.model
),
found AS (
  SELECT credited.order_id, credited.model, credited.entry_id, COALESCE(UNIX_MICROS(credited.touch_at), 0) AS moment,
    SUM(credited.credit_micros) AS micros, COUNTIF(credited.touch_at IS NOT NULL AND visit.order_id IS NULL) AS unknown
  FROM credited
  JOIN visited ON visited.order_id = credited.order_id
  LEFT JOIN distinct_visits AS visit
    ON visit.order_id = credited.order_id AND visit.occurred_at = credited.touch_at
    AND visit.channel = credited.channel AND visit.paid = credited.paid
    AND visit.campaign = COALESCE(credited.campaign, '')
  GROUP BY credited.order_id, credited.model, credited.entry_id, COALESCE(UNIX_MICROS(credited.touch_at), 0)
),
-- Two roundings of a running total, each by less than a cent and a micro, lie between a share and what is credited.
compared AS (
  SELECT COALESCE(expected.order_id, found.order_id) AS order_id, COALESCE(expected.model, found.model) AS model,
    COALESCE(expected.entry_id, found.entry_id) AS entry_id, COALESCE(found.unknown, 0) > 0 AS is_unknown,
    expected.order_id IS NULL OR found.order_id IS NULL AS is_another, expected.order_id IS NOT NULL AS is_chosen,
    COALESCE(ABS(found.micros * expected.weights - expected.micros * expected.weight)
      > 2 * 10001 * expected.touches * expected.weights, FALSE) AS is_another_share
  FROM expected
  FULL OUTER JOIN found ON found.order_id = expected.order_id AND found.model = expected.model
    AND found.entry_id = expected.entry_id AND found.moment = expected.moment
)
SELECT order_id AS subject, CONCAT(entry_id, ' under ', model, CASE
    WHEN COUNTIF(is_unknown) > 0 THEN ': credited to no touch of the order'
    WHEN COUNTIF(is_another) > 0 THEN ': credited to another touch'
    ELSE ': credited in other shares' END) AS detail,
  COUNTIF(is_chosen) AS expected, COUNTIF(is_chosen AND NOT (is_unknown OR is_another OR is_another_share)) AS found,
  CAST(NULL AS STRING) AS currency, COUNT(*) OVER () AS total
FROM compared
GROUP BY order_id, entry_id, model
HAVING COUNTIF(is_unknown OR is_another OR is_another_share) > 0
ORDER BY subject, detail LIMIT 50;
