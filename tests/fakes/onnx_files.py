"""Tiny networks as onnx files, written byte by byte: no library of the format is needed.

Each is MatMul of the batch's mean over its pixels with a column, or of its rows with a
matrix; enough for the code around a network to be run for real.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

_FLOAT, _INT64 = 1, 7


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def _field(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _value(name: str, kind: int, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(
        _field(1, _field(1, one) if isinstance(one, int) else _field(2, one)) for one in shape
    )
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dims)))


def _tensor(name: str, values: np.ndarray[Any, Any], kind: int) -> bytes:
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, values.tobytes())


def _node(kind: str, inputs: tuple[str, ...], output: str, attributes: bytes = b"") -> bytes:
    named = b"".join(_field(1, one) for one in inputs)
    return named + _field(2, output) + _field(4, kind) + attributes


def _attribute(name: str, number: int) -> bytes:
    return _field(5, _field(1, name) + _field(3, number) + _field(20, 2))


def _model(graph: bytes, metadata: Mapping[str, str]) -> bytes:
    properties = b"".join(_field(14, _field(1, k) + _field(2, v)) for k, v in metadata.items())
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 17)) + properties


def network(kind: str, about: Mapping[str, Any], matrix: np.ndarray[Any, Any]) -> bytes:
    """Pictures (N, 3, H, W), rows (N, W) or numbers of words (N, 77) to rows."""
    takes = {"clip-text": (_INT64, ("n", 77)), "aesthetic-head": (_FLOAT, ("n", len(matrix)))}
    type_, shape = takes.get(kind, (_FLOAT, ("n", 3, "h", "w")))
    if kind == "clip-text":
        nodes = [_node("Cast", ("batch",), "rows", _attribute("to", _FLOAT))]
    elif kind == "aesthetic-head":
        nodes = [_node("Identity", ("batch",), "rows")]
    else:
        nodes = [
            _node("GlobalAveragePool", ("batch",), "pooled"),
            _node("Flatten", ("pooled",), "rows"),
        ]
    nodes.append(_node("MatMul", ("rows", "matrix"), "found"))
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "g")
    graph += _field(5, _tensor("matrix", matrix.astype(np.float32), _FLOAT))
    graph += _field(11, _value("batch", type_, shape))
    graph += _field(12, _value("found", _FLOAT, ("n", matrix.shape[1])))
    metadata = {"format": "darkroom.onnx/1", "kind": kind, "about": json.dumps(about)}
    return _model(graph, metadata)
