-- one row per parameter and value among the images of `selected` that have the outcome, and one
-- without a parameter for all of them: sums over runs, from which means and intervals are made
WITH told AS (
    SELECT
        image,
        coalesce(run, image) AS run,
        CASE $outcome
            WHEN 'quality' THEN composite_score
            WHEN 'score' THEN score
            WHEN 'criteria' THEN overall_score
            WHEN 'rating' THEN rating
            WHEN 'similarity' THEN similarity_score
            WHEN 'accepted' THEN is_accepted::DOUBLE
            WHEN 'liked' THEN CASE WHEN is_annotated THEN is_liked::DOUBLE END
            WHEN 'ok' THEN (status = 'ok')::DOUBLE
        END AS outcome,
        model,
        sampler,
        scheduler,
        preset,
        workflow,
        strategy,
        width || 'x' || height AS size,
        steps::DOUBLE AS steps,
        cfg,
        guidance,
        denoise
    FROM selected
),

judged AS (
    SELECT * FROM told
    WHERE outcome IS NOT NULL
),

named AS (
    UNPIVOT judged ON model, sampler, scheduler, preset, workflow, strategy, size
    INTO NAME parameter VALUE value
),

numbered AS (
    UNPIVOT judged ON steps, cfg, guidance, denoise
    INTO NAME parameter VALUE number
),

-- few different numbers stand for themselves; many are cut into quarters
cuts AS (
    SELECT
        parameter,
        count(DISTINCT number) AS number_count,
        quantile_disc(number, [0.0, 0.25, 0.5, 0.75, 1.0]) AS ends
    FROM numbered
    GROUP BY parameter
),

binned AS (
    SELECT
        n.run,
        n.outcome,
        n.parameter,
        CASE
            WHEN c.number_count <= 8 THEN printf('%g', n.number)
            WHEN n.number <= c.ends[2] THEN printf('%g to %g', c.ends[1], c.ends[2])
            WHEN n.number <= c.ends[3] THEN printf('over %g to %g', c.ends[2], c.ends[3])
            WHEN n.number <= c.ends[4] THEN printf('over %g to %g', c.ends[3], c.ends[4])
            ELSE printf('over %g to %g', c.ends[4], c.ends[5])
        END AS value
    FROM numbered AS n
    INNER JOIN cuts AS c ON n.parameter = c.parameter
),

extra AS (
    SELECT j.run, j.outcome, 'lora' AS parameter, l.name AS value
    FROM judged AS j
    INNER JOIN image_loras AS l ON j.image = l.image
    UNION ALL
    SELECT j.run, j.outcome, concat('variation ', v.axis) AS parameter, v.value
    FROM judged AS j
    INNER JOIN variations AS v ON j.image = v.image
),

observed AS (
    SELECT run, outcome, parameter, value FROM named
    UNION ALL
    SELECT run, outcome, parameter, value FROM binned
    UNION ALL
    SELECT run, outcome, parameter, value FROM extra
    UNION ALL
    SELECT run, outcome, '' AS parameter, '' AS value FROM judged
),

-- images of one run are alike, so the run is what is counted when it comes to certainty
per_run AS (
    SELECT
        parameter,
        value,
        run,
        count(*)::DOUBLE AS n,
        sum(outcome - (SELECT avg(outcome) FROM judged)) AS s
    FROM observed
    GROUP BY parameter, value, run
),

whole AS (
    SELECT run, n AS n_all, s AS s_all FROM per_run
    WHERE parameter = ''
)

SELECT
    p.parameter,
    p.value,
    count(*) AS run_count,
    sum(p.n)::BIGINT AS image_count,
    sum(p.s) AS outcome_sum,
    sum(p.n * p.n) AS nn,
    sum(p.n * p.s) AS ns,
    sum(p.s * p.s) AS ss,
    sum(p.n * w.n_all) AS n_n_all,
    sum(p.n * w.s_all) AS n_s_all,
    sum(p.s * w.n_all) AS s_n_all,
    sum(p.s * w.s_all) AS s_s_all,
    (SELECT avg(outcome) FROM judged) AS mean_of_all
FROM per_run AS p
INNER JOIN whole AS w ON p.run = w.run
GROUP BY p.parameter, p.value
ORDER BY p.parameter, p.value
