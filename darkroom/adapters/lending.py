"""Connections lent to one run: settings and secrets that lie over the files while it lasts.

Owns the place where they lie. A run of the worker names blocks of the Prefect server; what
those say is read once and is above darkroom.yaml and the environment, and below the
run's own `--set`. Nothing lent outlives the run, and this module knows no Prefect.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from darkroom.adapters.secret_values import Secrets
from darkroom.core.config.tree import Branch, Node, Origin, Plain, from_plain, merge

NOTHING = Branch({}, Origin("nothing lent"))


@dataclass(frozen=True)
class Lent:
    """A part of darkroom.yaml, and secrets by the names of their variables."""

    tree: Node = NOTHING
    secrets: Mapping[str, SecretStr] = field(default_factory=dict[str, SecretStr])
    origin: str = "lent"

    def over(self, secrets: Secrets) -> Secrets:
        """These secrets with the lent ones above them."""
        origins = dict.fromkeys(self.secrets, self.origin)
        return replace(
            secrets,
            values={**secrets.values, **self.secrets},
            origins={**secrets.origins, **origins},
        )


def lent_from(source: str, settings: dict[str, Plain], secrets: Mapping[str, SecretStr]) -> Lent:
    """What one source lends; what it leaves empty it does not lend."""
    said = _without_nothing(settings)
    filled = {name: value for name, value in secrets.items() if value.get_secret_value().strip()}
    return Lent(from_plain(said, Origin(source)), filled, source)


def _without_nothing(settings: dict[str, Plain]) -> dict[str, Plain]:
    kept: dict[str, Plain] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            if inner := _without_nothing(value):
                kept[key] = inner
        elif value is not None and (not isinstance(value, str) or value.strip()):
            kept[key] = value
    return kept


def together(parts: Iterable[Lent]) -> Lent:
    """All of them; later ones lie above."""
    whole = Lent()
    for part in parts:
        tree, secrets = merge(whole.tree, part.tree), {**whole.secrets, **part.secrets}
        whole = Lent(tree, secrets, part.origin)
    return whole


_lent: ContextVar[Lent | None] = ContextVar("darkroom_lent", default=None)


def lent_now() -> Lent:
    """What is lent here and now."""
    return _lent.get() or Lent()


@contextmanager
def lending(lent: Lent) -> Generator[None]:
    """Lend this to every laboratory that is opened within."""
    token = _lent.set(lent)
    try:
        yield
    finally:
        _lent.reset(token)
