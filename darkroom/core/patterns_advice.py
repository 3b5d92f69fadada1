"""What a failure pattern says to people: how sure it is, and what to do about it.

Owns the sentences. What is found and what a trial proves is `patterns`'s business.
"""

from darkroom.core.patterns import LORA, PROMPT, Better, Item, Items, Kept, Trial
from darkroom.core.significance import Tally

_UNTRIED = "Not proven yet: `darkroom patterns --confirm` tries it with fresh seeds."
_MORE = "`darkroom patterns --confirm` draws more."


def recommend(kept: Kept, base: float, better: Better | None, trial: Trial | None) -> str:
    """What failed how often, what to do, and what is known of it; a few plain sentences."""
    tally, items = kept.cell.tally, kept.cell.items
    told = f"{_asked(items)}: {_share(tally)} failed, {base:.0%} of all images did."
    others = _others(kept.same_as)
    advice = _advice(items, better)
    if trial is None:
        return f"Suspect {told}{others} {advice} {_UNTRIED}"
    shown = _shown(trial)
    if trial.verdict == "refuted":
        return f"No longer suspect {told} Fresh seeds did not repeat it{shown}"
    if trial.verdict == "confirmed":
        return f"Avoid {told}{others} {advice} Fresh seeds confirm it{shown}"
    return f"Suspect {told}{others} {advice} Fresh seeds could not tell yet{shown} {_MORE}"


def _shown(trial: Trial) -> str:
    """What came of the fresh images, as the end of a sentence."""
    with_it, without_it = trial.with_it, trial.without_it
    if not with_it.count + without_it.count:
        return ": nobody has judged the images of the trial."
    return f": {_share(with_it)} failed with it, {_share(without_it)} without."


def _others(same_as: tuple[Items, ...]) -> str:
    """What the images have in common besides; counting cannot tell which of them it is."""
    if not same_as:
        return ""
    named = "; ".join(_asked(items) for items in same_as)
    return f" The same images have this in common, and it may be that instead: {named}."


def _asked(items: Items) -> str:
    *first, last = [_named(item) for item in items]
    return f"{', '.join(first)} and {last}" if first else last


def _named(item: Item) -> str:
    if item.axis == PROMPT:
        return f"{item.value!r} in the prompt"
    return f"LoRA {item.value}" if item.axis == LORA else f"{item.axis} {item.value}"


def _advice(items: Items, better: Better | None) -> str:
    if better is not None:
        seldom = _share(better.tally)
        return f"Choose {better.axis} {better.value} instead: with it {seldom} failed."
    if len(items) > 1:
        return "Do not combine them."
    axes = {item.axis for item in items}
    if PROMPT in axes:
        return "Say it in other words."
    return "Leave it out." if LORA in axes else "Choose another value."


def _share(tally: Tally) -> str:
    return f"{tally.failures} of {tally.count} ({tally.rate:.0%})"
