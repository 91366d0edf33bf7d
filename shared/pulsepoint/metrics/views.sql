-- The views that metrics sum, BigQuery dialect, over the current rows of `warehouse/sql`. `{{…}}`: warehouse/macros.py.

-- Net revenue, exactly `pulsepoint.metrics.revenue.sales_entries` under the policy `return`: what was sold,
-- changed by edits, given back and cancelled, each on its own moment. The brand's policy for cancelled orders is a filter on these rows:
-- `pulsepoint.brand.vocabulary.CancelledOrders`. `ordered_at` is the other date basis: the day of the order, for
-- edits, refunds and cancellations too (a refund without a known order has only its own). Gross and discount are
-- those of the sale and of its edits; what an edit changed is no longer in its sale. `fact_id` and `recorded_at` are those of the order or refund it came from.
CREATE VIEW sales_entries AS
WITH counted_orders AS (
  SELECT brand_id, order_id, processed_at, cancelled_at, currency, fact_id, recorded_at,
    gross_micros, discount_micros, gross_micros - discount_micros AS net_micros, uncharged_micros
  FROM orders_current
  WHERE NOT test AND NOT deleted
),
-- What was added or removed after the order, on each moment; the order as it stands holds it already.
changed AS (
  SELECT sold.brand_id, sold.order_id, change.entry_id, change.occurred_at, ANY_VALUE(sold.processed_at) AS processed_at,
    ANY_VALUE(sold.cancelled_at) AS cancelled_at, ANY_VALUE(sold.currency) AS currency,
    SUM(change.gross_micros) AS gross_micros, SUM(change.discount_micros) AS discount_micros,
    MIN(change.fact_id) AS fact_id, MAX(change.recorded_at) AS recorded_at
  FROM order_changes_current AS change
  JOIN counted_orders AS sold ON sold.brand_id = change.brand_id AND sold.order_id = change.order_id
  WHERE change.entry_id IS NOT NULL
  GROUP BY sold.brand_id, sold.order_id, change.entry_id, change.occurred_at
),
moved AS (
  SELECT brand_id, order_id, SUM(gross_micros) AS gross_micros, SUM(discount_micros) AS discount_micros
  FROM changed
  GROUP BY brand_id, order_id
),
-- What each refund gave back, positive: `net_micros` of net sales, `total_micros` of money. Where its order is unknown,
-- its own amounts may show that prices hold the tax.
given_back AS (
  SELECT refund.brand_id, refund.order_id, refund.refund_id, refund.issued_at, refund.currency, refund.fact_id,
    refund.recorded_at, sold.processed_at, sold.cancelled_at, COALESCE(refund.is_total, FALSE) AS is_total,
    refund.subtotal_micros + refund.adjustment_micros
      - IF(COALESCE(sold.taxes_included, refund.taxes_included, FALSE), refund.tax_micros, 0) AS net_micros,
    COALESCE(refund.total_micros, refund.subtotal_micros + refund.adjustment_micros + refund.shipping_micros
      + IF(COALESCE(sold.taxes_included, refund.taxes_included, FALSE), 0, refund.tax_micros)) AS total_micros
  FROM refunds_current AS refund
  LEFT JOIN orders_current AS sold ON sold.brand_id = refund.brand_id AND sold.order_id = refund.order_id
  WHERE sold.order_id IS NULL OR (NOT sold.test AND NOT sold.deleted)
),
-- An export's total of all refunds of an order counts for what the refunds leave of it.
reconciled AS (
  SELECT brand_id, order_id, refund_id, issued_at, currency, fact_id, recorded_at, processed_at, cancelled_at, is_total,
    ROW_NUMBER() OVER (
      PARTITION BY brand_id, order_id, IF(is_total, 1, 0) ORDER BY total_micros DESC, refund_id) AS place,
    IF(NOT is_total, net_micros, LEAST(
      net_micros - SUM(IF(is_total, 0, net_micros)) OVER (PARTITION BY brand_id, order_id),
      total_micros - SUM(IF(is_total, 0, total_micros)) OVER (PARTITION BY brand_id, order_id))) AS given_micros
  FROM given_back
),
refunded AS (
  SELECT brand_id, order_id, refund_id, issued_at, currency, fact_id, recorded_at, processed_at, cancelled_at,
    -given_micros AS net_micros
  FROM reconciled
  WHERE NOT is_total OR (place = 1 AND given_micros > 0)
),
left_over AS (
  SELECT sold.brand_id, sold.order_id, ANY_VALUE(sold.processed_at) AS processed_at,
    ANY_VALUE(sold.cancelled_at) AS cancelled_at, ANY_VALUE(sold.currency) AS currency,
    ANY_VALUE(sold.fact_id) AS fact_id, ANY_VALUE(sold.recorded_at) AS recorded_at,
    ANY_VALUE(sold.uncharged_micros) AS uncharged_micros,
    ANY_VALUE(sold.net_micros) + COALESCE(SUM(refund.net_micros), 0) AS left_micros
  FROM counted_orders AS sold
  LEFT JOIN refunded AS refund ON refund.brand_id = sold.brand_id AND refund.order_id = sold.order_id
  WHERE sold.cancelled_at IS NOT NULL
  GROUP BY sold.brand_id, sold.order_id
),
-- What was charged and not given back is a fee that was kept.
cancelled AS (
  SELECT brand_id, order_id, processed_at, cancelled_at, currency, fact_id, recorded_at,
    LEAST(left_micros, COALESCE(uncharged_micros, left_micros)) AS left_micros
  FROM left_over
)
SELECT sold.brand_id, sold.order_id, sold.order_id AS entry_id, '{{sale}}' AS kind, sold.processed_at AS occurred_at,
  sold.processed_at AS ordered_at, sold.cancelled_at, sold.currency,
  sold.net_micros - COALESCE(moved.gross_micros - moved.discount_micros, 0) AS net_micros,
  sold.gross_micros - COALESCE(moved.gross_micros, 0) AS gross_micros,
  sold.discount_micros - COALESCE(moved.discount_micros, 0) AS discount_micros, sold.fact_id, sold.recorded_at
FROM counted_orders AS sold
LEFT JOIN moved ON moved.brand_id = sold.brand_id AND moved.order_id = sold.order_id
UNION ALL
SELECT brand_id, order_id, entry_id, '{{edit}}' AS kind, occurred_at, processed_at AS ordered_at, cancelled_at,
  currency, gross_micros - discount_micros AS net_micros, gross_micros, discount_micros, fact_id, recorded_at
FROM changed
UNION ALL
SELECT brand_id, order_id, refund_id AS entry_id, '{{refund}}' AS kind, issued_at AS occurred_at,
  COALESCE(processed_at, issued_at) AS ordered_at, cancelled_at, currency, net_micros,
  0 AS gross_micros, 0 AS discount_micros, fact_id, recorded_at
FROM refunded
UNION ALL
SELECT brand_id, order_id, CONCAT(order_id, ':cancelled') AS entry_id, '{{cancellation}}' AS kind,
  cancelled_at AS occurred_at, processed_at AS ordered_at, cancelled_at, currency, -left_micros AS net_micros,
  0 AS gross_micros, 0 AS discount_micros, fact_id, recorded_at
FROM cancelled
WHERE left_micros > 0;

-- Lines of the orders that count, as sold (before returns), on the day of their order; what an edit changed of a line
-- is taken off there and stands on its own day.
CREATE VIEW sold_lines AS
WITH lines AS (
  SELECT line.brand_id, line.order_id, line.line_id, line.product_id, line.variant_id, line.sku, line.title,
    line.quantity, line.gross_micros, line.discount_micros, sold.currency, sold.processed_at, sold.cancelled_at,
    line.fact_id, line.recorded_at
  FROM order_lines_current AS line
  JOIN orders_current AS sold ON sold.brand_id = line.brand_id AND sold.order_id = line.order_id
  WHERE NOT sold.test AND NOT sold.deleted
),
changed AS (
  SELECT line.brand_id, line.order_id, line.line_id, line.product_id, line.variant_id, line.sku, line.title,
    change.quantity, change.gross_micros, change.discount_micros, line.currency, line.processed_at, line.cancelled_at,
    change.occurred_at, change.fact_id, change.recorded_at
  FROM order_changes_current AS change
  JOIN lines AS line
    ON line.brand_id = change.brand_id AND line.order_id = change.order_id AND line.line_id = change.line_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY change.brand_id, change.fact_id ORDER BY line.fact_id) = 1
)
SELECT brand_id, order_id, line_id, product_id, variant_id, sku, title, quantity, gross_micros, discount_micros,
  gross_micros - discount_micros AS net_micros, currency, processed_at AS occurred_at, cancelled_at, fact_id,
  recorded_at
FROM lines
UNION ALL
SELECT brand_id, order_id, line_id, product_id, variant_id, sku, title, -quantity AS quantity,
  -gross_micros AS gross_micros, -discount_micros AS discount_micros, discount_micros - gross_micros AS net_micros,
  currency, processed_at AS occurred_at, cancelled_at, fact_id, recorded_at
FROM changed
UNION ALL
SELECT brand_id, order_id, line_id, product_id, variant_id, sku, title, quantity, gross_micros, discount_micros,
  gross_micros - discount_micros AS net_micros, currency, occurred_at, cancelled_at, fact_id, recorded_at
FROM changed;

-- An order's place among its customer's orders, as the shop says it: the index, as told last, else the count in the
-- body that was told first by the source's clock (a later body counts later orders too).
CREATE VIEW customer_places AS
WITH said AS (
  SELECT brand_id, order_id, customer_order_index, customer_orders_count,
    ROW_NUMBER() OVER (
      PARTITION BY brand_id, order_id, IF(customer_order_index IS NULL, 1, 0)
      ORDER BY version DESC, COALESCE(precedence, 0) DESC, digest DESC) AS from_last,
    ROW_NUMBER() OVER (
      PARTITION BY brand_id, order_id, IF(customer_orders_count IS NULL, 1, 0)
      ORDER BY version, COALESCE(precedence, 0), digest) AS from_first
  FROM orders
  WHERE customer_order_index IS NOT NULL OR customer_orders_count IS NOT NULL
)
SELECT brand_id, order_id, COALESCE(MAX(IF(from_last = 1, customer_order_index, NULL)),
  MAX(IF(from_first = 1, customer_orders_count, NULL))) AS customer_place
FROM said
GROUP BY brand_id, order_id;

-- The order that made each known customer one (`place` 1), and where cancelled orders count as never sold
-- (`place_kept` 1): the one that is their first by what the shop says, else the first that is known, unless the shop
-- says of it that others came before. The latter is a guess.
CREATE VIEW first_orders AS
WITH counted AS (
  SELECT sold.brand_id, sold.subject, sold.order_id, sold.processed_at, sold.cancelled_at, sold.currency, sold.fact_id,
    sold.recorded_at, said.customer_place,
    ROW_NUMBER() OVER (PARTITION BY sold.brand_id, sold.subject ORDER BY sold.processed_at, sold.order_id) AS nth,
    SUM(IF(sold.cancelled_at IS NULL, 1, 0)) OVER (
      PARTITION BY sold.brand_id, sold.subject ORDER BY sold.processed_at, sold.order_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS nth_kept
  FROM orders_current AS sold
  LEFT JOIN customer_places AS said ON said.brand_id = sold.brand_id AND said.order_id = sold.order_id
  WHERE NOT sold.test AND NOT sold.deleted AND sold.subject IS NOT NULL
),
-- 0: the shop says so; 1: the first that is known; 2: no first order.
standing AS (
  SELECT brand_id, subject, order_id, processed_at, cancelled_at, currency, fact_id, recorded_at,
    CASE WHEN customer_place <= 1 THEN 0 WHEN customer_place IS NULL AND nth = 1 THEN 1 ELSE 2 END AS standing,
    CASE WHEN cancelled_at IS NOT NULL THEN 2 WHEN customer_place - (nth - nth_kept) <= 1 THEN 0
      WHEN customer_place IS NULL AND nth_kept = 1 THEN 1 ELSE 2 END AS standing_kept
  FROM counted
),
ranked AS (
  SELECT brand_id, subject, order_id, processed_at, cancelled_at, currency, fact_id, recorded_at, standing,
    standing_kept,
    ROW_NUMBER() OVER (PARTITION BY brand_id, subject ORDER BY standing, processed_at, order_id) AS nth,
    ROW_NUMBER() OVER (PARTITION BY brand_id, subject ORDER BY standing_kept, processed_at, order_id) AS nth_kept
  FROM standing
)
SELECT brand_id, subject, order_id, processed_at AS occurred_at, cancelled_at, currency, fact_id, recorded_at,
  IF(nth = 1 AND standing < 2, 1, 0) AS place, IF(nth_kept = 1 AND standing_kept < 2, 1, 0) AS place_kept,
  IF(standing = 1, 1, 0) AS guessed, IF(standing_kept = 1, 1, 0) AS guessed_kept
FROM ranked
WHERE (nth = 1 AND standing < 2) OR (nth_kept = 1 AND standing_kept < 2);

-- Ad-days that count: the latest pull of each, without the days of an account that do not add up to its total.
CREATE VIEW ad_days_counted AS
SELECT ad.* FROM ad_performance_current AS ad
LEFT JOIN ad_days_quarantined_current AS held
  ON held.brand_id = ad.brand_id AND held.platform = ad.platform AND held.account_id = ad.account_id
  AND held.day = ad.day AND held.quarantined
WHERE held.entity IS NULL;

-- Units on their way to each location, by the newest level that says so, less what has come since: webhooks name none,
-- and by them units that come are a rise of what is available.
CREATE VIEW incoming_levels AS
WITH levels AS (
  SELECT brand_id, entity, version, inventory_item_id, location_id, available, incoming, updated_at, fact_id, recorded_at
  FROM inventory_levels
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY brand_id, entity, version ORDER BY COALESCE(precedence, 0) DESC, digest DESC) = 1
),
counted AS (
  SELECT levels.*, LAG(available) OVER (PARTITION BY brand_id, entity ORDER BY version) AS before
  FROM levels
),
arrivals AS (
  SELECT counted.*,
    SUM(IF(incoming IS NULL AND available > before, available - before, 0)) OVER (
      PARTITION BY brand_id, entity ORDER BY version DESC) AS arrived
  FROM counted
)
SELECT brand_id, inventory_item_id, location_id, IF(arrived < incoming, incoming - arrived, 0) AS incoming, updated_at,
  fact_id, recorded_at
FROM arrivals
WHERE incoming IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY brand_id, entity ORDER BY version DESC) = 1;

-- Days of an account whose spend is in quarantine: not counted, and left out of ratios of sales and spend.
CREATE VIEW quarantined_ad_days AS
SELECT brand_id, platform, account_id, day, account_currency AS currency
FROM ad_days_quarantined_current
WHERE quarantined;

-- Each campaign of an account under the name it had last.
CREATE VIEW campaigns AS
SELECT brand_id, platform, account_id, campaign_id, MAX_BY(campaign_name, day) AS campaign_name, MAX(day) AS last_day
FROM ad_performance_current
GROUP BY brand_id, platform, account_id, campaign_id;

-- Every way a campaign may be named in a link, as `campaign_key`: its id, and each name it ever had, in lower case
-- with runs of spaces, punctuation and symbols alike. A key means one campaign of a platform: an id outranks a name,
-- and of campaigns that share a name the one that ran last has it.
CREATE VIEW campaign_names AS
WITH ever AS (
  SELECT brand_id, platform, account_id, campaign_id, campaign_name, MAX(day) AS last_day
  FROM ad_performance_current
  GROUP BY brand_id, platform, account_id, campaign_id, campaign_name
),
latest AS (
  SELECT brand_id, platform, account_id, campaign_id, MAX_BY(campaign_name, last_day) AS campaign_name,
    MAX(last_day) AS last_day
  FROM ever
  GROUP BY brand_id, platform, account_id, campaign_id
),
named AS (
  SELECT brand_id, platform, account_id, campaign_id, 0 AS rank, {{campaign_key(campaign_id)}} AS campaign_key
  FROM latest
  UNION ALL
  SELECT brand_id, platform, account_id, campaign_id, 1 AS rank, {{campaign_key(campaign_name)}} AS campaign_key
  FROM ever
)
SELECT named.brand_id, named.platform, named.campaign_key, named.account_id, named.campaign_id,
  latest.campaign_name
FROM named
JOIN latest ON latest.brand_id = named.brand_id AND latest.platform = named.platform
  AND latest.account_id = named.account_id AND latest.campaign_id = named.campaign_id
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY named.brand_id, named.platform, named.campaign_key
  ORDER BY named.rank, latest.last_day DESC, named.account_id, named.campaign_id) = 1;

-- What was paid and what it earned, side by side and not yet summed: one row an ad-day (`source` 'ads') and one a
-- credit (`source` 'credits'). A view takes no parameters and a day depends on the timezone asked for, so credits
-- keep their instant: who asks buckets them with DATE(occurred_at, @timezone), pick one @model, and sum. Ad-days are
-- days of the account's timezone, which the row names; spend is in the account's currency.
-- A credit of a platform finds its campaign by `campaign_names`; where none fits, `campaign_id` is NULL and
-- `campaign` is as sent. Spend whose campaign earned nothing stands alone. Nothing is dropped.
CREATE VIEW unified_performance AS
SELECT 'ads' AS source, ad.brand_id, ad.day, CAST(NULL AS TIMESTAMP) AS occurred_at, ad.platform AS channel,
  TRUE AS paid, ad.account_id, ad.campaign_id, campaigns.campaign_name AS campaign, CAST(NULL AS STRING) AS model,
  CAST(NULL AS STRING) AS order_id, CAST(NULL AS STRING) AS entry_kind, ad.account_currency AS currency,
  ad.account_timezone, ad.spend_micros, ad.impressions, ad.clicks, ad.conversions_micros,
  ad.conversion_value_micros, ad.click_window_days, ad.view_window_days, CAST(NULL AS INT64) AS revenue_micros,
  ad.fact_id, ad.recorded_at
FROM ad_days_counted AS ad
JOIN campaigns
  ON campaigns.brand_id = ad.brand_id AND campaigns.platform = ad.platform AND campaigns.account_id = ad.account_id
  AND campaigns.campaign_id = ad.campaign_id
UNION ALL
SELECT 'credits' AS source, credit.brand_id, CAST(NULL AS DATE) AS day, credit.occurred_at, credit.channel,
  credit.paid, names.account_id, names.campaign_id, COALESCE(names.campaign_name, credit.campaign) AS campaign,
  credit.model, credit.order_id, credit.entry_kind, credit.currency, CAST(NULL AS STRING) AS account_timezone,
  CAST(NULL AS INT64) AS spend_micros, CAST(NULL AS INT64) AS impressions, CAST(NULL AS INT64) AS clicks,
  CAST(NULL AS INT64) AS conversions_micros, CAST(NULL AS INT64) AS conversion_value_micros,
  CAST(NULL AS INT64) AS click_window_days, CAST(NULL AS INT64) AS view_window_days,
  credit.credit_micros AS revenue_micros, credit.fact_id, credit.recorded_at
FROM credits_current AS credit
LEFT JOIN campaign_names AS names
  ON names.brand_id = credit.brand_id AND names.platform = credit.channel
  AND names.campaign_key = {{campaign_key(credit.campaign)}};
