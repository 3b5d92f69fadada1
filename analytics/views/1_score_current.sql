-- one row per image that was scored after it was made: its latest composite
CREATE VIEW score_current AS
SELECT * EXCLUDE (document)
FROM score_documents
QUALIFY row_number() OVER (PARTITION BY image ORDER BY document_id DESC) = 1;
