"""Which servers a choice of hosts means in this laboratory.

Owns what `any` stands for: every host of darkroom.yaml that is not drained now, or the
built-in engine where none is configured. Contacts no server.
"""

from collections.abc import Iterable

from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import Lab
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.host_choice import ANY
from darkroom.core.errors import UsageError


def servers_of(lab: Lab, told: Comfy) -> tuple[Comfy, ...]:
    """The servers that may draw, each once; one name means that server, drained or not."""
    return once(each for one in told.each for each in _meant(lab, one))


def once(servers: Iterable[Comfy]) -> tuple[Comfy, ...]:
    """The same, each server once."""
    return tuple({(each.host, each.port): each for each in servers}.values())


def is_any(lab: Lab, name: str) -> bool:
    """Whether this stands for every host; a host that is called so comes first."""
    return name == ANY and ANY not in lab.config.hosts


def _meant(lab: Lab, one: Comfy) -> tuple[Comfy, ...]:
    if not is_any(lab, one.host):
        return (one,)
    known = tuple(lab.config.hosts) or (EMBEDDED,)
    drains = Drains(lab)
    names = [name for name in known if not drains.is_drained(name)]
    if not names:
        hint = "let one draw again: darkroom hosts resume NAME"
        raise UsageError("fleet-empty", f"every server is drained: {', '.join(known)}", hint=hint)
    return tuple(one.model_copy(update={"host": name}) for name in names)
