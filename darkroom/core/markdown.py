"""Tables in Markdown whose cells cannot break them.

Owns the escaping: what stands in a cell may come from a model or a person.
"""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a missing value is a dash."""
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    """One value on one line, without meaning as a table or as HTML."""
    text = "-" if value is None else " ".join(str(value).split())
    return text.replace("|", "\\|").replace("<", "&lt;")
