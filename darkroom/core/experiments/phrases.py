"""Prompts with alternatives: `a {red|blue} circle` means two prompts.

Owns the grammar. `{a|b}` chooses, groups nest, `{name=a|b}` names the choice and `{name}`
repeats it further on. A backslash before a brace, a bar or an equals sign makes it mean
itself; every other backslash is left for the server. Mistakes are told in plain words.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

MOST_VARIANTS = 10_000
_MOST_LEVELS = 10
_SIGNS = "{}|="
_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]{0,63})\s*=")
_ONLY_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]{0,63})\s*\Z")


@dataclass(frozen=True)
class Group:
    """One choice; a group without a name is called after its place."""

    name: str
    options: tuple["Parts", ...]


@dataclass(frozen=True)
class Again:
    """The choice of a named group, once more."""

    name: str


Part: TypeAlias = str | Group | Again
Parts: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True)
class Variant:
    """One prompt that a template means, and the words chosen for it."""

    text: str
    words: Mapping[str, str]
    """By the name of the group."""


@dataclass(frozen=True)
class Template:
    """A prompt as it was written, understood."""

    written: str
    parts: Parts

    @property
    def count(self) -> int:
        """How many prompts it means."""
        return _count(self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """What its choices are called, in order."""
        return tuple(part.name for part in self.parts if isinstance(part, Group))

    def variants(self) -> Iterator[Variant]:
        """Every prompt it means, the first choice changing slowest."""
        groups = [part for part in self.parts if isinstance(part, Group)]
        for chosen in product(*(tuple(_texts(group)) for group in groups)):
            words = dict(zip(self.names, chosen, strict=True))
            text = "".join(p if isinstance(p, str) else words[p.name] for p in self.parts)
            yield Variant(_unescaped(text), {n: _unescaped(w).strip() for n, w in words.items()})


def plain_template(text: str) -> Template:
    """A prompt in which every sign means itself."""
    return Template(text, (re.sub(r"([{}|=])", r"\\\1", text),))


def read_template(text: str) -> Template:
    """Understand a prompt; ValueError says what is wrong with it."""
    parts, end = _Reader(text).parts(0, 0)
    if end < len(text):
        raise ValueError(f"{_near(text, end)}: '}}' closes nothing; write \\}} for the sign itself")
    template = Template(text, _named(parts))
    if template.count > MOST_VARIANTS:
        raise ValueError(f"means {template.count} prompts; no more than {MOST_VARIANTS} are made")
    return template


@dataclass(frozen=True)
class _Reader:
    """Reads one text from left to right."""

    text: str

    def parts(self, at: int, level: int) -> tuple[Parts, int]:
        """Everything up to the end of this alternative."""
        found: list[Part] = []
        start = at
        while at < len(self.text):
            sign = self.text[at]
            if sign == "\\" and self.text[at + 1 : at + 2] in tuple(_SIGNS):
                at += 2
            elif sign == "{":
                found.append(self.text[start:at])
                group, at = self._group(at, level + 1)
                found.append(group)
                start = at
            elif sign == "}" or (sign == "|" and level):
                break
            else:
                at += 1
        found.append(self.text[start:at])
        return tuple(part for part in found if part != ""), at

    def _group(self, opened: int, level: int) -> tuple[Group | Again, int]:
        if level > _MOST_LEVELS:
            raise ValueError(f"braces are nested deeper than {_MOST_LEVELS} levels")
        named = _NAME.match(self.text, opened + 1)
        at = named.end() if named else opened + 1
        options: list[Parts] = []
        while True:
            option, at = self.parts(at, level)
            options.append(option)
            if at >= len(self.text):
                place = _near(self.text, opened)
                raise ValueError(f"{place}: '{{' is not closed; write \\{{ for the sign itself")
            if self.text[at] == "}":
                break
            at += 1
        return self._made(opened, named[1] if named else "", options, level), at + 1

    def _made(self, opened: int, name: str, options: Sequence[Parts], level: int) -> Group | Again:
        place = _near(self.text, opened)
        if name and level > 1:
            raise ValueError(f"{place}: only outermost braces can have a name")
        if len(options) > 1:
            return Group(name, tuple(options))
        only = options[0][0] if len(options[0]) == 1 else None
        again = _ONLY_NAME.match(only) if isinstance(only, str) and level == 1 else None
        if again is None or name:
            message = "offers one alternative; write {a|b}, or \\{ for the sign itself"
            raise ValueError(f"{place}: {message}")
        return Again(again[1])


def _named(parts: Parts) -> Parts:
    """Every outermost group with a name of its own; what is repeated must be there before."""
    found: list[Part] = []
    known: set[str] = set()
    for part in parts:
        if isinstance(part, Again) and part.name not in known:
            raise ValueError(
                f"{{{part.name}}} repeats a choice that was not made before it; "
                "write {name=a|b} first, or \\{ for the sign itself"
            )
        if not isinstance(part, Group):
            found.append(part)
            continue
        number = sum(isinstance(other, Group) for other in found) + 1
        name = part.name or f"words_{number}"
        if name in known:
            raise ValueError(f"two choices are called {name!r}; {{{name}}} repeats the first")
        known.add(name)
        found.append(Group(name, part.options))
    return tuple(found)


def _count(parts: Parts) -> int:
    groups = (part for part in parts if isinstance(part, Group))
    return math.prod(sum(_count(option) for option in group.options) for group in groups)


def _texts(group: Group) -> Iterator[str]:
    """Every text a group can stand for."""
    for option in group.options:
        choices = [tuple(_texts(p)) if isinstance(p, Group) else (str(p),) for p in option]
        for chosen in product(*choices):
            yield "".join(chosen)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([{}|=])", r"\1", text)


def _near(text: str, at: int) -> str:
    shown = 20
    return repr(text[at : at + shown])
