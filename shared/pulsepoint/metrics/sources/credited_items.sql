-- What was bought in the orders whose sale is credited to a campaign. `weight` is how much of a line the campaign
-- earned: cents of the line times the credited part of its order's sale in ten-thousandths.
SELECT credit.brand_id, credit.occurred_at, credit.model, names.platform AS channel, names.account_id,
  names.campaign_id, names.campaign_name AS campaign, NULLIF(line.variant_id, '') AS variant_id,
  IF(NULLIF(line.variant_id, '') IS NULL, NULLIF(line.sku, ''), NULL) AS sku,
  IF(NULLIF(line.variant_id, '') IS NULL AND NULLIF(line.sku, '') IS NULL, line.title, NULL) AS title,
  line.order_id, line.line_id,
  DIV(GREATEST(line.gross_micros - line.discount_micros, 0), 10000)
    * DIV(credit.credit_micros * 10000, credit.sale_micros) AS weight,
  line.fact_id, line.recorded_at
FROM (
  SELECT brand_id, order_id, model, channel, paid, campaign, occurred_at, credit_micros,
    SUM(credit_micros) OVER (PARTITION BY brand_id, order_id, model) AS sale_micros
  FROM credits_current
  WHERE entry_kind = '{{sale}}'
) AS credit
JOIN order_lines_current AS line ON line.brand_id = credit.brand_id AND line.order_id = credit.order_id
JOIN campaign_names AS names
  ON names.brand_id = credit.brand_id AND names.platform = credit.channel
  AND names.campaign_key = {{campaign_key(credit.campaign)}}
WHERE credit.paid AND credit.campaign IS NOT NULL AND credit.credit_micros > 0 AND credit.sale_micros > 0
