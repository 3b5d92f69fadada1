-- one row: how many runs there are of each kind
SELECT
    count(*) AS run_count,
    count(*) FILTER (is_test) AS test_count,
    count(*) FILTER (is_failed) AS failed_count,
    count(*) FILTER (is_archived) AS archived_count,
    count(*) FILTER (is_deleted) AS deleted_count,
    count(*) FILTER (status = 'accepted') AS accepted_count
FROM run_all;
