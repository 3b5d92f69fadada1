-- one row per image that counts for failure patterns, with whether it failed
-- a person's word comes first, then the judge's, then the grade; where a person has looked
-- through a run, what was not marked there passed; in a project where nothing was ever said to
-- have passed and most of what is left failed, only failures are marked, and all else passed;
-- an image nobody judged is left out
CREATE OR REPLACE TEMP TABLE pattern_scope AS
WITH judged AS (
    SELECT
        image,
        bool_or(NOT passed) AS any_missed,
        bool_and(coalesce(passed, FALSE)) AS all_met
    FROM criteria
    GROUP BY image
),

looked_through AS (
    SELECT DISTINCT coalesce(i.run, i.project, '') AS place
    FROM image_marks AS m
    INNER JOIN images AS i ON m.image = i.image
    WHERE
        m.status IS NOT NULL
        OR m.failure_category IS NOT NULL
        OR m.technical_quality IS NOT NULL
        OR m.is_liked
),

said AS (
    SELECT
        i.image,
        i.project,
        -- an image outside of runs was drawn by itself, for all that is known
        coalesce(i.run, i.image) AS run,
        i.model,
        i.workflow,
        i.preset,
        i.sampler,
        i.scheduler,
        i.steps,
        i.cfg,
        i.guidance,
        i.denoise,
        i.width || 'x' || i.height AS size,
        i.prompt,
        m.failure_category,
        -- the same number for images that are one image drawn again; NULL without a seed
        CASE
            WHEN i.seed IS NOT NULL
                THEN hash(i.seed, i.prompt, i.negative_prompt, i.variation_hash, i.vae)
        END AS twins,
        CASE
            WHEN m.status = 'ko' OR m.failure_category IS NOT NULL THEN TRUE
            WHEN m.status = 'ok' OR m.technical_quality = 'perfect' OR m.is_liked THEN FALSE
            WHEN j.any_missed THEN TRUE
            WHEN j.all_met THEN FALSE
            WHEN i.grade IS NOT NULL THEN i.grade = 'F'
        END AS told,
        l.place IS NOT NULL AS is_looked_through,
        coalesce(m.is_liked AND m.status IS NULL AND m.technical_quality IS NULL, FALSE)
            AS is_just_liked
    FROM image AS i
    LEFT JOIN image_marks AS m ON i.image = m.image
    LEFT JOIN judged AS j ON i.image = j.image
    LEFT JOIN looked_through AS l ON coalesce(i.run, i.project, '') = l.place
    WHERE
        NOT i.is_test
        AND ($project::VARCHAR IS NULL OR i.project = $project)
        AND ($model::VARCHAR IS NULL OR i.model = $model)
        AND NOT coalesce(list_contains($without_runs::VARCHAR[], i.run), FALSE)
),

only_failures AS (
    SELECT coalesce(project, '') AS place
    FROM said
    GROUP BY ALL
    HAVING
        count_if(told) > count_if(is_looked_through AND told IS DISTINCT FROM TRUE)
        AND count_if(NOT told AND NOT is_just_liked) = 0
),

verdicts AS (
    SELECT
        s.* EXCLUDE (project, told, is_looked_through, is_just_liked),
        CASE
            WHEN s.told IS NOT NULL THEN s.told
            WHEN s.is_looked_through OR o.place IS NOT NULL THEN FALSE
        END AS failed
    FROM said AS s
    LEFT JOIN only_failures AS o ON coalesce(s.project, '') = o.place
)

SELECT
    *,
    (row_number() OVER (ORDER BY image) - 1)::INTEGER AS nth -- from 0
FROM verdicts
WHERE failed IS NOT NULL;
