"""Bring images of other tools into the store, with all that is known of each.

Scans folders, reads what each tool left beside or inside its images, and commits every image
with a sidecar that says it was imported. Files of the source are read and never changed.
"""
