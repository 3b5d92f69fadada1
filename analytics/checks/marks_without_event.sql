-- one row per mark no event explains, and per event on something without marks; there must be none
SELECT 'image' AS target, image AS name FROM image_marks
ANTI JOIN annotations AS a ON image_marks.image = a.image
UNION ALL
SELECT 'image' AS target, image AS name FROM annotations
ANTI JOIN image_marks AS m ON annotations.image = m.image
WHERE annotations.target = 'image'
UNION ALL
SELECT 'run' AS target, run AS name FROM run_marks
ANTI JOIN annotations AS a ON run_marks.run = a.run
UNION ALL
SELECT 'run' AS target, run AS name FROM annotations
ANTI JOIN run_marks AS m ON annotations.run = m.run
WHERE annotations.target = 'run';
