-- one row per image of `selected` with a known sha256: that sha256 as bytes
SELECT unhex(sha256) AS digest
FROM selected
WHERE regexp_full_match(sha256, '[0-9a-f]{64}')
