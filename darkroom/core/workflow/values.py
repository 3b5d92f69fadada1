"""What may be written into each role, whatever the host.

Owns the limits that hold everywhere (a seed is never -1, denoise lies in 0..1); what
one host allows beyond that is for `preflight` to say.
"""

import math
from collections.abc import Mapping

from darkroom.core.errors import WorkflowError
from darkroom.core.text import shortened
from darkroom.core.workflow.json_shape import as_list, number, whole_number
from darkroom.core.workflow.roles import Role

LARGEST_SEED = 2**64 - 1
_WHOLE: Mapping[Role, tuple[int, int]] = {
    Role.SEED: (0, LARGEST_SEED),
    Role.STEPS: (1, 10_000),
    Role.WIDTH: (1, 16_384),
    Role.HEIGHT: (1, 16_384),
    Role.BATCH: (1, 4_096),
}
_NUMBERS: Mapping[Role, tuple[float, float]] = {
    Role.CFG: (0.0, 1_000.0),
    Role.GUIDANCE: (0.0, 1_000.0),
    Role.DENOISE: (0.0, 1.0),
}
_MAY_BE_EMPTY = frozenset({Role.PROMPT, Role.NEGATIVE})
_SHOWN_LENGTH = 60


def check_value(role: Role, value: object) -> None:
    """Raise unless the value can stand in this role."""
    expected = _complaint(role, value)
    if expected:
        shown = shortened(repr(value), _SHOWN_LENGTH)
        raise WorkflowError("workflow-value", f"{role} must be {expected}, not {shown}")


def _complaint(role: Role, value: object) -> str:
    if role in _WHOLE:
        low, high = _WHOLE[role]
        is_within = (count := whole_number(value)) is not None and low <= count <= high
        return "" if is_within else f"a whole number from {low} to {high}"
    if role in _NUMBERS:
        low, high = _NUMBERS[role]
        amount = number(value)
        is_within = amount is not None and math.isfinite(amount) and low <= amount <= high
        return "" if is_within else f"a number from {low:g} to {high:g}"
    if role is Role.CLIP and (names := as_list(value)):
        return "" if all(isinstance(name, str) and name for name in names) else "file names"
    is_text = isinstance(value, str) and (value or role in _MAY_BE_EMPTY)
    return "" if is_text else "text"
