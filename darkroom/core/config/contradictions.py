"""What two keys of AIGen.yaml, AIVis.yaml or darkroom.yaml must not say together.

Also owns the rule that a provider brings its own model: a layer that names another
provider drops the model and address that a lower layer chose for the old one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from darkroom.core.config.addresses import Address, address_of
from darkroom.core.config.aivis import DEFAULT_CONCURRENCY
from darkroom.core.config.faults import Fault
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.tree import Branch, Leaf, Node, Path, child, merge

_GROUPS = (
    ("provider", ("model", "base_url", "api_key")),
    ("fallback_provider", ("fallback_model", "fallback_base_url")),
)


def merge_judges(lower: Node, upper: Node) -> Node:
    """Lay one AIVis.yaml over another."""
    if isinstance(lower, Branch) and isinstance(upper, Branch):
        for provider, companions in _GROUPS:
            if _names_another(lower, upper, provider):
                kept = {k: node for k, node in lower.children.items() if k not in companions}
                lower = replace(lower, children=kept)
    return merge(lower, upper)


def _names_another(lower: Branch, upper: Branch, key: str) -> bool:
    before, after = child(lower, key), child(upper, key)
    return isinstance(before, Leaf) and isinstance(after, Leaf) and before.value != after.value


def judge_faults(document: object) -> Iterator[Fault]:
    """Every contradiction in the bare values of an AIVis.yaml."""
    values = _mapping(document)
    yield from _without_model(values, "provider", "model", ())
    yield from _without_model(values, "fallback_provider", "fallback_model", ())
    if values.get("fallback_model") is not None and values.get("fallback_provider") is None:
        yield Fault(("fallback_model",), "needs a fallback_provider beside it")
    holdout = _mapping(values.get("holdout"))
    yield from _without_model(holdout, "provider", "model", ("holdout",))
    steering = (values.get("provider"), values.get("model"))
    if holdout and (holdout.get("provider"), holdout.get("model")) == steering:
        yield Fault(("holdout",), "is the judge that steers; name another one")


def _without_model(
    values: Mapping[str, object], provider: str, model: str, above: Path
) -> Iterator[Fault]:
    named = values.get(provider)
    is_known = isinstance(named, str) and named in DEFAULT_CONCURRENCY
    if is_known and named != EMBEDDED and values.get(model) is None:
        yield Fault((*above, model), f"is missing; {named} needs the name of a model")


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def drawing_faults(document: object) -> Iterator[Fault]:
    """Every contradiction in the bare values of an AIGen.yaml."""
    strategies = _mapping(_mapping(document).get("strategies"))
    low, high = strategies.get("different_below"), strategies.get("similar_above")
    if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
        message = f"{low:g} is not below similar_above, which is {high:g}"
        yield Fault(("strategies", "different_below"), message)


def store_faults(document: object) -> Iterator[Fault]:
    """Every contradiction in the bare values of a darkroom.yaml."""
    store = _mapping(_mapping(document).get("store"))
    if store.get("kind") == "s3":
        for key in ("endpoint", "bucket"):
            if store.get(key) is None:
                yield Fault(("store", key), "is missing; a store of kind s3 needs it")
    yield from _one_server_twice(_mapping(_mapping(document).get("hosts")))


def _one_server_twice(hosts: Mapping[str, object]) -> Iterator[Fault]:
    """Two names would be two servers: drawn on at once, limited and drained apart."""
    known: dict[Address, str] = {}
    for name, told in hosts.items():
        url = _mapping(told).get("url")
        address = address_of(url) if isinstance(url, str) else None
        if address is None:
            continue  # a mistake of its own
        if (first := known.setdefault(address, name)) != name:
            message = f"is the server that is called {first} already; give each server one name"
            yield Fault(("hosts", name, "url"), message)
