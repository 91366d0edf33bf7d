-- name: orders_of_subject
-- The orders that any snapshot tells to be of the buyer @subject.
SELECT DISTINCT order_id FROM orders WHERE brand_id = @brand_id AND subject = @subject ORDER BY order_id;

-- name: subjects_of_orders
-- The buyers that the orders whose ids stand in @order_ids, each between spaces, are told to be of now.
SELECT DISTINCT subject FROM orders_current
WHERE brand_id = @brand_id AND subject IS NOT NULL AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0
ORDER BY subject;

-- name: names_of_orders
-- Every name that the orders whose ids stand in @order_ids, each between spaces, ever had.
SELECT DISTINCT name FROM orders
WHERE brand_id = @brand_id AND name IS NOT NULL AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0 ORDER BY name;

-- name: personal_touches
-- Every touch ever recorded of the orders whose ids stand in @order_ids, each between spaces.
SELECT * FROM touches WHERE brand_id = @brand_id AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0;

-- name: personal_credits
-- Every credit of these orders whose campaign holds an address.
SELECT * FROM credits
WHERE brand_id = @brand_id AND STRPOS(campaign, '@') > 0 AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0;

-- name: personal_order_lines
-- Every line of these orders that is no product of the shop.
SELECT * FROM order_lines
WHERE brand_id = @brand_id AND product_id IS NULL AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0;

-- name: told_orders
-- Every snapshot of the orders whose ids stand in @order_ids, each between spaces.
SELECT * FROM orders
WHERE brand_id = @brand_id AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0 ORDER BY order_id, version;

-- name: told_order_lines
-- Every line ever told of these orders.
SELECT * FROM order_lines
WHERE brand_id = @brand_id AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0 ORDER BY order_id, version;

-- name: told_refunds
-- Every snapshot of these orders' refunds.
SELECT * FROM refunds
WHERE brand_id = @brand_id AND STRPOS(@order_ids, CONCAT(' ', order_id, ' ')) > 0 ORDER BY order_id, version;
