"""Datasets of documents as files: nothing is lost, and no spreadsheet computes what a stranger wrote."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.dataset import Split
from capforge_contracts.exports import ExportFormat, LockedDataset, WrongFormat, export, of_split
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.exports.files import FetchedFile, TextFile
from capforge_contracts.exports.table import COLUMNS, harmless
from capforge_contracts.submissions import FieldLabel, Submission, read_documents_manifest, write_documents_manifest
from tests.unit.contracts.locked_documents import FIELDS, chosen, document, locked, picked

TEXTS = st.text(max_size=12)


def files_of(content: LockedDocuments, form: ExportFormat | None = None) -> dict[str, TextFile | FetchedFile]:
    found = list(export(content, form))
    assert len({one.path for one in found}) == len(found)
    return {one.path: one for one in found}


def text(file: TextFile | FetchedFile) -> bytes:
    assert isinstance(file, TextFile)
    return b"".join(file.chunks)


def rows(content: LockedDocuments) -> list[dict[str, str]]:
    data = text(files_of(content, ExportFormat.CSV)["fields.csv"])
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@st.composite
def documents(draw: st.DrawFn, number: int) -> Submission:
    said: list[FieldLabel] = [
        picked("total", *draw(st.lists(TEXTS, max_size=2))),
        picked("supplier", *draw(st.lists(TEXTS, max_size=2))),
        chosen(draw(st.sampled_from(["receipt", "invoice"]))),
    ]
    labels = draw(st.lists(st.sampled_from(said), unique_by=lambda one: one.field))
    return document(number, *labels, name=draw(TEXTS), annotator=draw(TEXTS), split=draw(st.sampled_from(list(Split))))


@given(data=st.data(), count=st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_our_own_format_is_the_manifest_byte_by_byte(data: st.DataObject, count: int):
    items = [data.draw(documents(number)) for number in range(count)]
    files = files_of(locked(*items))
    written = text(files.pop("manifest.jsonl"))
    assert written == write_documents_manifest(FIELDS, items)
    assert sorted(read_documents_manifest(written)[1], key=lambda one: one.sequence) == items
    fetched = {one.sha256 for one in files.values() if isinstance(one, FetchedFile)}
    assert fetched == {digest for item in items for digest in (item.sha256, item.reading_sha256)}
    assert all(path.split("/")[0] in {"documents", "readings"} and ".." not in path for path in files)


def test_files_are_called_by_their_digest_and_end_as_they_did():
    one, other = document(1, name="bill.PDF"), document(2, name="../../.ssh/x.p/df")
    assert sorted(files_of(locked(one, other))) == sorted(
        [
            f"documents/{one.sha256}.PDF",
            f"documents/{other.sha256}",
            f"readings/{one.reading_sha256}.json",
            f"readings/{other.reading_sha256}.json",
            "manifest.jsonl",
        ]
    )


def test_a_content_that_stands_there_twice_is_fetched_once():
    assert len(files_of(locked(document(1), document(1, sequence=2)))) == 3


def test_one_split_alone():
    whole = locked(document(1), document(2, split=Split.DEV))
    assert [one["name"] for one in rows(part_of(whole, Split.DEV))] == ["2.pdf"] * len(FIELDS)
    assert of_split(whole, None) is whole


def part_of(whole: LockedDocuments, split: Split) -> LockedDocuments:
    part = of_split(whole, split)
    assert isinstance(part, LockedDocuments)
    return part


def test_the_table_has_a_row_for_each_value_and_says_what_was_not_said():
    found = rows(locked(document(1, picked("total", "5.00", "7.50"), picked("supplier"), split=Split.DEV)))
    assert [(one["field"], one["type"], one["said"], one["value"]) for one in found] == [
        ("total", "Amount", "Value", "5.00"),
        ("total", "Amount", "Value", "7.50"),
        ("supplier", "Word", "Absent", ""),
        ("kind", "Classification", "NotSaid", ""),
    ]
    assert tuple(found[0]) == COLUMNS
    assert (found[0]["split"], found[0]["name"], found[0]["page_id"], found[0]["x1"]) == ("Dev", "1.pdf", "0", "0.2")
    assert found[0]["file"] == f"documents/{document(1).sha256}.pdf"
    assert rows(locked(document(1, chosen("invoice"))))[2]["value"] == "invoice"
    assert rows(locked()) == []


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("  =cmd|'/c calc'!A0", "  '=cmd|'/c calc'!A0"),
        ("+49 30 1234", "'+49 30 1234"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n=1+1", "a\n'=1+1"),
        ('a","=1+1', 'a","\'=1+1'),
        ("\t=1+1", "\t'=1+1"),
        ("a\x00\x1bb", "a\ufffd\ufffdb"),
        ("-12.50", "-12.50"),
        ("12.50", "12.50"),
        ("2026-01-31", "2026-01-31"),
        ("a=b", "a=b"),
        ("Müller & Söhne - Berlin", "Müller & Söhne - Berlin"),
    ],
)
def test_what_a_spreadsheet_would_compute_is_text(told: str, shown: str):
    assert harmless(told) == shown


@given(texts=st.lists(TEXTS.map(lambda text: f"={text}") | TEXTS, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_no_cell_begins_as_a_formula_whatever_stands_on_documents(texts: list[str]):
    found = rows(locked(document(1, picked("supplier", *texts), name=texts[0], annotator=texts[-1])))
    assert len(found) == len(texts) + 2, "what is in a cell ends no row"
    for row in found:
        for cell in row.values():
            begins = cell.lstrip()[:1]
            assert begins not in set("=+@\uff1d\uff0b\uff0d\uff20")
            assert begins != "-" or cell.lstrip("-").replace(".", "", 1).isdecimal()


@pytest.mark.parametrize(
    ("content", "form", "allowed"),
    [
        (locked(), ExportFormat.COCO, "manifest, csv"),
        (locked(), ExportFormat.YOLO, "manifest, csv"),
        (LockedDataset((), lambda: iter(())), ExportFormat.CSV, "coco, yolo, manifest"),
    ],
    ids=["documents as coco", "documents as yolo", "images as csv"],
)
def test_a_format_of_the_other_kind_is_refused_with_what_is_allowed(content: Any, form: ExportFormat, allowed: str):
    with pytest.raises(WrongFormat, match=allowed):
        export(content, form)
