from __future__ import annotations

import json

import pytest

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.manifests import LabelledItem, labelled_items, manifest_format
from capforge_contracts.submissions import (
    DOCUMENTS_FORMAT,
    DocumentsHeader,
    FieldLabel,
    LabelledValue,
    Submission,
    documents_manifest_lines,
    read_documents_manifest,
    write_documents_manifest,
)

FIELDS = [DataField(name="total", type=FieldType.AMOUNT), DataField(name="kind", type=FieldType.CLASSIFICATION)]


def submission(digest: str, split: Split = Split.TRAIN) -> Submission:
    value = LabelledValue(key="0a1b2c3d", content="$5", value="5.00", page_id=0, words=[3], box=[0, 0, 0.5, 0.25])
    return Submission(
        sha256=digest,
        document=f"d-{digest}",
        name="é.pdf",
        reading_sha256="cd",
        split=split,
        submission=f"s-{digest}",
        sequence=4,
        annotator="ann",
        time="2026-01-01T00:00:00Z",
        labels=[FieldLabel(field="total", values=[value]), FieldLabel(field="kind")],
    )


def test_what_is_written_is_read_back_sorted_by_digest():
    header, items = read_documents_manifest(write_documents_manifest(FIELDS, [submission("b"), submission("a")]))
    assert header.fields == FIELDS
    assert list(items) == [submission("a"), submission("b")]


def test_line_by_line_is_the_same_bytes():
    items = [submission("a"), submission("b", Split.DEV)]
    assert b"".join(documents_manifest_lines(FIELDS, items)) == write_documents_manifest(FIELDS, reversed(items))


def test_the_bytes_of_version_1_never_change():
    """Digests of datasets are taken over these bytes: a change here would make every dataset another one."""
    assert write_documents_manifest(FIELDS[1:], [submission("ab")]).decode() == (
        '{"fields":[{"classes":[],"convention":"EU","digits":"Sometimes","displayName":"","letters":"Sometimes",'
        '"name":"kind","type":"Classification","whole":"Sometimes","writing":"Printed"}],'
        '"format":"capforge.documents/v1"}\n'
        '{"annotator":"ann","document":"d-ab","labels":[{"field":"total","values":[{"box":[0.0,0.0,0.5,0.25],'
        '"content":"$5","key":"0a1b2c3d","pageId":0,"value":"5.00","words":[3]}]},{"field":"kind","values":[]}],'
        '"name":"é.pdf","readingSha256":"cd","sequence":4,"sha256":"ab","split":"Train","submission":"s-ab",'
        '"time":"2026-01-01T00:00:00Z"}\n'
    )


HEADER = DocumentsHeader(fields=FIELDS).to_json()
ITEM = submission("ab").to_json()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1 of the manifest"),
        (b"no json", "line 1 of the manifest"),
        (HEADER.replace(b"/v1", b"/v9"), r"manifest format 'capforge\.documents/v9'"),
        (HEADER + b"\n{}", "line 2 of the manifest: sha256"),
        (HEADER + b"\n" + ITEM + b"\n" + ITEM[:-5], "line 3 of the manifest"),
        (HEADER + b"\n" + ITEM.replace(b"0.25", b"NaN"), r"line 2 of the manifest"),
        (HEADER + b"\n" + ITEM.replace(b'"Train"', b'"Elsewhere"'), "line 2 of the manifest: split"),
    ],
    ids=["nothing", "no json", "format", "empty item", "cut item", "no number", "split"],
)
def test_a_damaged_manifest_is_named_by_its_line(data: bytes, told: str):
    with pytest.raises(ValueError, match=told):
        list(read_documents_manifest(data)[1])


def test_items_of_either_format_are_listed_with_what_is_labelled():
    documents = write_documents_manifest(FIELDS, [submission("ab", Split.DEV)])
    assert list(labelled_items(documents)) == [LabelledItem("ab", "é.pdf", Split.DEV, ("total",))]
    cells = [ManifestEntity(class_name="cell", box=[0, 0, 1, 1]), ManifestEntity(class_name="cell", box=[1, 1, 2, 2])]
    image = ManifestItem(sha256="cd", name="c.png", width=4, height=3, split=Split.TRAIN, entities=cells)
    assert list(labelled_items(write_manifest(["cell"], [image]))) == [
        LabelledItem("cd", "c.png", Split.TRAIN, ("cell", "cell"))
    ]


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", json.dumps({"format": "capforge.else/v1"}).encode()])
def test_another_format_is_refused(data: bytes):
    with pytest.raises(ValueError, match="manifest"):
        manifest_format(data)
    with pytest.raises(ValueError, match="manifest"):
        list(labelled_items(data))


def test_the_format_is_told_by_the_first_line():
    assert manifest_format(write_documents_manifest(FIELDS, [])) == DOCUMENTS_FORMAT
