-- one row per part of a sidecar whose image is not there; there must be none
SELECT 'image_loras' AS part, image FROM image_loras ANTI JOIN images USING (image)
UNION ALL
SELECT 'variations' AS part, image FROM variations ANTI JOIN images USING (image)
UNION ALL
SELECT 'answers' AS part, image FROM answers ANTI JOIN images USING (image)
UNION ALL
SELECT 'criteria' AS part, image FROM criteria ANTI JOIN images USING (image);
