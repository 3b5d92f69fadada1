"""What a ComfyUI graph means, without ever asking a server.

Owns the shape of graphs, the roles found in them, edits, conversion from the
editor's format and the comparison with what a host says it has. Reads no file
and no socket: documents and `/object_info` answers come in as parsed JSON.
"""
