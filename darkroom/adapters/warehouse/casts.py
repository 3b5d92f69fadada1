"""Columns from JSON values: all at once where every value fits, one by one where not.

Owns the agreement of both ways: the quick one is taken only where it gives what `values`
would give, so a row never depends on which others were read with it. Does without Arrow's
own computing, which takes every worker a tenth of a second to load.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from darkroom.adapters.warehouse import values as v
from darkroom.core.sidecar.fields import Json

_NONE = type(None)
_WHOLE = frozenset({int, _NONE})
_NUMBERS = frozenset({int, float, _NONE})
_NOTHING = frozenset({_NONE})
_FLAGS = frozenset({bool, _NONE})


def column(
    values: Sequence[Any], kind: pa.DataType, limits: tuple[float, float] | None
) -> pa.Array:
    """A column of that type; what does not fit is NULL."""
    try:
        # Arrow refuses by itself what is no text, but takes a truth value for a number
        fits = pa.types.is_string(kind) or set(map(type, values)) <= _fitting(kind)
        if fits and (limits is None or _are_within(values, limits)):
            return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass  # one value at least does not fit
    cast = _caster(kind, limits)
    return pa.array([cast(value) for value in values], kind)


def _fitting(kind: pa.DataType) -> frozenset[type]:
    if pa.types.is_timestamp(kind):
        return _NOTHING
    if pa.types.is_boolean(kind):
        return _FLAGS
    return _NUMBERS if pa.types.is_floating(kind) else _WHOLE


def _are_within(values: Sequence[Any], limits: tuple[float, float]) -> bool:
    lowest, highest = limits
    return all(value is None or lowest <= value <= highest for value in values)


def _caster(kind: pa.DataType, limits: tuple[float, float] | None) -> Callable[[Json], object]:
    if pa.types.is_string(kind):
        return v.text
    if pa.types.is_timestamp(kind):
        return v.when
    if pa.types.is_boolean(kind):
        return v.flag
    if pa.types.is_floating(kind):
        lowest, highest = limits or (float("-inf"), float("inf"))
        return lambda value: v.within(value, lowest, highest)
    if pa.types.is_uint64(kind):
        return v.seed
    return v.big if pa.types.is_int64(kind) else v.integer


def repeated(values: Iterable[str], counts: Iterable[int]) -> list[str]:
    """Each value as many times as its count says."""
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
