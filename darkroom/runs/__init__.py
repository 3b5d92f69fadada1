"""One run of a project: draw, ask, judge, decide, until the rules are met.

Plain Python over the write path and the judges; every step is a function that a task
calls. Knows no scheduler and no door. What is true of a run lies in the store; the
checkpoint beside the project only says which run is open.
"""
