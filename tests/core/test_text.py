import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.text import nearest, shortened, visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text", "plain text"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("right\u202eleft", "right\\u{202e}left"),
        ("\x9b31m", "\\x9b31m"),
        ("café 図", "café 図"),
    ],
)
def test_what_would_act_on_a_terminal_is_shown_instead(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(st.text())
def test_nothing_that_comes_out_can_act_on_a_terminal(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 0x20 and c not in "\n\t" for c in shown)
    assert "\x7f" not in shown
    assert visible(shown) == shown


def test_long_text_says_how_much_is_left_out() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 4) == "abcd... (2 more characters)"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("denoize", "denoise"),
        ("DENOISE", "denoise"),
        ("sampler-name", "sampler_name"),
        ("SDXL\\base.safetensors", "SDXL/base.safetensors"),
        ("nothing like it", None),
    ],
)
def test_the_nearest_name_forgives_case_and_separators(name: str, found: str | None) -> None:
    known = ["denoise", "cfg", "sampler_name", "SDXL/base.safetensors"]
    assert nearest(name, known) == found
