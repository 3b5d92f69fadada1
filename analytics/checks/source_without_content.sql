-- one row per document that was read but is neither taken in nor in quarantine; there must be none
SELECT
    s.source,
    s.kind
FROM sources AS s
WHERE
    NOT EXISTS (SELECT 1 FROM quarantine AS q WHERE q.source = s.source)
    AND CASE s.kind
        WHEN 'annotation' THEN NOT EXISTS (SELECT 1 FROM annotations AS a WHERE a.source = s.source)
        WHEN 'scores' THEN NOT EXISTS (SELECT 1 FROM score_documents AS d WHERE d.source = s.source)
        WHEN 'run' THEN NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.source = s.source)
        WHEN 'result' THEN NOT EXISTS (SELECT 1 FROM run_results AS r WHERE r.source = s.source)
        WHEN 'failure' THEN NOT EXISTS (SELECT 1 FROM failures AS f WHERE f.source = s.source)
        WHEN 'outcome' THEN NOT EXISTS (SELECT 1 FROM failures AS f WHERE f.source = s.source)
        WHEN 'refinement' THEN NOT EXISTS (SELECT 1 FROM refinements AS r WHERE r.source = s.source)
        WHEN 'ranking' THEN FALSE -- a ranking may be empty
        ELSE NOT EXISTS (SELECT 1 FROM images AS i WHERE i.source = s.source)
    END;
