-- one row per run, deleted ones included: its documents, what its images come to, its flags
CREATE VIEW run_all AS
WITH drawn AS (
    SELECT
        i.run,
        any_value(i.project) AS project,
        any_value(i.run_id) AS run_id,
        count(*) AS image_count,
        min(i.created_at) AS first_image_at,
        max(i.created_at) AS last_image_at,
        any_value(i.model) AS model,
        any_value(i.host) AS host,
        any_value(i.workflow) AS workflow,
        max(i.overall_score) AS best_overall_score,
        sum(i.seconds) AS seconds,
        bool_and(i.is_test) AS is_test,
        count(*) FILTER (coalesce(m.is_deleted, FALSE)) AS deleted_count,
        count(*) FILTER (m.status = 'ko') AS ko_count,
        count(*) FILTER (m.is_liked) AS liked_count,
        count(*) FILTER (m.technical_quality = 'perfect') AS perfect_count
    FROM images AS i
    LEFT JOIN image_marks AS m ON i.image = m.image
    WHERE i.run IS NOT NULL
    GROUP BY i.run
),

closed AS (
    SELECT *
    FROM run_results
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY number DESC) = 1
)

SELECT
    coalesce(d.run, i.run) AS run,
    coalesce(d.project, i.project) AS project,
    coalesce(d.run_id, i.run_id) AS run_id,
    coalesce(f.display_name, d.title, d.run_id, i.run_id) AS display_name,
    coalesce(d.started_at, i.first_image_at) AS created_at,
    i.last_image_at,
    c.closed_at,
    c.status,
    c.reason,
    c.best_iteration,
    c.image AS best_image,
    coalesce(c.score, i.best_overall_score) AS score,
    coalesce(d.host, i.host) AS host,
    d.engine,
    coalesce(d.workflow, i.workflow) AS workflow,
    i.model,
    d.judge_provider,
    d.judge_model,
    d.strategy,
    d.max_iterations,
    d.input_sha256,
    d.seeded_from,
    coalesce(i.image_count, 0) AS image_count,
    coalesce(i.deleted_count, 0) AS deleted_count,
    coalesce(i.ko_count, 0) AS ko_count,
    coalesce(i.liked_count, 0) AS liked_count,
    coalesce(i.perfect_count, 0) AS perfect_count,
    i.seconds,
    coalesce(f.is_test, d.is_test OR coalesce(i.is_test, FALSE), i.is_test, FALSE) AS is_test,
    coalesce(f.is_failed, FALSE) AS is_failed,
    coalesce(f.is_archived, FALSE) AS is_archived,
    coalesce(f.is_deleted, FALSE) AS is_deleted,
    f.notes,
    f.extra,
    f.annotated_at,
    f.annotated_by
FROM drawn AS i
FULL OUTER JOIN runs AS d ON i.run = d.run
LEFT JOIN closed AS c ON coalesce(d.run, i.run) = c.run
LEFT JOIN run_marks AS f ON coalesce(d.run, i.run) = f.run;
