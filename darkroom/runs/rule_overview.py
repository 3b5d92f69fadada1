"""The rules of a project as a person checks them: what each wants and what it does.

Owns one record for `rules check`. Mistakes in the file are told by the reader of the
project; here it is right already.
"""

from dataclasses import dataclass

from darkroom.adapters.projects import open_project
from darkroom.adapters.settings import open_lab
from darkroom.core.config.rules import Criterion
from darkroom.core.wording import Prompts, worded


@dataclass(frozen=True)
class Row:
    """One criterion."""

    field: str
    type: str
    wants: str
    on_fail: str
    effect: str


@dataclass(frozen=True)
class Overview:
    """All criteria and the prompts they make."""

    project: str
    criteria: tuple[Row, ...]
    positive: str
    negative: str


def overview(name: str) -> Overview:
    """Read the rules, or raise with every mistake in them."""
    project = open_project(open_lab(), name)
    criteria, start = project.rules.acceptance_criteria, project.aigen.prompts
    prompts = worded(Prompts(start.positive, start.negative), criteria)
    rows = tuple(_row(each) for each in criteria)
    return Overview(name, rows, prompts.positive, prompts.negative)


def _row(each: Criterion) -> Row:
    return Row(each.field, each.type, _wants(each), each.on_fail or "by strategy", _effect(each))


def _wants(each: Criterion) -> str:
    if each.type == "boolean":
        return "no" if each.max == 0 else "yes"
    bounds = [("at least", each.min), ("at most", each.max)]
    told = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    return " and ".join(told) or "an answer"


def _effect(each: Criterion) -> str:
    terms = [("+", each.must_include), ("-", each.ban_terms), ("avoids ", each.avoid_terms)]
    return ", ".join(f"{sign}{term}" for sign, words in terms for term in words) or "none"
