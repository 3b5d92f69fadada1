"""A statement of a person, answered in a process of its own that may die of it.

`asking` is what others call; `process` starts and ends the child, `child` and `answering` are
its side, `wire` what the two say to each other, and `receiving` takes the answer in.
"""
