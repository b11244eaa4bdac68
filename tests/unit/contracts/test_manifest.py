from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.dataset import (
    ManifestEntity,
    ManifestItem,
    Split,
    manifest_lines,
    read_manifest,
    write_manifest,
)

NAMES = st.text(min_size=1, max_size=20)
NUMBERS = st.floats(0, 10_000, allow_nan=False)
ENTITIES = st.builds(ManifestEntity, class_name=NAMES, box=st.lists(NUMBERS, min_size=4, max_size=4))
ITEMS = st.builds(
    ManifestItem,
    sha256=st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"),
    name=NAMES,
    width=st.integers(1, 10_000),
    height=st.integers(1, 10_000),
    split=st.sampled_from(Split),
    entities=st.lists(ENTITIES, max_size=3),
)
DATASETS = st.lists(ITEMS, max_size=6, unique_by=lambda item: item.sha256)


def as_sets(items: list[ManifestItem]) -> list[object]:
    """Return items so that neither their order nor that of their entities matters."""
    return sorted(
        (
            item.sha256,
            item.name,
            item.width,
            item.height,
            item.split,
            sorted((e.class_name, e.box) for e in item.entities),
        )
        for item in items
    )


@given(st.lists(NAMES), DATASETS)
def test_what_is_written_is_read_back(classes: list[str], items: list[ManifestItem]):
    header, read = read_manifest(write_manifest(classes, items))
    assert header.classes == sorted(set(classes))
    assert as_sets(list(read)) == as_sets(items)


@given(st.lists(NAMES), DATASETS, st.randoms(use_true_random=False))
def test_order_plays_no_role(classes: list[str], items: list[ManifestItem], random: object):
    shuffled = [item.model_copy(update={"entities": list(reversed(item.entities))}) for item in items]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert write_manifest(classes, items) == write_manifest(reversed(classes), shuffled)


@given(st.lists(NAMES), DATASETS)
def test_line_by_line_is_the_same_bytes(classes: list[str], items: list[ManifestItem]):
    by_digest = sorted(items, key=lambda item: item.sha256)
    assert b"".join(manifest_lines(classes, by_digest)) == write_manifest(classes, items)


def test_the_bytes_of_version_1_never_change():
    """Digests of datasets are taken over these bytes: a change here would make every dataset another one."""
    item = ManifestItem(
        sha256="ab",
        name="é.png",
        width=4,
        height=3,
        split=Split.DEV,
        entities=[
            ManifestEntity(class_name="cat", box=[0, 0.5, 1, 2.25]),
            ManifestEntity(class_name="ant", box=[0, 0, 1, 1]),
        ],
    )
    assert write_manifest(["dog", "cat"], [item]).decode() == (
        '{"classes":["cat","dog"],"format":"capforge.dataset/v1"}\n'
        '{"entities":[{"box":[0.0,0.0,1.0,1.0],"className":"ant"},{"box":[0.0,0.5,1.0,2.25],"className":"cat"}],'
        '"height":3,"name":"é.png","sha256":"ab","split":"Dev","width":4}\n'
    )


def test_another_format_is_refused():
    with pytest.raises(ValueError, match=r"manifest format 'capforge\.dataset/v9'"):
        read_manifest(json.dumps({"format": "capforge.dataset/v9", "classes": []}).encode())


def test_names_with_line_separators_stay_on_their_line():
    item = ManifestItem(sha256="ab", name="a\u2028b\u0085c", width=1, height=1, split=Split.TRAIN, entities=[])
    _, read = read_manifest(write_manifest([], [item]))
    assert [one.name for one in read] == ["a\u2028b\u0085c"]
