"""Read a prompt: which facts it states, and which of its words mean nothing here.

Owns a small deterministic grammar over the phrases of `lexicon`: sentences
("a large red circle above a small blue square, on a white background") and tags
("red circle, blue square, white background"). It never guesses: a word it
cannot use is listed, so that no one believes it had an effect.
"""

from dataclasses import dataclass, field, replace

from darkroom.core.world.facts import Facts, ObjectFacts, RelationFact
from darkroom.core.world.lexicon import Kind, Phrase, phrases
from darkroom.core.world.vocabulary import MAX_OBJECTS

_OF_A_NOUN = (Kind.COLOUR, Kind.SIZE, Kind.SHAPE, Kind.NOUN)


@dataclass(frozen=True)
class Reading:
    """What a prompt was understood to say."""

    text: str
    facts: Facts
    unknown_words: tuple[str, ...]

    @property
    def understood(self) -> bool:
        """Whether anything was; an empty prompt asks for nothing and is understood."""
        return self.facts.stated > 0 or not self.text.strip()


def read_prompt(text: str) -> Reading:
    """The facts and the unusable words of a prompt."""
    reader = _Reader(phrases(text))
    for at in range(len(reader.phrases)):
        reader.take(at)
    reader.finish()
    count = len(reader.objects) or None
    facts = Facts(reader.background, tuple(reader.objects), tuple(reader.relations), count)
    return Reading(text, facts, tuple(dict.fromkeys(reader.unknown)))


@dataclass
class _Reader:
    """The state of reading from left to right."""

    phrases: tuple[Phrase, ...]
    objects: list[ObjectFacts] = field(default_factory=list[ObjectFacts])
    relations: list[RelationFact] = field(default_factory=list[RelationFact])
    background: str | None = None
    unknown: list[str] = field(default_factory=list[str])
    pending: ObjectFacts = field(default_factory=ObjectFacts)
    number: int = 1
    denied: bool = False
    latest: tuple[int, ...] = ()  # the objects that the last noun introduced
    subject: tuple[int, ...] = ()  # what the last relation spoke of
    relation: str | None = None
    after_and: bool = False
    clause_has_object: bool = False

    def take(self, at: int) -> None:
        """Use one phrase."""
        phrase = self.phrases[at]
        match phrase.kind:
            case Kind.COLOUR | Kind.SIZE:
                self._describe(at, phrase)
            case Kind.SHAPE | Kind.NOUN:
                self._noun(at, phrase)
            case Kind.BACKGROUND:
                self._ground(at, phrase)
            case Kind.PLACE:
                self._place(phrase.value)
            case _:
                self._join(phrase)
        self.after_and = phrase.kind is Kind.AND

    def _join(self, phrase: Phrase) -> None:
        """Use a phrase that describes nothing itself."""
        match phrase.kind:
            case Kind.RELATION:
                self._relate(phrase.value)
            case Kind.NUMBER:
                self.number = int(phrase.value)
            case Kind.AND | Kind.BREAK:
                self._separate()
            case Kind.NOT | Kind.UNKNOWN:
                self.denied = self.denied or phrase.kind is Kind.NOT
                self.unknown.append(phrase.text)
            case _:
                pass  # articles and the like carry nothing

    def finish(self) -> None:
        """Settle what was still open at the end."""
        self._close_clause()
        left = self.pending
        self.unknown += [word for word in (left.size, left.colour, left.place) if word]
        if self.relation:
            self._dangling()

    def _next_kind(self, at: int) -> Kind | None:
        following = self.phrases[at + 1 : at + 2]
        return following[0].kind if following else None

    def _describe(self, at: int, phrase: Phrase) -> None:
        if self._next_kind(at) is Kind.GROUND:  # "a blue background" cannot be drawn
            self.unknown.append(f"{phrase.text} background")
        elif self._before_noun(at):
            overruled = getattr(self.pending, phrase.kind.value)
            self.unknown += [overruled] if overruled else []
            self.pending = replace(self.pending, **{phrase.kind.value: phrase.value})
        elif self.latest and self.clause_has_object:  # "a circle that is red"
            self._amend(phrase.kind.value, phrase.value)
        else:
            self.unknown.append(phrase.text)

    def _before_noun(self, at: int) -> bool:
        for phrase in self.phrases[at + 1 :]:
            if phrase.kind in (Kind.SHAPE, Kind.NOUN):
                return True
            if phrase.kind not in (Kind.COLOUR, Kind.SIZE, Kind.PLACE, Kind.UNKNOWN):
                return False
        return False

    def _amend(self, attribute: str, value: str) -> None:
        for at in self.latest:
            if getattr(self.objects[at], attribute) is None:
                self.objects[at] = replace(self.objects[at], **{attribute: value})
            else:
                self.unknown.append(value)

    def _noun(self, at: int, phrase: Phrase) -> None:
        before = self.phrases[at - 1] if at else None
        if phrase.kind is Kind.NOUN and before is not None and before.kind is Kind.SHAPE:
            return  # "a square shape" is a square
        shape = phrase.value if phrase.kind is Kind.SHAPE else None
        made = replace(self.pending, shape=shape)
        self.pending = ObjectFacts()
        number, self.number = self.number, 1
        if self.denied or len(self.objects) + number > MAX_OBJECTS:
            self.unknown += [w for w in (made.size, made.colour, phrase.text) if w]
            self.denied = False
            return
        first = len(self.objects)
        self.objects += [made] * number
        self.latest = tuple(range(first, first + number))
        self.clause_has_object = True
        self._link()

    def _link(self) -> None:
        if self.relation is None:
            return
        pairs = [(a, b) for a in self.subject for b in self.latest]
        self.relations += [RelationFact(a, self.relation, b) for a, b in pairs]
        self.relation = None

    def _relate(self, relation: str) -> None:
        if self.relation:
            self._dangling()
        if not (self.after_and and self.subject):  # "above B and left of C" keeps its subject
            self.subject = self.latest
        if self.subject:
            self.relation = relation
        else:
            self.unknown.append(relation)

    def _dangling(self) -> None:
        """A relation to nothing: "on the left of the picture" is a place."""
        word = (self.relation or "").removesuffix(" of")
        if word in ("left", "right") and self.latest:
            self._amend("place", word)
        else:
            self.unknown.append(word)
        self.relation = None

    def _place(self, place: str) -> None:
        described = self.pending.colour or self.pending.size
        if self.clause_has_object and not described and not self.relation:
            self._amend("place", place)
        elif self.pending.place is None:
            self.pending = replace(self.pending, place=place)
        else:
            self.unknown.append(place)

    def _ground(self, at: int, phrase: Phrase) -> None:
        if self._next_kind(at) in _OF_A_NOUN or self.background is not None:
            self.unknown.append(phrase.text)  # no object has this colour
        else:
            self.background = phrase.value

    def _separate(self) -> None:
        self._close_clause()
        self.clause_has_object = False

    def _close_clause(self) -> None:
        """A place that stood alone between commas belongs to the object before it."""
        only_place = self.pending == ObjectFacts(place=self.pending.place)
        if self.pending.place and only_place and self.latest and not self.clause_has_object:
            self._amend("place", self.pending.place)
            self.pending = ObjectFacts()
