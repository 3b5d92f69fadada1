-- one row per LoRA of one image, in the order they were applied
SELECT name, strength, strength_clip
FROM image_loras
WHERE image = $image
ORDER BY position;
