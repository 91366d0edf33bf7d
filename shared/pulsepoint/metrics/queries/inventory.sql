-- name: inventory_variants
-- Variants of products that are for sale, with the units available that the product itself told of.
SELECT variant.variant_id, variant.product_id, variant.inventory_item_id, variant.sku, variant.title,
  product.title AS product_title, variant.continue_selling, variant.tracked, variant.available
FROM variants_current AS variant
JOIN products_current AS product
  ON product.brand_id = variant.brand_id AND product.product_id = variant.product_id
WHERE variant.brand_id = @brand_id AND product.brand_id = @brand_id AND NOT product.deleted
  AND LOWER(COALESCE(product.status, 'active')) = 'active'
ORDER BY variant.variant_id;

-- name: inventory_cut_products
-- Products for sale of which a webhook carried only a part of the variants, by title; `variants_total` NULL: nothing
-- says whether there are more.
SELECT product_id, title, variants_total
FROM products_current
WHERE brand_id = @brand_id AND NOT deleted AND is_cut AND LOWER(COALESCE(status, 'active')) = 'active'
ORDER BY title, product_id;

-- name: inventory_first_sale
-- The moment of the brand's first known order, NULL without any.
SELECT MIN(processed_at) AS first_sale
FROM orders_current
WHERE brand_id = @brand_id AND NOT test AND NOT deleted;

-- name: inventory_newest_traces
-- What an assessment was made from: the traces of the orders attributed last, and of the levels of nothing told
-- since @since.
(
  SELECT trace
  FROM attributions
  WHERE brand_id = @brand_id AND trace IS NOT NULL
  ORDER BY recorded_at DESC
  LIMIT 8
)
UNION ALL
(
  SELECT trace
  FROM inventory_levels_current
  WHERE brand_id = @brand_id AND available <= 0 AND trace IS NOT NULL AND recorded_at >= @since
  ORDER BY recorded_at DESC
  LIMIT 8
);
