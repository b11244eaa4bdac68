"""An attempt that was ended in the middle: the next one takes over what is proven, and comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotRequest, SnapshotResult
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.sources import ManifestSource
from capforge_contracts.store import StoreError
from capforge_snapshot.pictures import Picture
from capforge_snapshot.proven import PICTURES_IN_A_NOTE, Proven
from capforge_snapshot.records import ImageRecord
from capforge_snapshot.snapshot import take_snapshot
from capforge_snapshot.source import Source
from capforge_transforms import DEFAULT_LIMITS, Limits
from tests.unit.snapshot.cocofolder import NAMESPACE, CocoFolder, picture

MANY = 2 * PICTURES_IN_A_NOTE + 50
PROVEN = 2 * PICTURES_IN_A_NOTE


class Store(MemoryObjectStore):
    """Counts the pictures that are read, and goes away after some."""

    reads = 0
    most = MANY

    def open(self, key: str) -> IO[bytes]:
        if key.endswith(".png"):
            if self.reads >= self.most:
                raise StoreError("away")
            self.reads += 1
        return super().open(key)


def source(count: int = MANY) -> CocoFolder:
    numbers = range(count)
    document = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in numbers],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4]} for n in numbers],
    }
    return CocoFolder(document=document, files={f"{n}.png": picture(n, 8, 8) for n in numbers})


def attempt(store: Store, request: SnapshotRequest, limits: Limits = DEFAULT_LIMITS) -> SnapshotResult:
    store.reads = 0
    with TemporaryDirectory() as scratch:
        return take_snapshot(request, store, Path(scratch), limits)


def interrupted(
    folder: CocoFolder, change: Callable[[Store], object] = lambda _: None
) -> tuple[Store, SnapshotRequest]:
    """Return a store in which an attempt was ended near the end, with a change made since."""
    store = Store("capforge")
    request = folder.upload(store).request(store)
    store.most = MANY - 20
    with pytest.raises(StoreError):
        attempt(store, request)
    store.most = MANY
    change(store)
    return store, request


@pytest.fixture(scope="module")
def folder() -> CocoFolder:
    return source()


@pytest.fixture(scope="module")
def reference(folder: CocoFolder) -> SnapshotResult:
    """What an attempt that nobody ended comes to."""
    store = Store("capforge")
    return attempt(store, folder.upload(store).request(store))


def notes(store: Store, request: SnapshotRequest) -> list[str]:
    prefix = layout.snapshot_proven(request.namespace, request.dataset, request.spec_hash)
    return [info.key for info in store.list(prefix)]


def test_what_is_proven_is_not_read_again(folder: CocoFolder, reference: SnapshotResult):
    store, request = interrupted(folder)
    assert attempt(store, request) == reference
    assert store.reads == MANY - PROVEN


def test_notes_go_once_there_is_a_result(folder: CocoFolder):
    store, request = interrupted(folder)
    assert len(notes(store, request)) == PROVEN // PICTURES_IN_A_NOTE
    attempt(store, request)
    assert notes(store, request) == []


def test_notes_that_a_kill_left_behind_go_with_the_next_attempt(folder: CocoFolder):
    store, request = interrupted(folder)
    left = {key: store.get(key) for key in notes(store, request)}
    attempt(store, request)
    for key, data in left.items():
        store.put(key, data)
    assert attempt(store, request).outcome is SnapshotOutcome.LOCKED
    assert notes(store, request) == []


def test_a_picture_that_changed_since_is_read_again(folder: CocoFolder):
    other = picture(MANY + 1, 8, 8)
    store, request = interrupted(folder, lambda store: store.put(f"{folder.prefix}/3.png", other))
    result = attempt(store, request)
    assert store.reads == MANY - PROVEN + 1
    fresh = Store("capforge")
    changed = CocoFolder(document=folder.document, files={**folder.files, "3.png": other})
    assert result == attempt(fresh, changed.upload(fresh).request(fresh))


def test_a_picture_that_is_gone_since_is_a_fault(folder: CocoFolder):
    store, request = interrupted(folder, lambda store: store.delete(f"{folder.prefix}/3.png"))
    result = attempt(store, request)
    assert [(fault.code, fault.record) for fault in result.faults] == [("MissingImage", "image 3 (3.png)")]


def test_other_limits_prove_anew(folder: CocoFolder):
    store, request = interrupted(folder)
    assert attempt(store, request, Limits(max_pixels=60)).outcome is SnapshotOutcome.FAULTY_RECORDS
    assert store.reads == MANY


def test_a_note_that_is_none_is_passed_over(folder: CocoFolder, reference: SnapshotResult):
    def damage(store: Store) -> None:
        first = next(iter(store.list(f"{NAMESPACE}/snapshots/cells-0123456789ab/proven/")))
        store.put(first.key, store.get(first.key)[:-30])

    store, request = interrupted(folder, damage)
    assert attempt(store, request) == reference
    assert store.reads == MANY - PROVEN + PICTURES_IN_A_NOTE


def test_a_digest_that_the_source_claims_is_held_against_what_is_proven(folder: CocoFolder):
    store = Store("capforge")
    folder.upload(store)
    lines = [b'{"format":"capforge.dataset/v1","classes":["cell"]}']
    lines += [b'{"name":"%d.png","entities":[]}' % n for n in range(MANY)]
    key = f"{folder.prefix}/manifest.jsonl"
    store.put(key, b"\n".join(lines))
    asked = folder.request(store, coco=None, manifest=ManifestSource(manifest_uri=f"{store.uri}/{key}"))
    store.most = MANY - 20
    with pytest.raises(StoreError):
        attempt(store, asked)
    store.most = MANY
    lines[4] = b'{"name":"3.png","sha256":"%s","entities":[]}' % (b"ab" * 32)
    store.put(key, b"\n".join(lines))
    assert [fault.code for fault in attempt(store, asked).faults] == ["ContentMismatch"]


def test_few_pictures_leave_no_notes():
    few = source(PICTURES_IN_A_NOTE - 1)
    store = Store("capforge")
    request = few.upload(store).request(store)
    store.most = PICTURES_IN_A_NOTE - 10
    with pytest.raises(StoreError):
        attempt(store, request)
    assert notes(store, request) == []


def test_blobs_are_their_own_mark(tmp_path: Path):
    store = Store("capforge")
    source = Source(store, "submissions", store, layout.blob(NAMESPACE, ""))
    digests = [sha256_hex(b"%d" % n) for n in range(PICTURES_IN_A_NOTE)]
    images = [ImageRecord(one, one, one, sha256=one, key=one) for one in digests]
    found = [Picture(one, 8, 8, 1) for one in digests]
    with closing(Proven(store, f"{NAMESPACE}/proven/", tmp_path / "1.sqlite", DEFAULT_LIMITS)) as first:
        first.begin(source, len(images), are_blobs=True)
        for image, picture_ in zip(images, found, strict=True):
            first.note(image, picture_)
    with closing(Proven(store, f"{NAMESPACE}/proven/", tmp_path / "2.sqlite", DEFAULT_LIMITS)) as second:
        second.begin(source, len(images), are_blobs=True)
        assert [second.of(image) for image in images] == found
