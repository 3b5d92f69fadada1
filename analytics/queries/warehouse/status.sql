-- one row: how much the warehouse holds, and when it was last brought up to the store
SELECT
    (SELECT count(*) FROM images) AS images,
    (SELECT count(*) FROM image_all WHERE is_deleted) AS deleted_images,
    (SELECT count(*) FROM run_all) AS runs,
    (SELECT count(*) FROM annotations) AS annotations,
    (SELECT count(*) FROM score_documents) AS score_documents,
    (SELECT count(*) FROM quarantine) AS quarantined,
    w.source_count AS documents,
    w.store,
    w.synced_at
FROM sync_state AS w;
