-- one row per row of the warehouse whose document is not among the sources; there must be none
SELECT 'images' AS part, source FROM images ANTI JOIN sources USING (source)
UNION ALL
SELECT 'scores' AS part, source FROM scores ANTI JOIN sources USING (source)
UNION ALL
SELECT 'score_documents' AS part, source FROM score_documents ANTI JOIN sources USING (source)
UNION ALL
SELECT 'annotations' AS part, source FROM annotations ANTI JOIN sources USING (source)
UNION ALL
SELECT 'runs' AS part, source FROM runs ANTI JOIN sources USING (source)
UNION ALL
SELECT 'run_results' AS part, source FROM run_results ANTI JOIN sources USING (source)
UNION ALL
SELECT 'rankings' AS part, source FROM rankings ANTI JOIN sources USING (source)
UNION ALL
SELECT 'failures' AS part, source FROM failures ANTI JOIN sources USING (source)
UNION ALL
SELECT 'refinements' AS part, source FROM refinements ANTI JOIN sources USING (source)
UNION ALL
SELECT 'quarantine' AS part, source FROM quarantine ANTI JOIN sources USING (source);
