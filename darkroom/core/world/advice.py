"""Better prompts for the shape world, without a language model.

Owns one piece of advice: whatever was seen and not asked for joins the negative
prompt, so that the sampler is pushed away from the mistake it made.
"""

from darkroom.core.wording import Prompts, holds
from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.parsing import read_prompt


def advised(prompts: Prompts, seen: str) -> Prompts:
    """Return the prompts with what was wrongly drawn added to the negative one."""
    wanted = read_prompt(prompts.positive).facts
    drawn = read_prompt(seen).facts
    unwanted = [_named(item) for item in drawn.objects if not _asked_for(item, wanted)]
    if drawn.background and wanted.background and drawn.background != wanted.background:
        unwanted.append(f"{drawn.background} background")
    negative = prompts.negative
    for term in dict.fromkeys(filter(None, unwanted)):
        if not holds(negative, term):
            negative = f"{negative.rstrip(' ,')}, {term}" if negative.strip(" ,") else term
    return Prompts(prompts.positive, negative)


def _asked_for(item: ObjectFacts, wanted: Facts) -> bool:
    """Whether some stated object has this colour and shape."""
    return any(
        stated.colour in {None, item.colour} and stated.shape in {None, item.shape}
        for stated in wanted.objects
    )


def _named(item: ObjectFacts) -> str:
    return " ".join(word for word in (item.colour, item.shape) if word)
