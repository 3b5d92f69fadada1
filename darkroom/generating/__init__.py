"""Draw images from a workflow and words, without rules or judges: `darkroom generate`.

Plain Python over the write path: a request becomes jobs, jobs become committed images.
Knows no door and no scheduler.
"""
