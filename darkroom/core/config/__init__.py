"""What the configuration files may say, and how several layers of them become one.

Owns the models of every file a person edits, the merging of layers with the
origin of each value, and the wording of mistakes. Reads no file: trees come in
from `darkroom.adapters.yaml_files`, and what is wrong goes out as `Problem`s.
"""
