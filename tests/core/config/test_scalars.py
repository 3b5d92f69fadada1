"""Unquoted words mean what they look like, or are refused."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.config.scalars import control_character, read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("No", False),
        ("OFF", False),
        ("0", 0),
        ("-12", -12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0.5", 0.5),
        ("-.5", -0.5),
        ("1.0e+3", 1000.0),
        ("1e3", "1e3"),
        ("y", "y"),
        ("2026-01-09", "2026-01-09"),
        ("qwen3-vl:8b", "qwen3-vl:8b"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("٣", "٣"),
    ],
)
def test_plain_words(text: str, value: object) -> None:
    reading = read_scalar(text)
    assert (reading.value, type(reading.value)) == (value, type(value))
    assert reading.refusal is None


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1:30", "'1:30' in quotes"),
        ("16:9", "'16:9' in quotes"),
        ("1:30.5", "base sixty"),
        ("012", "write 12 for the number or '012' in quotes"),
        ("007", "write 7"),
        ("00.5", "write 0.5"),
        ("-08", "write 8"),
        ("0b11", "decimal"),
        ("0o17", "decimal"),
        (".nan", "no number"),
        ("-.inf", "no number"),
        ("1.0e+400", "too large"),
        ("9" * 41, "too long"),
        ("0x" + "f" * 5000, "too long"),
    ],
)
def test_traps_are_refused_with_advice(text: str, advice: str) -> None:
    reading = read_scalar(text)
    assert reading.value is None
    assert advice in (reading.refusal or "")


@pytest.mark.parametrize("text", ["yes", "True", "1e3", "1.5E9", ".5e3"])
def test_surprising_words_keep_how_they_were_written(text: str) -> None:
    assert read_scalar(text).written == text


@given(st.text(alphabet="0123456789+-._:exobyn~TFtrue", max_size=12))
def test_what_is_accepted_is_what_other_readers_see(text: str) -> None:
    """No other YAML 1.1 reader takes an accepted word for another number than we do."""
    reading = read_scalar(text)
    resolver = yaml.SafeLoader("")
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    other = yaml.SafeLoader("").construct_object(yaml.ScalarNode(tag, text)) if tag else text
    resolver.dispose()
    if isinstance(reading.value, int | float):
        assert other == reading.value
    if isinstance(reading.value, float):
        assert math.isfinite(reading.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [("a\nb\tc", None), ("é🙂", None), ("\x1b[2J", "U+001B"), ("\ud800", "U+D800")],
)
def test_control_characters_are_found(text: str, found: str | None) -> None:
    assert control_character(text) == found
