-- one row per acceptance criterion of one image, with what was answered
SELECT c.field, c.passed, c.probability, a.value AS answer
FROM criteria AS c
LEFT JOIN answers AS a ON c.image = a.image AND c.field = a.field
WHERE c.image = $image
ORDER BY c.field;
