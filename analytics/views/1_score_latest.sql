-- one row per image and metric identity (metric, tier, version, weights): the latest measurement
CREATE VIEW score_latest AS
SELECT *
FROM scores
QUALIFY
    row_number() OVER (
        PARTITION BY image, metric, tier, version, weights_sha256
        ORDER BY measured_at DESC NULLS LAST, source DESC
    ) = 1;
