SELECT part.entity AS subject, '{{table}}' AS detail
  FROM {{table}} AS part LEFT JOIN {{head}} AS head
    ON head.brand_id = part.brand_id AND head.entity = part.entity AND head.version = part.version
    AND {{place(head)}} = {{place(part)}}
  WHERE part.brand_id = @brand_id AND head.entity IS NULL
