"""Keys of one file that must not say certain things together, and how judges are layered."""

from typing import Any

import pytest

from darkroom.core.config.contradictions import (
    drawing_faults,
    judge_faults,
    merge_judges,
    store_faults,
)
from darkroom.core.config.tree import Leaf, Origin, dotted, from_plain, plain


def layered(low: dict[str, Any], high: dict[str, Any]) -> object:
    return plain(merge_judges(from_plain(low, Origin("low")), from_plain(high, Origin("high"))))


LOCAL = {"provider": "ollama", "model": "a", "base_url": "http://x", "retries": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://127.0.0.1:8188", "http://localhost:8188"),
        ("http://[::1]:8188", "http://LOCALHOST:8188/"),
        ("http://0.0.0.0:8188", "http://box.localhost:8188"),
        ("http://gpu-a", "http://GPU-A.:80"),
        ("https://gpu-a:443/comfy", "https://gpu-a/comfy/"),
        ("http://[fe80::1]:8188", "http://[FE80:0:0::1]:8188"),
    ],
)
def test_one_server_has_one_name(first: str, second: str) -> None:
    hosts = {"studio": {"url": first}, "spare": {"url": "http://gpu-z:8188"}, "b": {"url": second}}
    (fault,) = store_faults({"hosts": hosts})
    assert dotted(fault.path) == "hosts.b.url"
    assert fault.message.startswith("is the server that is called studio already")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://127.0.0.1:8188", "http://127.0.0.1:8189"),
        ("http://127.0.0.1:8188", "http://127.0.0.2:8188"),
        ("http://gpu-a:8188", "https://gpu-a:8188"),
        ("http://gpu-a:8188/one", "http://gpu-a:8188/two"),
        ("http://gpu-a:x", "http://gpu-a:x"),  # each is a mistake of its own
        ("ftp://gpu-a", "ftp://gpu-a"),
        (None, None),
    ],
)
def test_other_addresses_are_other_servers(first: object, second: object) -> None:
    hosts = {"studio": {"url": first}, "b": {"url": second}}
    assert list(store_faults({"hosts": hosts})) == []


def test_another_provider_drops_the_model_of_the_old_one() -> None:
    assert layered(LOCAL, {"provider": "openrouter"}) == {"provider": "openrouter", "retries": 1}


def test_another_provider_may_bring_its_own_model() -> None:
    assert layered(LOCAL, {"provider": "openai", "model": "b"}) == {
        "provider": "openai",
        "model": "b",
        "retries": 1,
    }


def test_the_same_provider_keeps_its_model() -> None:
    assert layered(LOCAL, {"provider": "ollama", "retries": 3}) == LOCAL | {"retries": 3}


def test_the_fallback_is_kept_apart_from_the_first_choice() -> None:
    low = LOCAL | {"fallback_provider": "openai", "fallback_model": "b"}
    assert layered(low, {"fallback_provider": "embedded"}) == LOCAL | {
        "fallback_provider": "embedded"
    }


def test_a_layer_that_is_no_mapping_is_merged_plainly() -> None:
    leaf = Leaf(3, Origin("high"))
    assert merge_judges(from_plain({}, Origin("low")), leaf) == leaf


@pytest.mark.parametrize(
    ("document", "keys"),
    [
        ({"provider": "ollama", "model": "a"}, []),
        ({"provider": "embedded"}, []),
        ({"provider": "nonsense"}, []),
        ({"provider": "openai"}, ["model"]),
        ({"provider": "embedded", "fallback_provider": "ollama"}, ["fallback_model"]),
        ({"provider": "embedded", "fallback_model": "x"}, ["fallback_model"]),
        ({"provider": "embedded", "holdout": {"provider": "embedded"}}, ["holdout"]),
        ({"provider": "embedded", "holdout": {"provider": "ollama"}}, ["holdout.model"]),
        ({"provider": ["x"], "holdout": 4}, []),
        (None, []),
    ],
)
def test_judges(document: object, keys: list[str]) -> None:
    assert [dotted(fault.path) for fault in judge_faults(document)] == keys


@pytest.mark.parametrize(
    ("strategies", "count"),
    [
        ({"different_below": 0.3, "similar_above": 0.8}, 0),
        ({"different_below": 0.9, "similar_above": 0.8}, 1),
        ({"different_below": "x", "similar_above": 0.8}, 0),
        ({}, 0),
    ],
)
def test_too_different_lies_below_too_similar(strategies: object, count: int) -> None:
    assert len(list(drawing_faults({"strategies": strategies}))) == count


@pytest.mark.parametrize(
    ("store", "keys"),
    [
        ({"kind": "s3"}, ["store.endpoint", "store.bucket"]),
        ({"kind": "s3", "endpoint": "http://x", "bucket": "b"}, []),
        ({"kind": "folder"}, []),
        (None, []),
    ],
)
def test_an_s3_store_needs_its_address(store: object, keys: list[str]) -> None:
    assert [dotted(fault.path) for fault in store_faults({"store": store})] == keys
