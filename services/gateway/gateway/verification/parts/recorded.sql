-- name: recorded_{{table}}
-- The rows of {{table}} recorded since @since, shown or not, with fact ids from @start to before @end.
SELECT {{columns}} FROM {{table}}
WHERE brand_id = @brand_id AND recorded_at >= @since AND fact_id >= @start AND fact_id < @end;
