-- name: alerting_quarantined_days
-- Days of one ad account that do not add up to the account's own total now.
SELECT day
FROM ad_days_quarantined_current
WHERE brand_id = @brand_id AND platform = @platform AND account_id = @account_id AND quarantined
ORDER BY day;
