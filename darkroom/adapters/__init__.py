"""The outside world: one module or small package per neighbour.

Each translates the errors of its neighbour into ours at its own border; nothing
above this layer sees an exception of minio, requests, PIL or the file system.
"""
