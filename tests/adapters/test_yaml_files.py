"""YAML is read with its lines and without its traps."""

from pathlib import Path

import pytest

from darkroom.adapters.yaml_files import (
    MAX_BYTES,
    MAX_LEVELS,
    load_yaml,
    parse_value,
    parse_yaml,
    read_yaml,
)
from darkroom.core.config.tree import find, leaves, plain
from darkroom.core.errors import ConfigError


def problems(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    return [str(problem) for problem in parse_value(data, "f").problems]


def test_values_keep_their_lines_and_kinds() -> None:
    text = "a: 1\nb:\n  c: [x, 'no']\n  d: |\n    two\n    lines\ne: 'quoted'\nf:\n"
    parsed = parse_yaml(text.encode(), "f")
    assert parsed.problems == ()
    assert plain(parsed.tree) == {
        "a": 1,
        "b": {"c": ["x", "no"], "d": "two\nlines\n"},
        "e": "quoted",
        "f": None,
    }
    lines = {path: leaf.origin.line for path, leaf in leaves(parsed.tree)}
    assert lines[("a",)] == 1
    assert lines[("b", "c", 1)] == 3
    assert lines[("e",)] == 7


def test_a_section_is_found_at_the_line_of_its_key() -> None:
    tree = parse_yaml(b"a: 1\nb:\n\n  c: 1\nd:\n\n  - 1\n", "f").tree
    assert [find(tree, (key,)).origin.line for key in "bd"] == [2, 5]


def test_words_read_as_truth_values_remember_how_they_were_written() -> None:
    tree = parse_yaml(b"a: off\nb: 'off'\nc: 1e3\n", "f").tree
    written = {path[0]: leaf.origin.written for path, leaf in leaves(tree)}
    assert written == {"a": "off", "b": None, "c": "1e3"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff", "~", "null\n"])
def test_a_file_that_says_nothing_is_an_empty_mapping(text: str) -> None:
    parsed = parse_yaml(text.encode(), "f")
    assert (plain(parsed.tree), parsed.problems) == ({}, ())


@pytest.mark.parametrize("text", ["\ufeffa: 1", "a: 1\r\n", "%YAML 1.2\n---\na: 1\n...\n"])
def test_forms_of_files_that_editors_write_are_accepted(text: str) -> None:
    parsed = parse_yaml(text.encode(), "f")
    assert (plain(parsed.tree), parsed.problems) == ({"a": 1}, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: &x 2", "f:2: b: anchors and aliases are not accepted"),
        ("a: *x", "anchors and aliases are not accepted"),
        ("a: !!python/object/apply:os.system ['id']", "f:1: a: tags are not accepted"),
        ("!!map {a: 1}", "tags are not accepted"),
        ("!!str a: 1", "tags are not accepted"),
        ("%TAG ! tag:x,1:\n---\na: 1", "tag directives are not accepted"),
        ("a: 1\nb: 2\na: 3", "f:3: a: stands here again; first in line 1"),
        ("x: {a: 1, 'a': 2}", "f:1: x.a: stands here again"),
        ("<<: {a: 1}", "merge keys are not accepted"),
        ("[a, b]: 1", "a key must be a single word or text"),
        ("{a: 1}: 1", "a key must be a single word or text"),
        ('"\\x1b[2J": 1', "printable characters"),
        ("k" * 201 + ": 1", "1 to 200"),
        ("'': 1", "1 to 200"),
        ('a: "\\x1b[2J"', "f:1: a: holds the control character U+001B"),
        ('a: "\\0"', "holds the control character U+0000"),
        ("a:\n\t- 1", "f:2: holds a tab"),
        ("a: 'x\ty'", "holds a tab"),
        ("a: \x07", "f:1: holds a control character"),
        ("a: 1\n---\nb: 2", "f:2: a second document starts"),
        ("a: 1:30", "f:1: a: 1:30 is read in base sixty"),
        ("a: 012", "f:1: a: 012 starts with a zero"),
        ("a: .NaN", "no number that can be used"),
        ("a: -.inf", "no number that can be used"),
        ("a: b: c", "must stand in quotes"),
        ("a: @x", "must stand in quotes"),
        ("a: 'x", "a quote or bracket is not closed"),
        ("a: [1, 2", "f:2: is not YAML"),
        ("a\nb: 1", "is not YAML"),
        ('a: "\\ud800"', "is not YAML"),
        ("a: \ufffe", "does not allow"),
        (b"a: \xff", "f:1: is not UTF-8"),
        (b"ok: 1\n\xfe\xff", "f:2: is not UTF-8"),
        ("a: 1".encode("utf-16"), "is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "is longer than 1000000 bytes"),
    ],
)
def test_what_is_refused_says_where_and_why(text: str | bytes, message: str) -> None:
    assert message in "\n".join(problems(text))


def test_every_mistake_of_a_file_is_told() -> None:
    found = problems("a: 012\na: 1\nb: *x\nc: 1:30\nd: !x 1\n")
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("opened", ["[", "{a: "])
def test_levels_are_counted(opened: str) -> None:
    closed = {"[": "]", "{a: ": "}"}[opened]
    deepest = opened * MAX_LEVELS + closed * MAX_LEVELS
    assert problems(deepest) == []
    assert "deeper than 30 levels" in problems(f"[{deepest}]")[0]


def test_the_billion_laughs_are_refused_at_once() -> None:
    laughs = "a: &a [x, x]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20)
    )
    assert "anchors and aliases" in problems(laughs)[0]


@pytest.mark.parametrize(("text", "kind"), [("- 1", "a list"), ("\nx", "a single value")])
def test_a_file_is_a_mapping(text: str, kind: str) -> None:
    parsed = parse_yaml(text.encode(), "f")
    assert plain(parsed.tree) == {}
    assert f"expected a mapping of keys to values, got {kind}" in str(parsed.problems[0])


def test_a_value_may_be_nothing() -> None:
    assert plain(parse_value(b"null", "f").tree) is None
    assert plain(parse_value(b"[1, a]", "f").tree) == [1, "a"]


def test_a_file_is_read_or_told_to_be_wrong(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("a: 1\n", encoding="utf-8")
    bad.write_text("a: 1\na: 2\n", encoding="utf-8")
    assert plain(load_yaml(good, "good.yaml")) == {"a": 1}
    with pytest.raises(ConfigError) as caught:
        load_yaml(bad, "bad.yaml")
    assert [problem.line for problem in caught.value.problems] == [2]
    assert "cannot be" in read_yaml(tmp_path, "x").problems[0].message or "folder" in (
        read_yaml(tmp_path, "x").problems[0].message
    )
