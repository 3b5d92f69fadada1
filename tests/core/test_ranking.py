from dataclasses import replace

import pytest

from darkroom.core.errors import UsageError
from darkroom.core.ranking import (
    Ranked,
    RankingMode,
    ranking_document,
    read_ranking,
    start_from_ranking,
)
from darkroom.core.tuning import Settings
from darkroom.core.wording import Prompts

BASE = Settings(0.5, 7.0, 20, 1, "euler", "normal")
RANKED = [
    Ranked(3, BASE, Prompts("first", "n"), "least cartoony"),
    Ranked(20, replace(BASE, denoise=0.6, cfg=8.0, steps=25, seed=2), Prompts("second", "")),
    Ranked(12, replace(BASE, denoise=0.7, sampler_name="heun"), Prompts("third", ""), "too dark"),
    Ranked(4, replace(BASE, sampler_name="heun", scheduler="karras"), Prompts("fourth", ""), "x"),
    Ranked(5, replace(BASE, sampler_name="heun", scheduler="karras"), Prompts("fifth", "")),
    Ranked(6, replace(BASE, cfg=20.0), Prompts("sixth", ""), "never read"),
]


def test_rank_one_is_taken_as_it_is() -> None:
    start = start_from_ranking(RANKED, "rank1")
    assert (start.settings, start.prompts) == (BASE, Prompts("first", "n"))
    assert start.notes == ("iteration 3: least cartoony",)


def test_top_three_takes_means_of_numbers_and_the_commonest_names() -> None:
    start = start_from_ranking(RANKED, "top3")
    assert start.settings == Settings(
        0.6, pytest.approx(22 / 3, abs=1e-6), 22, 1, "euler", "normal"
    )
    assert start.prompts == Prompts("first", "n")
    assert start.notes == ("iteration 3: least cartoony", "iteration 12: too dark")


def test_top_five_lets_the_majority_choose_the_sampler() -> None:
    assert start_from_ranking(RANKED, "top5").settings.sampler_name == "heun"


def test_between_equals_the_better_ranked_sampler_wins() -> None:
    pair = [RANKED[2], RANKED[0]]
    assert start_from_ranking(pair, "top3").settings.sampler_name == "heun"


@pytest.mark.parametrize("mode", ["rank1", "top3", "top5"])
def test_an_empty_ranking_is_refused(mode: RankingMode) -> None:
    with pytest.raises(UsageError) as caught:
        start_from_ranking([], mode)
    assert caught.value.code == "ranking-empty"


@pytest.mark.parametrize(
    ("document", "read"),
    [
        (
            {"ranking": ["3", 20, "3", "x", None, -1], "notes": {"3": "good", "y": "no"}},
            ([3, 20], {3: "good"}),
        ),
        ({}, ([], {})),
        ({"ranking": "3", "notes": ["n"]}, ([], {})),
        ({"ranking": ["9" * 400]}, ([], {})),
    ],
)
def test_a_ranking_file_is_read_with_what_it_can_say(
    document: dict[str, object], read: tuple[list[int], dict[int, str]]
) -> None:
    assert read_ranking(document) == read


def test_a_ranking_reads_back_as_it_was_written() -> None:
    document = ranking_document([3, 20, 12], {3: "least cartoony"}, 1768001248.9)
    assert read_ranking(document) == ([3, 20, 12], {3: "least cartoony"})
    assert document == {
        "ranking": ["3", "20", "12"],
        "notes": {"3": "least cartoony"},
        "updated_at": 1768001248.9,
    }
