"""Exports that are packed as they are taken: in order, a few pictures ahead, nothing left behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from tarfile import open as open_tar
from threading import Lock

import pytest

from capforge_contracts.exports.files import FetchedFile, TextFile
from capforge_contracts.model import sha256_hex
from capforge_gateway.datasets.archive import Member, Tar
from capforge_gateway.datasets.faults import DamagedDataset
from capforge_gateway.datasets.packing import Pieces, member_of, packed

PICTURES = {sha256_hex(data): data for data in (bytes([number]) * 1000 for number in range(200))}


class Counting:
    """Gives pictures, and counts those that wait to be sent."""

    def __init__(self) -> None:
        self.fetched: list[Member] = []
        self._lock = Lock()

    def __call__(self, content: str) -> Member:
        found = member_of([PICTURES[content]], content)
        with self._lock:
            self.fetched.append(found)
        return found

    @property
    def waiting(self) -> int:
        return sum(not one.data.closed for one in self.fetched)


def files() -> list[TextFile | FetchedFile]:
    pictures: list[TextFile | FetchedFile] = [FetchedFile(f"{one}.png", one) for one in PICTURES]
    return [*pictures, TextFile("last.txt", [b"a", b"b"])]


def test_files_come_in_order_and_few_wait_at_once():
    fetch = Counting()
    with ThreadPoolExecutor(4) as threads:
        most, whole = 0, []
        for piece in packed(files(), Tar(), fetch, threads):
            whole.append(piece)
            most = max(most, fetch.waiting)
    with open_tar(fileobj=BytesIO(b"".join(whole))) as tar:
        names = [one.name for one in tar]
        assert tar.extractfile("last.txt").read() == b"ab"  # type: ignore[union-attr]
    assert names == [file.path for file in files()]
    assert most <= 8
    assert fetch.waiting == 0


def test_who_stops_taking_leaves_nothing_open():
    fetch = Counting()
    with ThreadPoolExecutor(4) as threads:
        pieces = Pieces(packed(files(), Tar(), fetch, threads))
        assert pieces.take()
        pieces.close()
    # The one that is being sent is let go with its generator; those that were fetched ahead by their own callbacks.
    assert fetch.waiting == 0
    assert len(fetch.fetched) < len(PICTURES)


def test_a_picture_with_other_bytes_ends_the_archive_without_its_end():
    broken = sorted(PICTURES)[5]

    def fetch(content: str) -> Member:
        return member_of([b"something else" if content == broken else PICTURES[content]], content)

    taken = []
    with ThreadPoolExecutor(4) as threads, pytest.raises(DamagedDataset, match=broken[:12]):
        taken.extend(packed([FetchedFile(one, one) for one in sorted(PICTURES)], Tar(), fetch, threads))
    assert bytes(1024) not in taken


def test_a_file_larger_than_memory_should_hold_waits_on_the_disk():
    chunk = bytes(1024 * 1024)
    member = member_of([chunk] * 4)
    assert member.size_bytes == 4 * len(chunk)
    assert member.data.fileno() > 0, "it has a file"
