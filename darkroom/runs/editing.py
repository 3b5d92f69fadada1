"""A person's changes to a run under way: what they change, and that they stay changed.

Owns the document that keeps one edit, `edit/iteration_NNN_edit.json`, written before the
step it changes, and its effect on the plan. A resumed run reads it and takes the same
decisions again; the live file itself is only where an edit comes from.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError

from darkroom.core.config.aigen import AIGen
from darkroom.core.decide import Try
from darkroom.core.wording import Prompts
from darkroom.runs import records
from darkroom.runs.live import read_live
from darkroom.runs.run import Run
from darkroom.runs.telling import Said, tell

_SETTINGS = ("denoise", "cfg", "steps", "seed", "sampler_name", "scheduler")
_PROMPTS = ("positive", "negative")
_WHOLE = ("model", "preset", "bindings", "strategies")


def edited(run: Run, step: Try) -> Try:
    """The step with what a person changed since the iteration before it was settled."""
    saved = run.docs.of("edit", step.iteration)
    if saved is None:
        aigen, last = read_live(run), _last_step(run, step.iteration)
        if aigen is None or last is None or not (changed := _changed(run, last, aigen)):
            return step
        content = {"iteration": step.iteration, "changed": changed}
        saved = run.docs.save(
            "edit", step.iteration, content | {"aigen": aigen.model_dump(mode="json")}
        )
        tell(Said(f"changed by hand: {', '.join(changed)}"))
    apply_edit(run, saved)
    return _with_edit(run, step, _names(saved))


def apply_edits(run: Run) -> None:
    """Take every edit of the run into its plan, in order."""
    prefix = f"{run.keys.root}/edit/"
    for key in run.docs.store.iter_keys(prefix):
        saved = run.docs.get(key)
        if saved is not None:
            apply_edit(run, saved)


def apply_edit(run: Run, saved: Mapping[str, object]) -> None:
    """Take one edit into the plan and the project of the run."""
    try:
        aigen, names = AIGen.model_validate(saved["aigen"]), _names(saved)
    except (KeyError, TypeError, ValidationError) as exc:
        raise records.damaged(f"{run.keys.root}/edit", exc) from exc
    run.project = replace(run.project, aigen=aigen)
    settings, prompts = _values(aigen, names)
    run.plan = replace(
        run.plan,
        settings=replace(run.plan.settings, **settings),
        prompts=replace(run.plan.prompts, **prompts),
        fixed_seed=run.plan.fixed_seed or "seed" in settings,
        similarity=aigen.strategies,
    )


def _names(saved: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(cast("list[str]", saved["changed"]))


def _values(aigen: AIGen, names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str]]:
    """The changed settings and prompts, by their names."""
    settings = {name: getattr(aigen.parameters, name) for name in _SETTINGS if name in names}
    if settings.get("seed", 0) is None:
        del settings["seed"]  # "draw one" is what happens anyway
    return settings, {name: getattr(aigen.prompts, name) for name in _PROMPTS if name in names}


def _with_edit(run: Run, step: Try, names: tuple[str, ...]) -> Try:
    settings, prompts = _values(run.project.aigen, names)
    return replace(
        step,
        settings=replace(step.settings, **settings),
        prompts=replace(step.prompts, **prompts) if prompts else step.prompts,
        # nobody is asked to improve what a person has just written
        reword=() if prompts else step.reword,
        suggest=None if {"denoise", "cfg"} & set(names) else step.suggest,
        why=f"{step.why}; changed by hand: {', '.join(names)}",
    )


def _last_step(run: Run, number: int) -> Try | None:
    saved = run.docs.of("step", number - 1)
    return records.read_step(saved, run.keys.document("step", number - 1)) if saved else None


def _changed(run: Run, last: Try, aigen: AIGen) -> list[str]:
    """What differs from what the file said when we wrote it."""
    before, sizes = run.project.aigen, ("width", "height")
    told, words = aigen.parameters, aigen.prompts
    wanted: Prompts = last.prompts
    found = [name for name in _SETTINGS if getattr(told, name) != getattr(last.settings, name)]
    found += [name for name in sizes if getattr(told, name) != getattr(before.parameters, name)]
    found += [name for name in _PROMPTS if getattr(words, name) != getattr(wanted, name)]
    return found + [name for name in _WHOLE if getattr(aigen, name) != getattr(before, name)]
