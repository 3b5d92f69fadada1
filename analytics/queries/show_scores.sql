-- one row per metric of one image: the latest of each identity
SELECT metric, dimension, tier, normalised, raw, calibration, reason, measured_at
FROM score_latest
WHERE image = $image
ORDER BY dimension, metric, tier;
