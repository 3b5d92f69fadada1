-- one row per image that nobody deleted: what people query
CREATE VIEW image AS
SELECT *
FROM image_all
WHERE NOT is_deleted;
