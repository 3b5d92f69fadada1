-- one row per project that has images
SELECT DISTINCT project
FROM images
WHERE project IS NOT NULL
ORDER BY project;
