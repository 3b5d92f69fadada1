"""Reading checkpoints: bytes of a known digest in, tensors of the expected names out.

Owns strictness. No pickle is ever run: torch loads tensors only, safetensors and MAT
files hold nothing else. A file that does not fit its architecture exactly is refused
rather than half loaded.
"""

import io
import pickle
import struct
from typing import Any, cast

from darkroom.adapters.scorers.torch_extra import extra
from darkroom.core.errors import DataError

_FAULTS = (RuntimeError, ValueError, KeyError, TypeError, EOFError, AttributeError, OSError)
_UNREADABLE = (pickle.UnpicklingError, IndexError, struct.error, AssertionError)


def tensors_of(data: bytes, name: str) -> Any:
    """What a .pth or .safetensors file holds, on the CPU."""
    try:
        if name.endswith(".safetensors"):
            return extra("safetensors.torch").load(data)
        return extra("torch").load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (*_FAULTS, *_UNREADABLE, extra("safetensors").SafetensorError) as exc:
        raise _refused(name, f"holds no plain tensors ({type(exc).__name__}: {exc})") from exc


def mat_arrays(data: bytes, name: str, wanted: tuple[str, ...]) -> tuple[Any, ...]:
    """Arrays of a MATLAB file, in the order asked for."""
    try:
        found = extra("scipy.io").loadmat(io.BytesIO(data), variable_names=wanted)
        return tuple(found[one] for one in wanted)
    except (*_FAULTS, ArithmeticError, NotImplementedError) as exc:
        raise _refused(name, f"lacks {', '.join(wanted)} ({type(exc).__name__})") from exc


def load_strictly(model: Any, tensors: Any, name: str) -> Any:
    """The model with every one of its tensors from the file, and none left over."""
    named = cast("dict[str, Any]", tensors) if isinstance(tensors, dict) else {}
    try:
        model.load_state_dict(named["params"] if set(named) == {"params"} else named, strict=True)
    except _FAULTS as exc:
        reason = " ".join(str(exc).split())[:200]
        raise _refused(name, f"does not fit the model: {reason}") from exc
    return model.eval()


def _refused(name: str, why: str) -> DataError:
    return DataError("weights-refused", f"{name} {why}", where=name)
