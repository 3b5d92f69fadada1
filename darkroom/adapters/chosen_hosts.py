"""Which servers a choice of hosts means in this laboratory.

Owns what `any` stands for (every host of darkroom.yaml that is not drained now, or the
built-in engine where none is configured) and the one name of a server: where its address is
told, it is the host of darkroom.yaml that has it, so that runs draw on it in turns and
`drain`, `models` and `wait_s` hold. Contacts no server.
"""

from collections.abc import Iterable

from darkroom.adapters.drained import Drains
from darkroom.adapters.settings import Lab
from darkroom.core.config.addresses import address_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.host_choice import ANY
from darkroom.core.errors import UsageError

_USUAL_PORT = Comfy().port


def servers_of(lab: Lab, told: Comfy) -> tuple[Comfy, ...]:
    """The servers that may draw, each once; one name means that server, drained or not."""
    return once(known_as(lab, each) for one in told.each for each in _meant(lab, one))


def known_as(lab: Lab, told: Comfy) -> Comfy:
    """The same server by the name darkroom.yaml gives it, if it has one there."""
    is_named = told.is_embedded or told.host in lab.config.hosts
    name = told.host if is_named else host_at(lab, address_told(told))
    # a port beside a name means nothing, and must not make two servers of one
    return told.model_copy(update={"host": name, "port": _USUAL_PORT}) if name else told


def host_at(lab: Lab, url: str) -> str | None:
    """The host of darkroom.yaml that has this address."""
    address = address_of(url)
    known = {address_of(host.url): name for name, host in lab.config.hosts.items()}
    return None if address is None else known.get(address)


def address_told(told: Comfy) -> str:
    """The address that host and port make, where the host is none of darkroom.yaml."""
    return f"http://{told.host}:{told.port}"


def name_by_address(told: Comfy) -> str:
    """What such a server is called; the name is no address."""
    return told.host if told.port == _USUAL_PORT else f"{told.host}-{told.port}"


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
