"""What an action said, as rows for people and programs."""

import json
from collections.abc import Mapping

from darkroom.archive.annotating_log import Said
from darkroom.core.annotations import RunTarget, Target, name_of, run_of, set_by
from darkroom.core.keys import RunKeys


def told(said: Said) -> list[dict[str, object]]:
    """One row per event: which, on what, and what it set."""
    return [
        {
            "event": event.id,
            "action": said.action,
            "target": short_name(event.target),
            "key": name_of(event.target),
            "set": set_by(event),
            "said": in_words(set_by(event)),
        }
        for event in said.events
    ]


def in_words(changes: Mapping[str, object]) -> str:
    """What an event sets, for people."""
    said = [f"{name} = {_word(value)}" for name, value in changes.items()]
    return ", ".join(said) or "nothing"


def _word(value: object) -> str:
    if isinstance(value, str):
        return value
    return "(nothing)" if value is None else json.dumps(value, ensure_ascii=False)


def short_name(target: Target) -> str:
    """How people call it: PROJECT/RUN_ID/ITERATION where that is the same."""
    name = name_of(target)
    run = None if isinstance(target, RunTarget) else run_of(name)
    if run is None:
        return name
    number = name.rpartition("_")[2].partition(".")[0]
    project, _, run_id = run.partition("/")
    is_ours = number.isdigit() and RunKeys(project, run_id).image(int(number)) == name
    return f"{run}/{int(number)}" if is_ours else name
