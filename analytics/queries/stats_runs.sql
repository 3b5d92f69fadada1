-- one row: how many runs there are of each kind, of the projects and runs named if any are
SELECT
    count(*) AS run_count,
    count(*) FILTER (is_test) AS test_count,
    count(*) FILTER (is_failed) AS failed_count,
    count(*) FILTER (is_archived) AS archived_count,
    count(*) FILTER (is_deleted) AS deleted_count,
    count(*) FILTER (status = 'accepted') AS accepted_count
FROM run_all
WHERE
    ($projects::VARCHAR[] IS NULL OR list_contains($projects, project))
    AND (
        $runs::VARCHAR[] IS NULL OR list_contains($runs, run) OR list_contains($runs, run_id)
    );
