"""What people read of a pattern: how often, what to do, and what fresh seeds showed."""

import pytest

from darkroom.core.patterns import LORA, PROMPT, Better, Cell, Item, Items, Kept, Trial, trial_of
from darkroom.core.patterns_advice import recommend
from darkroom.core.significance import Tally

ANGRY, PROFILE, RAIN = Item("Expression", "angry"), Item("Pose", "profile"), Item("Light", "rain")
CROSS, DETAIL = Item(PROMPT, "pink cross"), Item(LORA, "detail")
FRONT = Better("Pose", "front", Tally(1, 20))


def kept(*items: Item, same_as: tuple[Items, ...] = ()) -> Kept:
    return Kept(Cell(items, 1, Tally(17, 20), 5, 1e-9), same_as)


def tried(with_it: Tally, without_it: Tally) -> Trial:
    return trial_of(("t",), with_it, without_it, 0.7)


@pytest.mark.parametrize(
    ("items", "better", "expected"),
    [
        ((ANGRY, PROFILE), FRONT, "Choose Pose front instead: with it 1 of 20 (5%) failed."),
        ((ANGRY, PROFILE), None, "Do not combine them."),
        ((DETAIL, CROSS), None, "Do not combine them."),
        ((ANGRY,), None, "Choose another value."),
        ((CROSS,), None, "Say it in other words."),
        ((DETAIL,), None, "Leave it out."),
    ],
)
def test_a_candidate_is_suspected_with_one_plain_advice(
    items: Items, better: Better | None, expected: str
) -> None:
    text = recommend(kept(*items), 0.1, better, None)
    assert text.startswith("Suspect ")
    assert "17 of 20 (85%) failed, 10% of all images did." in text
    assert expected in text
    assert text.endswith("`darkroom patterns --confirm` tries it with fresh seeds.")


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ((DETAIL, CROSS), "LoRA detail and 'pink cross' in the prompt: "),
        ((ANGRY, RAIN, PROFILE), "Expression angry, Light rain and Pose profile: "),
    ],
)
def test_items_are_named_as_people_say_them(items: Items, named: str) -> None:
    assert recommend(kept(*items), 0.1, None, None).startswith(f"Suspect {named}")


def test_other_names_of_the_same_images_may_be_the_cause_instead() -> None:
    same = kept(ANGRY, same_as=((RAIN,), (PROFILE, CROSS)))
    said = "it may be that instead: Light rain; Pose profile and 'pink cross' in the prompt."
    assert said in recommend(same, 0.1, None, None)


@pytest.mark.parametrize(
    ("trial", "begins", "ends"),
    [
        (
            tried(Tally(12, 12), Tally(1, 12)),
            "Avoid ",
            "Fresh seeds confirm it: 12 of 12 (100%) failed with it, 1 of 12 (8%) without.",
        ),
        (
            tried(Tally(0, 12), Tally(0, 12)),
            "No longer suspect ",
            "did not repeat it: 0 of 12 (0%) failed with it, 0 of 12 (0%) without.",
        ),
        (
            tried(Tally(4, 6), Tally(3, 6)),
            "Suspect ",
            "4 of 6 (67%) failed with it, 3 of 6 (50%) without. "
            "`darkroom patterns --confirm` draws more.",
        ),
        (
            tried(Tally(0, 0), Tally(0, 0)),
            "Suspect ",
            "could not tell yet: nobody has judged the images of the trial. "
            "`darkroom patterns --confirm` draws more.",
        ),
    ],
)
def test_a_trial_says_what_came_of_it(trial: Trial, begins: str, ends: str) -> None:
    text = recommend(kept(ANGRY, PROFILE), 0.1, FRONT, trial)
    assert text.startswith(begins)
    assert text.endswith(ends)
