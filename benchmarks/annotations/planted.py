"""A warehouse of any size, made by SQL alone: no store stands behind it."""

from pathlib import Path

from darkroom.adapters.warehouse.building import create
from darkroom.adapters.warehouse.opening import writing

_IMAGES = """
INSERT INTO images BY NAME
SELECT
    concat(
        'p', i % 7, '/working/2026-01-01_00-00-00-', i // 10, '/images/iteration_',
        lpad((i % 10 + 1)::VARCHAR, 3, '0'), '.png'
    ) AS image,
    image || '.json' AS source,
    'darkroom-1' AS form,
    concat('p', i % 7) AS project,
    concat('2026-01-01_00-00-00-', i // 10) AS run_id,
    concat(project, '/', run_id) AS run,
    i % 10 + 1 AS iteration,
    TIMESTAMP '2026-01-01' + to_seconds(i * 60) AS created_at,
    sha256(i::VARCHAR) AS sha256,
    500000 AS size_bytes,
    512 AS width,
    512 AS height,
    concat(
        ['a red circle ', 'sunset over the sea ', 'portrait ', 'castle '][1 + (i % 4)::INT],
        md5(i::VARCHAR), ' highly detailed, sharp focus ', repeat('word ', 20)
    ) AS prompt,
    'blurry' AS negative_prompt,
    'flux.json' AS workflow,
    ['sdxl', 'flux-dev', 'sd15'][1 + (i % 3)::INT] AS model,
    (random() * 100000)::UBIGINT AS seed,
    20 + (i % 30)::INT AS steps,
    1 + random() * 12 AS cfg,
    ['euler', 'dpmpp_2m', 'heun'][1 + (random() * 2)::INT] AS sampler,
    1.0 AS denoise,
    0 AS lora_count,
    0 AS criteria_met,
    0 AS criteria_count,
    random() AS validation_score,
    random() * 10 AS composite_score,
    FALSE AS is_test,
    concat('{"text": "', repeat(md5(i::VARCHAR), 45), '"}') AS document
FROM range($count) AS t(i)
"""
_MARKS = """
INSERT INTO image_marks BY NAME
SELECT image, random() < 0.1 AS is_liked, random() * 10 AS rating
FROM images
WHERE random() < 0.3
"""


def plant(path: Path, count: int) -> None:
    """Write a warehouse of so many images, a third of them annotated."""
    with writing(path) as connection:
        create(connection)
        connection.execute("SELECT setseed(0.5)")
        connection.execute(_IMAGES, {"count": count})
        connection.execute(_MARKS)
