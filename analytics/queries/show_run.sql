-- one row: everything known of one run
SELECT *
FROM run_all
WHERE run = $run;
