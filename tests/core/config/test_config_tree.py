"""Layers join by one rule, and every value keeps where it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.config.tree import (
    Branch,
    Items,
    Leaf,
    Node,
    Origin,
    dotted,
    find,
    from_plain,
    leaves,
    merge,
    origin_of,
    plain,
    without_lines,
)

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "y"])
keys = st.sampled_from("abc")
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def tree(value: object, source: str = "file") -> Node:
    return from_plain(value, Origin(source, 1))


def three_layers() -> st.SearchStrategy[tuple[Node, Node, Node]]:
    layers = [values.map(lambda value, name=name: tree(value, name)) for name in ("a", "b", "c")]
    return st.tuples(*layers)


@given(three_layers())
def test_merging_is_associative_with_values_and_origins(layers: tuple[Node, Node, Node]) -> None:
    low, middle, high = layers
    assert merge(merge(low, middle), high) == merge(low, merge(middle, high))


@given(values)
def test_merging_with_nothing_changes_nothing(value: object) -> None:
    node = tree({"k": value})
    empty = tree({}, "nowhere")
    assert merge(node, empty) == node
    assert plain(merge(empty, node)) == plain(node)


@given(values, values)
def test_what_the_upper_layer_says_is_what_holds(low: object, high: object) -> None:
    merged = merge(tree(low), tree(high, "upper"))
    for path, leaf in leaves(tree(high, "upper")):
        assert find(merged, path) == leaf


@given(values)
def test_bare_values_survive_the_tree(value: object) -> None:
    assert plain(tree(value)) == value


def test_mappings_join_and_lists_are_replaced() -> None:
    low = tree({"a": {"x": 1, "y": 2}, "l": [1, 2]})
    high = tree({"a": {"y": 3}, "l": [9]})
    assert plain(merge(low, high)) == {"a": {"x": 1, "y": 3}, "l": [9]}


def test_a_mapping_that_replaced_a_value_hides_what_is_still_lower() -> None:
    low, middle, high = tree({"a": {"x": 1}}), tree({"a": 5}), tree({"a": {"y": 2}})
    assert plain(merge(merge(low, middle), high)) == {"a": {"y": 2}}


def test_a_missing_key_is_told_at_the_section_where_it_belongs() -> None:
    inner = Branch({}, Origin("f", 7))
    document = Branch({"a": inner, "l": Items((inner,), Origin("f", 9))}, Origin("f"))
    assert origin_of(document, ("a", "missing", "deeper")).line == 7
    assert origin_of(document, ("l", 5)).line == 9
    assert origin_of(document, ("nothing",)).line is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b"), "a.b"),
        (("a", 0, "b"), "a[0].b"),
    ],
)
def test_a_path_reads_as_people_write_it(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


def test_an_origin_reads_as_file_and_line() -> None:
    assert str(Origin("f.yaml", 3)) == "f.yaml:3"
    assert str(Origin("--set")) == "--set"


def test_lines_can_be_taken_out_of_a_flags_value() -> None:
    stripped = without_lines(tree({"a": [1]}))
    assert {leaf.origin.line for _, leaf in leaves(stripped)} == {None}
    assert plain(stripped) == {"a": [1]}


def test_a_step_of_the_wrong_kind_finds_nothing() -> None:
    assert find(tree([1]), ("a",)) is None
    assert find(tree({"a": 1}), (0,)) is None
    assert find(Leaf(1, Origin("f")), ("a", "b")) is None
