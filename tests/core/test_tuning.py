from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.tuning import FixedRules, Settings, direction_of, retuned

RULES = FixedRules()
BASE = Settings(0.5, 7.0, 25, 12345, "dpmpp_2m", "karras")


def tuned(settings: Settings, similarity: float | None) -> Settings:
    return retuned(settings, direction_of(similarity, RULES), RULES)


@pytest.mark.parametrize(
    ("similarity", "denoise", "cfg"),
    [
        (0.86, 0.55, 8.0),
        (0.85, 0.5, 7.0),
        (0.5, 0.5, 7.0),
        (0.3, 0.5, 7.0),
        (0.29, 0.45, 7.0),
        (None, 0.5, 7.0),
    ],
)
def test_the_fixed_rule_for_too_similar_and_too_different(
    similarity: float | None, denoise: float, cfg: float
) -> None:
    assert tuned(BASE, similarity) == replace(BASE, denoise=denoise, cfg=cfg)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_settings_never_leave_their_ranges(similarities: list[float]) -> None:
    settings = BASE
    for similarity in similarities:
        settings = tuned(settings, similarity)
    assert 0 <= settings.denoise <= 1
    assert 1 <= settings.cfg <= 20
    assert replace(settings, denoise=0.5, cfg=7.0) == BASE


def test_twenty_steps_up_and_down_do_not_drift() -> None:
    settings = replace(BASE, denoise=0.1)
    for _ in range(6):
        settings = tuned(settings, 0.9)
    for _ in range(6):
        settings = tuned(settings, 0.1)
    assert settings.denoise == 0.1
