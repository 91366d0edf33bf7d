-- Ad-days that do not count, since the account's total is not that of its campaigns; money is in the account's currency.
SELECT brand_id, day, platform AS channel, account_id, account_spend_micros, campaign_spend_micros, fact_id, recorded_at
FROM ad_days_quarantined_current
WHERE quarantined
