-- one row per image that nobody deleted, under the thirteen names of the oldest sidecars
CREATE VIEW flat AS
WITH loras AS (
    SELECT
        image,
        list(struct_pack(name, strength) ORDER BY position) AS loras
    FROM image_loras
    GROUP BY image
)

SELECT
    i.created_at AS timestamp,
    i.prompt,
    i.negative_prompt,
    i.workflow,
    i.seed,
    i.steps,
    i.cfg,
    i.sampler,
    i.scheduler,
    coalesce(l.loras, []) AS loras,
    i.preset,
    i.validation_score,
    i.url AS minio_url,
    i.image
FROM image AS i
LEFT JOIN loras AS l ON i.image = l.image;
