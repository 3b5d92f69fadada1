-- one row per run among the images of `selected`, dearest first, and before them one without a
-- run for all of them: what was spent, per image and per accepted image
SELECT
    project,
    run,
    count(*) AS image_count,
    count(*) FILTER (is_accepted) AS accepted_count,
    coalesce(sum(seconds), 0) AS seconds,
    coalesce(sum(gpu_seconds), 0) AS gpu_seconds,
    coalesce(sum(calls), 0)::BIGINT AS calls,
    coalesce(sum(tokens_in), 0)::BIGINT AS tokens_in,
    coalesce(sum(tokens_out), 0)::BIGINT AS tokens_out,
    count(gpu_seconds) AS measured_count
FROM selected
GROUP BY GROUPING SETS ((project, run), ())
ORDER BY grouping(run) DESC, gpu_seconds DESC, run ASC
