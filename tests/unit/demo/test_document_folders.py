"""Folders of documents whose values are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capforge.sample.receipts import write
from capforge_demo.documents.folder import DocumentFolder
from capforge_tools.errors import ToolError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for _ in write(tmp_path, 8, seed=1):
        pass
    return tmp_path


def test_a_folder_tells_its_data_model(folder: Path) -> None:
    found = DocumentFolder.find(folder)
    assert {one["name"]: one["type"] for one in found.data_fields} == {
        "company": "Word",
        "date": "Date",
        "address": "Word",
        "total": "Amount",
    }
    assert (len(found.train), len(found.dev)) == (6, 2)


def test_words_come_as_a_client_sends_them(folder: Path) -> None:
    word = DocumentFolder.find(folder).train[0].words[0]
    assert set(word) == {"text", "box", "line"}
    assert all(0 <= share <= 1 for share in word["box"])


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "dev.jsonl").unlink()
    with pytest.raises(ToolError, match=r"dev\.jsonl is missing"):
        DocumentFolder.find(folder)


def test_a_wrong_line_is_named_with_what_is_needed(folder: Path) -> None:
    lines = (folder / "train.jsonl").read_text().splitlines()
    record = json.loads(lines[1])
    del record["fields"]
    (folder / "train.jsonl").write_text("\n".join([lines[0], json.dumps(record)]))
    with pytest.raises(ToolError, match=r"train\.jsonl line 2: KeyError\('fields'\); needed: image"):
        DocumentFolder.find(folder)


def test_a_missing_picture_is_named(folder: Path) -> None:
    next(iter(DocumentFolder.find(folder).dev)).path.unlink()
    with pytest.raises(ToolError, match=r"dev\.jsonl line 1: there is no doc_"):
        DocumentFolder.find(folder)
