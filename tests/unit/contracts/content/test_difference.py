"""Differences of two datasets, held against a plain comparison of everything at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.content.difference import Difference, difference
from capforge_contracts.content.side_by_side import Change
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split
from capforge_contracts.exports import LockedDataset
from capforge_contracts.model import sha256_hex

CONTENTS = [sha256_hex(bytes([number])) for number in range(6)]
EVERYTHING = 1000


@st.composite
def items(draw: st.DrawFn, content: str) -> ManifestItem:
    names = draw(st.lists(st.sampled_from(["cat", "dog"]), max_size=2))
    return ManifestItem(
        sha256=content,
        name=draw(st.sampled_from(["a.png", "b.png"])),
        width=9,
        height=9,
        split=draw(st.sampled_from(list(Split))),
        entities=[ManifestEntity(class_name=name, box=[0, 0, 5, 5]) for name in names],
    )


@st.composite
def datasets(draw: st.DrawFn) -> LockedDataset:
    found = [draw(items(content)) for content in sorted(draw(st.sets(st.sampled_from(CONTENTS))))]
    return LockedDataset(("cat", "dog"), lambda: iter(found))


def plainly(before: LockedDataset, after: LockedDataset) -> list[tuple[str, str, str]]:
    """Return (what, name, content) of every change."""
    old, new = ({item.sha256: item for item in one.items()} for one in (before, after))

    def told() -> Iterator[tuple[str, str, str]]:
        for content in {*old, *new}:
            one, other = old.get(content), new.get(content)
            if one is None or other is None:
                item, what = (other, "added") if one is None else (one, "removed")
            elif sorted(e.class_name for e in one.entities) != sorted(e.class_name for e in other.entities):
                item, what = other, "relabelled"
            elif one.split is not other.split:
                item, what = other, "moved"
            else:
                continue
            assert item is not None
            yield what, item.name, content

    return sorted(told())


@given(before=datasets(), after=datasets(), limit=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_change_is_told_once_on_whatever_pages(before: LockedDataset, after: LockedDataset, limit: int):
    wanted = plainly(before, after)
    pages: list[Difference] = [difference(before, after, limit)]
    while len(pages[-1].changes) == limit:
        pages.append(difference(before, after, limit, pages[-1].changes[-1].place))
    assert [one.place for page in pages for one in page.changes] == wanted
    for page in pages:
        assert sum(page.counts.values()) == len(wanted)
        assert page.same == len({one.sha256 for both in (before, after) for one in both.items()}) - len(wanted)
    classes = [one.class_name for item in before.items() for one in item.entities]
    assert {name: count for name, (count, _) in pages[0].objects.items()} == {
        n: classes.count(n) for n in ("cat", "dog")
    }


def locked(*found: ManifestItem) -> LockedDataset:
    return LockedDataset(("cat",), lambda: iter(found))


def item(content: str, *xs: int, split: Split = Split.TRAIN) -> ManifestItem:
    entities = [ManifestEntity(class_name="cat", box=[x, 0, x + 5, 5]) for x in xs]
    return ManifestItem(sha256=content, name="a.png", width=9, height=9, split=split, entities=entities)


def test_a_content_with_several_annotations_is_compared_as_a_whole():
    one, other, third = (item(CONTENTS[0], x) for x in (1, 2, 3))
    same = difference(locked(one, other), locked(other, one), EVERYTHING)
    assert (same.same, same.changes) == (1, ())
    (changed,) = difference(locked(one, other), locked(one, third), EVERYTHING).changes
    assert changed == Change("a.png", CONTENTS[0], "relabelled", "1 objects out, 1 in")
    (fewer,) = difference(locked(one, item(CONTENTS[0])), locked(one), EVERYTHING).changes
    assert fewer.detail == "0 objects out, 0 in; 2 annotations before, 1 after"


def test_no_change_is_named_where_none_is_asked_for_and_all_are_counted():
    found = difference(locked(), locked(*(item(one) for one in sorted(CONTENTS))), 0)
    assert (found.changes, found.counts) == ((), {"added": len(CONTENTS)})


def test_images_out_of_order_are_refused():
    first, second, *_ = sorted(CONTENTS)
    with pytest.raises(ValueError, match="order"):
        difference(locked(item(second), item(first)), locked(), EVERYTHING)
