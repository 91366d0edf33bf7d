(
  SELECT part.* FROM {{table}} AS part
  JOIN (
    SELECT raw.entity, MAX(latest.version) AS version, MAX({{place(raw)}}) AS place
    FROM {{head}} AS raw
    JOIN (
      SELECT entity, MAX(version) AS version FROM {{head}} WHERE brand_id = @brand_id GROUP BY entity
    ) AS latest ON latest.entity = raw.entity AND latest.version = raw.version
    WHERE raw.brand_id = @brand_id
    GROUP BY raw.entity
  ) AS chosen
    ON chosen.entity = part.entity AND chosen.version = part.version AND chosen.place = {{place(part)}}
  WHERE part.brand_id = @brand_id
)
