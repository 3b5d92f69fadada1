-- one row per axis and value, with the numbers of the images that have it; seeds are no axis
-- an image has one value on each of these axes
WITH columns AS (
    UNPIVOT pattern_scope
    ON model, workflow, preset, sampler, scheduler, size
    INTO NAME axis VALUE value
),

varied AS (
    SELECT
        s.nth,
        v.axis,
        v.value
    FROM pattern_scope AS s
    INNER JOIN variations AS v ON s.image = v.image
    WHERE v.value IS NOT NULL AND lower(v.axis) <> 'seed'
),

named AS (
    SELECT
        nth,
        axis,
        value
    FROM columns
    UNION ALL
    SELECT
        nth,
        if(
            axis IN (
                'model',
                'workflow',
                'preset',
                'sampler',
                'scheduler',
                'size',
                'steps',
                'cfg',
                'guidance',
                'denoise',
                'lora',
                'prompt'
            ),
            'variation ' || axis,
            axis
        ) AS axis,
        value
    FROM varied
)

SELECT
    axis,
    value,
    list(nth) AS places
FROM named
GROUP BY axis, value
HAVING count(*) >= $least
ORDER BY axis, value;
