-- one row when a join in the views loses or multiplies images; there must be none
SELECT
    (SELECT count(*) FROM images) AS image_count,
    (SELECT count(*) FROM image_all) AS view_count
WHERE (SELECT count(*) FROM images) <> (SELECT count(*) FROM image_all);
