"""Whatever a file holds, reading it gives values or mistakes, never anything else."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from darkroom.adapters import yaml_files
from darkroom.adapters.yaml_files import parse_yaml
from darkroom.adapters.yaml_writing import to_yaml
from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.checking import checked
from darkroom.core.config.contradictions import judge_faults
from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Plain, plain

PIECES = [
    "a", "b", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "'", '"', "|", ">", "&x ", "*x",
    "!t ", "? ", "#", "%", "---\n", "...\n", "no", "012", "1:30", "1e3", "~", "<<", "\\", "\t",
    "acceptance_criteria", "field", "provider", "parameters", "é", "\u2028", "\x00", "\ufeff",
]  # fmt: skip
yamlish = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"),
    max_size=12,
)
scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | words | words.map(str.upper)
numbers = st.floats(allow_nan=False, allow_infinity=False)
surprising = st.sampled_from(["no", "012", "1:30", "1e3", "~", "0b1", "=", "- a", "a: b", "08"])
values = st.recursive(
    scalars | numbers | surprising,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcxyz_", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.fixture(params=["fast", "slow"])
def both_parsers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "slow":
        monkeypatch.setattr(yaml_files, "_LOADER", yaml.SafeLoader)


def survives(data: bytes) -> None:
    parsed = parse_yaml(data, "f")
    for model, faults in ((Rules, rule_faults), (AIGen, None), (AIVis, judge_faults)):
        found, problems = checked(model, parsed.tree, faults)
        assert (found is None) == bool(problems)
    assert all(problem.file == "f" for problem in parsed.problems)


@pytest.mark.usefixtures("both_parsers")
class TestWithEitherParser:
    @settings(max_examples=150, deadline=None)
    @given(yamlish)
    @example('a: "\\U00110000"')
    @example('a: "\\ud800"')
    @example("? ? ?")
    @example("acceptance_criteria:\n  - field: [x]\n    enum: {}\n")
    def test_anything_like_yaml_is_survived(self, text: str) -> None:
        survives(text.encode())

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_survived(self, data: bytes) -> None:
        survives(data)

    @settings(max_examples=100, deadline=None)
    @given(st.dictionaries(st.sampled_from(["a", "b", "c d"]), values, max_size=3))
    def test_what_we_write_is_read_back_the_same(self, document: dict[str, Plain]) -> None:
        parsed = parse_yaml(to_yaml(document).encode(), "f")
        assert parsed.problems == ()
        assert plain(parsed.tree) == document


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 500_000,
        b"{a: " * 200_000,
        b"- " * 300_000,
        b"? " * 300_000,
        b"&a " * 200_000,
        b"a:\n" * 60_000,
        b": " * 300_000,
        b"a: 9" + b"9" * 900_000,
        b"- a: 1:" + b"1:" * 400_000,
        b"%TAG ! x\n" * 30_000,
        b"'" * 900_000,
    ],
    ids=lambda data: data[:8].decode(),
)
def test_a_hostile_megabyte_is_refused_or_read(data: bytes) -> None:
    parsed = parse_yaml(data, "f")
    assert len(parsed.problems) <= 201


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b"]), values, max_size=2))
def test_other_readers_see_what_we_wrote(document: dict[str, Plain]) -> None:
    assert yaml.safe_load(to_yaml(document)) == document
