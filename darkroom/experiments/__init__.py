"""Experiments: many cells drawn, judged and compared, as plain Python.

Owns what a declared experiment does with the images of its cells. Knows no Prefect:
flows call these functions, doors render what they return.
"""
