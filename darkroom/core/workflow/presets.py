"""Presets: named sets of role values that stand behind what was asked for explicitly.

Owns the merging. A preset is written in a YAML file of the project or of the
defaults; reading that file is the configuration's business.
"""

from collections.abc import Mapping

from darkroom.core.workflow.bindings import role_named
from darkroom.core.workflow.roles import Role
from darkroom.core.workflow.values import check_value


def layered(*layers: Mapping[str, object]) -> dict[Role, object]:
    """One table of role values; later layers win, None means "not given"."""
    merged: dict[Role, object] = {}
    for layer in layers:
        for name, value in layer.items():
            if value is not None:
                role = role_named(name)
                check_value(role, value)
                merged[role] = value
    return merged
