-- one row per LoRA, and per word or pair of neighbouring words in prompts, with the numbers of
-- the images that have it; an image may have many
-- only those are listed that at least $least images have and at least $least have not, of words
-- the $most commonest; $small words are passed over, and no pair reaches across punctuation
WITH prompts AS (
    SELECT
        prompt,
        list(nth) AS places,
        regexp_extract_all(
            regexp_replace(lower(prompt), '<[^>]*>', ' , ', 'g'),
            '[\p{L}\p{N}][\p{L}\p{N}_-]*|[,.;:!?|\n]'
        ) AS parts
    FROM pattern_scope
    GROUP BY prompt
),

cut AS (
    SELECT
        places,
        list_filter(parts, LAMBDA part: NOT list_contains($small::VARCHAR[], part)) AS parts
    FROM prompts
),

listed AS (
    SELECT
        places,
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
    FROM cut
),

counted AS (
    SELECT
        word,
        flatten(list(places)) AS places
    FROM listed
    WHERE NOT regexp_matches(word, '[,.;:!?|\n]')
    GROUP BY word
    HAVING
        sum(len(places)) >= $least
        AND sum(len(places)) <= (SELECT count(*) FROM pattern_scope) - $least
    ORDER BY sum(len(places)) DESC, word ASC
    LIMIT $most
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
