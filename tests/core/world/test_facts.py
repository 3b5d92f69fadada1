import pytest

from darkroom.core.world.facts import (
    FIELD_COUNT,
    FIELD_SIZES,
    Facts,
    ObjectFacts,
    RelationFact,
    encode,
)

THINGS = tuple(ObjectFacts(shape=shape) for shape in ("circle", "square", "star"))


def test_nothing_stated_is_all_zeros():
    assert encode(Facts()).fields == (0,) * FIELD_COUNT


def test_each_word_has_its_own_field():
    facts = Facts("black", (ObjectFacts("green", "square", "large", "top"),), (), 1)
    fields = encode(facts).fields
    assert fields[:5] == (2, 2, 2, 2, 2)
    assert fields[5:-1] == (0,) * (FIELD_COUNT - 6)
    assert fields[-1] == 1


def test_objects_are_ordered_so_that_both_relations_lie_between_neighbours():
    relations = (RelationFact(0, "above", 1), RelationFact(0, "left of", 2))
    encoded = encode(Facts(None, THINGS, relations))
    assert encoded.left_out == ()
    assert [number for number in encoded.fields[17:20] if number] == [2, 3]  # below, left of


def test_relations_that_find_no_room_are_reported():
    relations = tuple(RelationFact(a, "above", b) for a, b in ((0, 1), (1, 2), (0, 2)))
    encoded = encode(Facts(None, THINGS, relations))
    assert len(encoded.left_out) == 1


def test_of_two_relations_between_the_same_objects_the_first_is_kept():
    relations = (RelationFact(0, "above", 1), RelationFact(0, "left of", 1))
    encoded = encode(Facts(None, THINGS[:2], relations))
    assert encoded.left_out == (relations[1],)


def test_field_sizes_leave_room_for_every_word():
    facts = Facts("navy", (ObjectFacts("pink", "cross", "large", "bottom right"),) * 4, (), 4)
    pairs = zip(encode(facts).fields, FIELD_SIZES, strict=True)
    assert all(0 <= number < size for number, size in pairs)


@pytest.mark.parametrize(
    ("facts", "stated"),
    [
        (Facts(), 0),
        (Facts("white", THINGS[:1], (), 1), 3),
        (Facts(None, THINGS, (RelationFact(0, "above", 1),), 3), 5),
    ],
)
def test_stated_counts_single_facts(facts, stated):
    assert facts.stated == stated
