"""The write path: from a job to a committed image, and back to order after any crash.

Plain Python over a `Store` and `Renderer`s. Knows no configuration file, no door and
no scheduler; those hand in what they chose.
"""
