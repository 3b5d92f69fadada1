"""Judges: what looks at an image and answers questions about it.

A chat model (`chat`) speaks to a server; a judge turns questions into requests and
replies into typed answers. The measuring judge needs no model at all.
"""
