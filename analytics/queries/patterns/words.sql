-- one row per LoRA, and per word or pair of neighbouring words in prompts, with the numbers of
-- the images that have it; an image may have many
-- only those are listed that at least $least images have and at least $least have not, of words
-- the $most commonest; $small words are passed over, and no pair reaches across punctuation
WITH prompts AS MATERIALIZED (
    SELECT
        row_number() OVER () AS number,
        list(nth) AS places,
        count(*) AS many,
        list_filter(
            regexp_extract_all(
                regexp_replace(lower(prompt), '<[^>]*>', ' , ', 'g'),
                '[\p{L}\p{N}][\p{L}\p{N}_-]*|[,.;:!?|\n]'
            ),
            LAMBDA part: NOT list_contains($small::VARCHAR[], part)
        ) AS parts
    FROM pattern_scope
    GROUP BY prompt
),

listed AS MATERIALIZED (
    SELECT
        number,
        many,
        unnest(
            list_distinct(
                list_concat(
                    parts,
                    list_transform(
                        range(1, len(parts)), LAMBDA nth: parts[nth] || ' ' || parts[nth + 1]
                    )
                )
            )
        ) AS word
    FROM prompts
),

common AS (
    SELECT
        word,
        sum(many) AS images
    FROM listed
    GROUP BY word
    HAVING
        images >= $least
        AND images <= (SELECT count(*) FROM pattern_scope) - $least
        AND NOT regexp_matches(word, '[,.;:!?|\n]')
    ORDER BY images DESC, word ASC
    LIMIT $most
),

counted AS (
    SELECT
        l.word,
        flatten(list(p.places)) AS places
    FROM listed AS l
    INNER JOIN common AS c ON l.word = c.word
    INNER JOIN prompts AS p ON l.number = p.number
    GROUP BY l.word
),

loras AS (
    SELECT
        l.name,
        list(DISTINCT s.nth) AS places
    FROM pattern_scope AS s
    INNER JOIN image_loras AS l ON s.image = l.image
    GROUP BY l.name
    HAVING
        count(DISTINCT s.nth) >= $least
        AND count(DISTINCT s.nth) <= (SELECT count(*) FROM pattern_scope) - $least
)

SELECT
    'lora' AS axis,
    name AS value,
    places
FROM loras
UNION ALL
SELECT
    'prompt' AS axis,
    word AS value,
    places
FROM counted
ORDER BY axis, value;
