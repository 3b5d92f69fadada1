"""One I/O step per file: a decorator with its patience around one function of Darkroom."""
