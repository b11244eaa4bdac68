"""Datasets of annotated documents over HTTP: figures, differences, documents, files."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from capforge_contracts.dataset import Split
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import Submission, write_documents_manifest
from tests.integration.gateway.datasets.test_files import exported, unpacked
from tests.integration.gateway.datasets.world import Reader, Shelves, pdf
from tests.support.eventually import eventually
from tests.unit.contracts.locked_documents import FIELDS, chosen, picked


@pytest.fixture(scope="module")
def papers(shelves: Shelves) -> list[Submission]:
    return [
        shelves.document(1, picked("total", "5.00", "7.00"), picked("supplier"), chosen("receipt")),
        shelves.document(2, picked("total", "9.00"), chosen("receipt"), name="=HYPERLINK(1).pdf"),
        shelves.document(3, picked("total"), chosen("invoice"), split=Split.DEV),
    ]


@pytest.fixture(scope="module")
def digest(shelves: Shelves, papers: list[Submission]) -> str:
    return shelves.lock_documents("papers", papers)


def test_figures_by_split_and_field(reader: Reader, digest: str) -> None:
    stats = reader.found("/papers/stats")["stats"]
    assert stats == reader.found(f"/{digest}/stats")["stats"]
    assert (stats["kind"], stats["digest"]) == ("documents", digest)
    assert [(one["name"], one["type"]) for one in stats["fields"]] == [
        ("total", "Amount"),
        ("supplier", "Word"),
        ("kind", "Classification"),
    ]
    train, dev = stats["splits"]
    assert (train["split"], train["documents"], train["documents_without_values"]) == ("Train", 2, 0)
    total, supplier, kind = train["fields"]
    assert total == {"name": "total", "with_value": 2, "absent": 0, "not_said": 0, "values": 3, "classes": []}
    assert (supplier["with_value"], supplier["absent"], supplier["not_said"]) == (0, 1, 1)
    assert kind["classes"] == [{"name": "receipt", "documents": 2}, {"name": "invoice", "documents": 0}]
    assert (dev["fields"][0]["absent"], dev["fields"][2]["with_value"]) == (1, 1)


def test_what_differs_is_told_by_content_a_page_at_a_time(
    shelves: Shelves, reader: Reader, papers: list[Submission], digest: str
) -> None:
    changed = [
        papers[0].model_copy(update={"submission": "s-again", "sequence": 90}),
        shelves.document(2, picked("total", "9.50"), chosen("receipt")),
        shelves.document(4, picked("total", "1.00")),
    ]
    after = shelves.lock_documents("papers-2", changed)
    found = reader.found("/papers/diff/papers-2")
    told = found["difference"]
    assert (told["kind"], told["before"], told["after"], told["same"]) == ("documents", digest, after, 1)
    assert told["counts"] == {"added": 1, "relabelled": 1, "removed": 1}
    assert [(one["what"], one["name"], one["detail"]) for one in told["changes"]] == [
        ("added", "4.pdf", ""),
        ("relabelled", "2.pdf", "total"),
        ("removed", "3.pdf", ""),
    ]
    assert told["fields"][0]["before"] == {"with_value": 2, "absent": 1, "not_said": 0, "values": 3}
    assert told["fields"][0]["after"] == {"with_value": 3, "absent": 0, "not_said": 0, "values": 4}
    first = reader.found("/papers/diff/papers-2", limit=2)
    rest = reader.found("/papers/diff/papers-2", limit=2, cursor=first["pagination"]["next"])
    assert first["difference"]["changes"] + rest["difference"]["changes"] == told["changes"]


def test_images_are_not_compared_with_documents(shelves: Shelves, reader: Reader, digest: str) -> None:
    images = shelves.lock("not-papers", [shelves.item(400, Split.TRAIN)])
    for before, after in ((digest, images), (images, digest)):
        assert reader.refused(f"/{before}/diff/{after}", 409)["code"] == "DifferentKinds"


def test_documents_are_listed_by_digest_and_filtered(reader: Reader, papers: list[Submission], digest: str) -> None:
    first = reader.found(f"/{digest}/items", limit=2)
    rest = reader.found(f"/{digest}/items", limit=2, cursor=first["pagination"]["next"])
    listed = first["items"] + rest["items"]
    assert [one["sha256"] for one in listed] == sorted(one.sha256 for one in papers)
    assert rest["pagination"]["next"] is None

    def names(**query: str) -> set[str]:
        return {one["name"] for one in reader.found("/papers/items", **query)["items"]}

    assert names(split="Dev") == {"3.pdf"}
    assert names(field="total") == {"1.pdf", "=HYPERLINK(1).pdf"}
    assert names(field="total", said="Absent") == {"3.pdf"}
    assert names(field="supplier", said="NotSaid", split="Dev") == {"3.pdf"}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("class=cat", "split, field, said"),
        ("said=Absent", "`field`, which is missing"),
        ("field=nothing", "allowed: total, supplier, kind"),
        ("field=total&said=absent", "'Value', 'Absent' or 'NotSaid'"),
    ],
)
def test_a_wrong_filter_is_refused_with_what_is_allowed(reader: Reader, digest: str, query: str, says: str) -> None:
    refused = reader.refused(f"/{digest}/items?{query}", 400)
    assert refused["code"] == "BadRequest"
    assert says in refused["message"]


def test_one_document_with_everything_that_was_locked(reader: Reader, papers: list[Submission], digest: str) -> None:
    wanted = papers[0]
    (found,) = reader.found(f"/{digest}/items/{wanted.sha256}")["items"]
    total, supplier, kind = found["labels"]
    assert (total["said"], [one["value"] for one in total["values"]]) == ("Value", ["5.00", "7.00"])
    assert total["values"][0] == {
        "key": "0a1b2c3d",
        "value": "5.00",
        "content": "5.00",
        "page_id": 0,
        "box": [0.1, 0.1, 0.2, 0.2],
    }
    assert (supplier["said"], supplier["values"], supplier["class"]) == ("Absent", [], None)
    assert (kind["said"], kind["class"]) == ("Value", "receipt")
    assert (found["document"], found["annotator"], found["submitted_at"]) == ("d-1", "ann", "2026-01-01T00:00:00Z")
    data = reader.process.http.get(found["content"], headers=reader.process.authorization())
    assert (data.content, data.headers["content-type"]) == (pdf(1), "application/pdf")
    assert data.headers["content-security-policy"] == "sandbox; default-src 'none'"
    reading = f"/{digest}/items/{wanted.reading_sha256}"
    assert reader.refused(f"{reading}/content", 404)["code"] == "NotFound", "a reading is no item"


@pytest.mark.parametrize("archive", ["zip", "tar"])
def test_our_own_format_is_the_manifest_and_every_document_with_its_reading(
    reader: Reader, papers: list[Submission], digest: str, archive: str
) -> None:
    files = exported(reader, "papers", archive=archive)
    assert files["manifest.jsonl"] == write_documents_manifest(FIELDS, papers)
    assert sha256_hex(files["manifest.jsonl"]) == digest
    for one in papers:
        assert sha256_hex(files[f"documents/{one.sha256}.pdf"]) == one.sha256
        assert sha256_hex(files[f"readings/{one.reading_sha256}.json"]) == one.reading_sha256
    assert len(files) == 1 + 2 * len(papers)


def test_a_table_for_spreadsheets(reader: Reader, digest: str) -> None:
    answer = reader.call(f"/{digest}/export", params={"format": "csv"})
    assert answer.headers["content-disposition"] == f'attachment; filename="{digest[:63]}-csv.zip"'
    files = unpacked(answer.content, "zip")
    assert list(files) == ["fields.csv"]
    rows = list(csv.DictReader(io.StringIO(files["fields.csv"].decode("utf-8-sig"), newline="")))
    assert len(rows) == 10, "three fields of three documents, one of which has two values"
    assert {one["name"] for one in rows} == {"1.pdf", "'=HYPERLINK(1).pdf", "3.pdf"}
    assert [one["value"] for one in rows if one["name"] == "1.pdf"] == ["5.00", "7.00", "", "receipt"]
    dev = exported(reader, "papers", format="csv", split="Dev")["fields.csv"]
    assert b"1.pdf" not in dev
    refused = reader.refused("/papers/export?split=Test", 409)
    assert refused["code"] == "EmptySplit"
    assert "allowed: manifest, csv" in reader.refused("/papers/export?format=yolo", 400)["message"]


def test_documents_and_readings_are_sent_together_by_digest(
    reader: Reader, papers: list[Submission], digest: str
) -> None:
    wanted = [papers[0].sha256, papers[0].reading_sha256, papers[1].sha256]
    answer = reader.call(f"/{digest}/files", method="POST", json={"sha256": wanted})
    assert {name: sha256_hex(data) for name, data in unpacked(answer.content, "tar").items()} == {
        one: one for one in wanted
    }
    reader.refused(f"/{digest}/files", 404, method="POST", json={"sha256": [*wanted, "0" * 64]})


def test_purged_documents_are_told_before_anything_is_sent(shelves: Shelves, reader: Reader) -> None:
    gone, left = shelves.document(20, picked("total", "5.00")), shelves.document(21, split=Split.DEV)
    digest = shelves.lock_documents("purged-papers", [gone, left])
    shelves.purge(digest, gone)
    refused = reader.refused("/purged-papers/export", 410)
    assert (refused["code"], refused["details"]) == ("Purged", {"sha256": [gone.sha256], "count": 1})
    assert reader.refused(f"/purged-papers/items/{gone.sha256}/content", 410)["code"] == "Purged"
    reader.refused("/purged-papers/files", 410, method="POST", json={"sha256": [gone.sha256]})
    assert f"documents/{left.sha256}.pdf" in exported(reader, "purged-papers", split="Dev")
    assert reader.found("/purged-papers/stats")["stats"]["splits"][0]["documents"] == 1
    table = exported(reader, "purged-papers", format="csv")["fields.csv"]
    assert b"20.pdf" in table, "what was said is in the manifest, which stays"


def test_strangers_and_other_tenants_learn_nothing_of_documents(
    reader: Reader, papers: list[Submission], digest: str
) -> None:
    rival = reader.process.create_key(namespace="rival")
    eventually(lambda: reader.process.accepts(rival, "rival"))
    other = Reader(reader.process, "rival")
    item = f"/{digest}/items/{papers[0].sha256}"
    calls: list[tuple[str, dict[str, Any]]] = [
        *((path, {}) for path in (f"/{digest}/stats", f"/{digest}/items", item, f"{item}/content")),
        (f"/{digest}/export?format=csv", {}),
        (f"/{digest}/files", {"method": "POST", "json": {"sha256": [papers[0].sha256]}}),
    ]
    for path, more in calls:
        assert reader.refused(path, 401, key=rival, **more)["code"] == "Unauthorized"
        assert other.refused(path, 404, key=rival, **more)["code"] == "NotFound"


def test_a_damaged_line_is_named(shelves: Shelves, reader: Reader) -> None:
    one = shelves.document(30, picked("total", "5.00"))
    data = write_documents_manifest(FIELDS, [one]).replace(b'"split":"Train"', b'"split":"Elsewhere"')
    shelves.lock_bytes("torn-papers", data, 1)
    assert "line 2" in reader.refused("/torn-papers/stats", 503)["details"]["reason"]
