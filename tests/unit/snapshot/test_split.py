from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.dataset import Split, SplitSpec
from capforge_contracts.model import sha256_hex
from capforge_snapshot.split import assign


def digests(count: int) -> list[str]:
    return [sha256_hex(str(number).encode()) for number in range(count)]


@given(st.integers(2, 300), st.integers(0, 50), st.integers(0, 50), st.integers(0, 2**31))
def test_shares_are_exact_and_no_part_asked_for_is_empty(count: int, dev: int, test: int, seed: int):
    parts = Counter(assign(digests(count), SplitSpec(dev_percent=dev, test_percent=test, seed=seed)).values())
    assert abs(parts[Split.DEV] - count * dev / 100) <= 1
    assert bool(parts[Split.DEV]) == bool(dev)
    assert parts.total() == count
    if test and count > 2:
        assert parts[Split.TEST]


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
