-- one row per run that passes every filter; a filter that is NULL lets everything pass
SELECT *
FROM run_all
WHERE
    ($projects::VARCHAR[] IS NULL OR list_contains($projects, project))
    AND ($model::VARCHAR IS NULL OR contains(lower(model), lower($model)))
    AND ($status::VARCHAR IS NULL OR status = $status)
    AND ($since::TIMESTAMP IS NULL OR created_at >= $since)
    AND ($until::TIMESTAMP IS NULL OR created_at < $until)
    AND ($is_test::BOOLEAN IS NULL OR is_test = $is_test)
    AND ($is_failed::BOOLEAN IS NULL OR is_failed = $is_failed)
    AND ($is_archived::BOOLEAN IS NULL OR is_archived = $is_archived)
    AND ($is_deleted::BOOLEAN IS NULL OR is_deleted = $is_deleted)
ORDER BY created_at DESC NULLS LAST, run DESC
LIMIT $limit;
