"""Pages of items: each item on one page, none of them larger than it may be."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from capforge_contracts.dataset import Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import write_documents_manifest
from capforge_gateway.datasets import pages
from capforge_gateway.datasets.manifest_file import DocumentsFile, ImagesFile, kept
from capforge_gateway.datasets.pages import page_of_documents, page_of_images
from capforge_gateway.datasets.schemas import ItemsAsked
from tests.unit.contracts.locked_documents import FIELDS, document, picked
from tests.unit.gateway.datasets.test_manifest_file import item


def images(count: int) -> ImagesFile:
    data = write_manifest(["cat"], [item(number) for number in range(count)])
    found = kept(BytesIO(data), sha256_hex(data))
    assert isinstance(found, ImagesFile)
    return found


def documents(*items: Any) -> DocumentsFile:
    data = write_documents_manifest(FIELDS, items)
    found = kept(BytesIO(data), sha256_hex(data))
    assert isinstance(found, DocumentsFile)
    return found


@pytest.mark.parametrize("most_bytes", [1, 700, 10**6], ids=["one line", "some lines", "all"])
def test_every_item_is_on_one_page(monkeypatch: pytest.MonkeyPatch, most_bytes: int):
    monkeypatch.setattr(pages, "MAX_BYTES", most_bytes)
    manifest, found, sizes = images(10), [], []
    position: int | None = 0
    while position is not None:
        page, position = page_of_images(manifest, ItemsAsked(limit=7), position)
        found += page
        sizes.append(len(page))
    assert found == list(manifest.items())
    assert sizes == {1: [1] * 10, 10**6: [7, 3]}.get(most_bytes, sizes)
    assert max(sizes) < 10


def test_filters_of_documents_hold_together():
    manifest = documents(
        document(1, picked("total", "5")),
        document(2, picked("total"), split=Split.DEV),
        document(3, split=Split.DEV),
        document(4, picked("total"), split=Split.TRAIN),
    )

    def named(**asked: Any) -> list[str]:
        return sorted(one.name for one in page_of_documents(manifest, ItemsAsked(**asked), 0)[0])

    assert named() == ["1.pdf", "2.pdf", "3.pdf", "4.pdf"]
    assert named(field="total") == ["1.pdf"]
    assert named(field="total", said="Absent") == ["2.pdf", "4.pdf"]
    assert named(field="total", said="Absent", split="Dev") == ["2.pdf"]
    assert named(field="total", said="NotSaid") == ["3.pdf"]
