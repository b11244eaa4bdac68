from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.dataset import Split, SplitSpec
from capforge_contracts.model import sha256_hex
from capforge_snapshot.split import assign, cover, parts_of


def digests(count: int) -> list[str]:
    return [sha256_hex(str(number).encode()) for number in range(count)]


@settings(deadline=None)
@given(st.integers(2, 300), st.integers(0, 50), st.integers(0, 50), st.integers(0, 2**31))
def test_shares_are_exact_and_no_part_asked_for_is_empty(count: int, dev: int, test: int, seed: int):
    parts = Counter(assign(digests(count), SplitSpec(dev_percent=dev, test_percent=test, seed=seed)).values())
    assert abs(parts[Split.DEV] - count * dev / 100) <= 1
    assert bool(parts[Split.DEV]) == bool(dev)
    assert parts.total() == count
    if test and count > 2:
        assert parts[Split.TEST]


@settings(deadline=None)
@given(st.randoms())
def test_the_order_of_items_plays_no_role(random: object):
    spec = SplitSpec(dev_percent=20, test_percent=20, seed=7)
    items = digests(50)
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign(items, spec) == assign(shuffled, spec)


def test_growing_moves_few_items_to_another_part():
    spec = SplitSpec(dev_percent=20, seed=3)
    before = assign(digests(1000), spec)
    after = assign(digests(1100), spec)
    moved = [item for item, part in before.items() if after[item] is not part]
    assert len(moved) <= 40


def test_without_a_split_all_is_train():
    assert set(assign(digests(5), None).values()) == {Split.TRAIN}


def test_everything_can_be_dev():
    assert set(assign(digests(5), SplitSpec(dev_percent=100)).values()) == {Split.DEV}


# -- every class in every part


CLASSES = st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=3), min_size=2, max_size=60)


@settings(deadline=None)
@given(CLASSES, st.integers(0, 40), st.integers(0, 40), st.integers(0, 99))
def test_every_class_is_in_every_part_or_is_named(sets: list[frozenset[str]], dev: int, test: int, seed: int):
    spec = SplitSpec(dev_percent=dev, test_percent=test, seed=seed)
    items = digests(len(sets))
    classes = dict(zip(items, sets, strict=True))
    drawn = assign(items, spec)
    covered, missing = cover(drawn, parts_of(spec), classes)
    assert Counter(covered.values()) == Counter(drawn.values()), "shares stay"
    named = {(one.class_name, one.part) for one in missing}
    before = {(name, part) for item, part in drawn.items() for name in classes[item]}
    after = {(name, part) for item, part in covered.items() for name in classes[item]}
    assert before <= after, "no part loses a class"
    wanted = {(name, part) for found in sets for name in found for part in parts_of(spec)}
    assert named == wanted - after
    for one in missing:
        assert one.images == sum(one.class_name in found for found in sets)


def test_a_rare_class_is_brought_to_the_part_that_lacks_it():
    items = digests(100)
    spec = SplitSpec(dev_percent=10, seed=1)
    drawn = assign(items, spec)
    train = [item for item, part in drawn.items() if part is Split.TRAIN]
    classes = {item: frozenset({"common", "rare"} if item in train[:2] else {"common"}) for item in items}
    covered, missing = cover(drawn, parts_of(spec), classes)
    assert missing == []
    assert {covered[item] for item in train[:2]} == {Split.TRAIN, Split.DEV}
    assert sum(covered[item] is not part for item, part in drawn.items()) == 2, "one exchange, nothing else moves"


def test_where_nothing_is_missing_nothing_moves():
    items = digests(50)
    drawn = assign(items, SplitSpec(dev_percent=20))
    assert cover(drawn, [Split.TRAIN, Split.DEV], dict.fromkeys(items, frozenset("a")))[0] == drawn


def test_a_class_of_one_image_cannot_be_in_two_parts():
    items = digests(10)
    spec = SplitSpec(dev_percent=20)
    classes = {item: frozenset({"common", "single"} if item == items[0] else {"common"}) for item in items}
    _, missing = cover(assign(items, spec), parts_of(spec), classes)
    assert [(one.class_name, one.images) for one in missing] == [("single", 1)]
