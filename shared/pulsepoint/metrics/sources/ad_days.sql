-- Ad-days that count; days are days of the account's timezone.
SELECT brand_id, day, platform AS channel, account_id, campaign_id, account_currency AS currency, account_timezone,
  spend_micros, impressions, clicks, conversions_micros, conversion_value_micros, click_window_days, view_window_days,
  fact_id, recorded_at
FROM ad_days_counted
