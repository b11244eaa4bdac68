"""`capforge lineage`: from an answer, through ledger, run and datasets, to the people who annotated."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from capforge.__main__ import main
from capforge_contracts import layout
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.files import FileObjectStore
from capforge_contracts.ledger import AutomaticTraining, ChallengerHeld, VersionPublished
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    DatasetSelection,
    DocumentMetrics,
    ModelCard,
    Parity,
    RunDatasets,
    RunSpec,
)
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import FieldLabel, Submission, write_documents_manifest
from tests.integration.cli.command import Ended, capforge
from tests.support.objectstore import S3Server

NAMESPACE, CAPABILITY = "acme", "receipts"
TIME = "2026-03-01T10:00:00Z"
FIELDS = [DataField(name="total", type=FieldType.AMOUNT)]


def submission(number: int, annotator: str, split: Split) -> Submission:
    return Submission(
        sha256=sha256_hex(b"%d" % number),
        document=f"document-{number}",
        name=f"receipt-{number}.jpg",
        reading_sha256="e" * 64,
        split=split,
        submission=f"submission-{number}",
        sequence=number,
        annotator=annotator,
        time=TIME,
        labels=[FieldLabel(field="total")],
    )


SUBMISSIONS = [
    *(submission(number, "anna", Split.TRAIN) for number in range(1, 13)),
    *(submission(number, "bert", Split.TRAIN) for number in range(13, 17)),
    *(submission(number, "carl\x1b[31m", Split.DEV) for number in range(17, 21)),
]
MANIFEST = write_documents_manifest(FIELDS, SUBMISSIONS)
DIGEST = sha256_hex(MANIFEST)
MODEL = "d" * 64


def spec(run: str, datasets: RunDatasets) -> RunSpec:
    return RunSpec(
        namespace=NAMESPACE,
        capability=CAPABILITY,
        capability_type=CapabilityType.FIELD_EXTRACTOR,
        run=run,
        digest=sha256_hex(run.encode()),
        fields=FIELDS,
        datasets=datasets,
        template="candidate-scorer",
        parameters={},
        seed=7,
        time_budget_seconds=60,
        image="trainer:1",
    )


def card(of: RunSpec) -> ModelCard:
    return ModelCard(
        **of.model_dump(include={"namespace", "capability", "capability_type", "run", "template", "parameters"}),
        run_digest=of.digest,
        attempt=1,
        fields=FIELDS,
        datasets=of.datasets,
        model_sha256=MODEL,
        model_size_bytes=1,
        golden_sha256="f" * 64,
        opset=17,
        inputs=[],
        model_outputs=[],
        max_batch_size=8,
        input_width=0,
        input_height=0,
        transforms_version="2",
        confidence_threshold=0.5,
        document_dev=DocumentMetrics(documents=4, decisions=4, right=3, accuracy=0.75),
        parity=Parity(images=1, heads_max_abs_error=0, detections_matched_percent=100, passed=True),
        epochs=1,
        best_epoch=1,
        train_seconds=1,
    )


def fill(store: ObjectStore) -> None:
    """Version 1.1 from imported data, 1.2 from twenty annotations; one challenger was kept back between them."""
    item = ManifestItem(
        sha256="b" * 64,
        name="a.png",
        width=9,
        height=9,
        split=Split.TRAIN,
        entities=[ManifestEntity(class_name="x", box=[0, 0, 1, 1])],
    )
    imported = write_manifest(["x"], [item])
    first = spec("first", RunDatasets(train=[DatasetSelection(name="old", digest=sha256_hex(imported))], dev=[]))
    train, dev = (
        DatasetSelection(name="receipts-auto-20", digest=DIGEST, split=split) for split in (Split.TRAIN, Split.DEV)
    )
    second = spec("receipts-auto-20", RunDatasets(train=[train], dev=[dev]))
    store.put(layout.manifest(NAMESPACE, sha256_hex(imported)), imported)
    store.put(layout.manifest(NAMESPACE, DIGEST), MANIFEST)
    entries = [
        version("1.1", first, 1, [sha256_hex(imported)]),
        ChallengerHeld(
            sequence=2,
            time=TIME,
            run="worse",
            run_digest="c" * 64,
            attempt=1,
            model_sha256=MODEL,
            champion="1.1",
            reason="WorseThanChampion",
            message="worse",
        ),
        AutomaticTraining(
            sequence=3,
            time=TIME,
            threshold=20,
            documents=21,
            as_of_sequence=20,
            dataset="receipts-auto-20",
            run="receipts-auto-20",
        ),
        version("1.2", second, 4, [DIGEST, DIGEST]),
    ]
    for entry in entries:
        store.put(layout.ledger_entry(NAMESPACE, CAPABILITY, entry.sequence), entry.to_json())
    for one in (first, second):
        store.put(layout.run_spec(NAMESPACE, one.digest), one.to_json())
        store.put(layout.attempt_file(NAMESPACE, one.digest, 1, layout.CARD), card(one).to_json())


def version(number: str, run: RunSpec, sequence: int, digests: list[str]) -> VersionPublished:
    return VersionPublished(
        sequence=sequence,
        time=TIME,
        version=number,
        run=run.run,
        run_digest=run.digest,
        attempt=1,
        dataset_digests=digests,
        model_sha256=MODEL,
        gate="3 of 4 right, the champion 2" if sequence > 1 else "",
    )


def answer(**model: Any) -> dict[str, Any]:
    made = {
        "version": "1.2",
        "run": "receipts-auto-20",
        "run_digest": sha256_hex(b"receipts-auto-20"),
        "dataset_digests": [DIGEST],
        **model,
    }
    product = {"name": f"{NAMESPACE}/{CAPABILITY}", "version": "1.2"}
    return {"api_request": {}, "document": {"id": "document-99", "inference": {"product": product, "model": made}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store in a folder."""
    root = tmp_path / "store"
    fill(FileObjectStore(root))
    return root


def lineage(folder: Path, *arguments: str | Path) -> Ended:
    """Run the command in this process: starting one takes seconds, and there are many cases."""
    texts = [io.StringIO(), io.StringIO()]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(texts[0]), redirect_stderr(texts[1]):
        patch.setenv("CAPFORGE_STORE", folder.as_uri())
        patch.setattr(sys, "argv", ["capforge", "lineage", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    return Ended(int(ended.value.code or 0), texts[0].getvalue(), texts[1].getvalue())


def document(done: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_an_answer_leads_to_the_people_who_annotated(folder: Path, tmp_path: Path):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer()))
    done = lineage(folder, path)
    assert done.code == 0, done.err
    for said in (
        "acme/receipts version 1.2",
        "answered for document document-99",
        "gate: 3 of 4 right, the champion 2",
        "made by itself at 20 annotated documents (there were 21)",
        "template candidate-scorer, seed 7, image trainer:1",
        "75.0% of 4 decisions right on dev (4 documents)",
        "train dataset receipts-auto-20, split Train: 16 items",
        "annotated by anna (12), bert (4)",
        "receipt-1.jpg: submission submission-1 (number 1) by anna",
    ):
        assert said in done.out
    assert "carl\\x1b[31m (4)" in done.out
    assert "\x1b" not in done.out


def test_programs_get_every_submission(folder: Path):
    found = document(lineage(folder, "acme/receipts/1.2", "-o", "json", "--limit", "1"))
    train, dev = found["datasets"]
    assert [one["submission"] for one in train["submissions"]] == [f"submission-{n}" for n in range(1, 17)]
    assert train["annotators"] == {"anna": 12, "bert": 4}
    assert (dev["role"], dev["split"], dev["items"]) == ("dev", "Dev", 4)
    assert found["run"]["digest"] == sha256_hex(b"receipts-auto-20")
    assert found["problems"] == []


@pytest.mark.parametrize("asked", ["acme/receipts", "acme/receipts/v1", "acme/receipts/1.2", "acme/receipts/v1.2"])
def test_a_version_can_be_named_in_any_way(folder: Path, asked: str):
    assert document(lineage(folder, asked, "-o", "json"))["version"] == "1.2"


def test_a_namespace_may_stand_apart(folder: Path):
    assert document(lineage(folder, "receipts/1.1", "-n", NAMESPACE, "-o", "json"))["version"] == "1.1"


def test_imported_data_has_items_and_no_annotators(folder: Path):
    (train,) = document(lineage(folder, "acme/receipts/1.1", "-o", "json"))["datasets"]
    assert (train["name"], train["items"], train["annotators"]) == ("old", 1, {})


def test_only_some_documents_are_shown(folder: Path):
    out = lineage(folder, "acme/receipts/1.2", "--limit", "3").out
    assert "… and 13 more" in out
    assert "receipt-4.jpg" not in out


def change_manifest(store: FileObjectStore) -> None:
    key = layout.manifest(NAMESPACE, DIGEST)
    store.put(key, store.get(key).replace(b"anna", b"otto"))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(change_manifest, "is not the one with its digest", id="changed manifest"),
        pytest.param(
            lambda store: store.put(layout.manifest(NAMESPACE, DIGEST), MANIFEST[:-40]), "is damaged", id="cut manifest"
        ),
        pytest.param(
            lambda store: store.delete(layout.manifest(NAMESPACE, DIGEST)), "the manifest of", id="lost manifest"
        ),
        pytest.param(
            lambda store: store.delete(layout.run_spec(NAMESPACE, sha256_hex(b"receipts-auto-20"))),
            "the run's specification is missing",
            id="lost run",
        ),
        pytest.param(
            lambda store: store.put(layout.ledger_entry(NAMESPACE, CAPABILITY, 2), b"{"),
            "a ledger entry is damaged",
            id="damaged ledger",
        ),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_shown(
    folder: Path, damage: Callable[[FileObjectStore], None], says: str
):
    damage(FileObjectStore(folder))
    done = lineage(folder, "acme/receipts/1.2")
    assert done.code == 1
    assert says in done.err
    assert "acme/receipts version 1.2" in done.out


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"run_digest": "0" * 64}, "the answer names run 000"),
        ({"dataset_digests": ["0" * 64]}, "the answer names other datasets"),
    ],
)
def test_an_answer_that_does_not_fit_the_ledger_is_a_problem(folder: Path, tmp_path: Path, model: Any, says: str):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer(**model)))
    done = lineage(folder, path)
    assert done.code == 1
    assert says in done.err


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ("acme/receipts/1.9", 1, "has no version 1.9; versions: 1.1, 1.2"),
        ("acme/nothing", 1, "versions: none yet"),
        ("Not a name!", 2, "allowed: a file with an answer"),
    ],
)
def test_what_is_not_there_is_said(folder: Path, asked: str, code: int, says: str):
    done = lineage(folder, asked)
    assert done.code == code
    assert says in done.err


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "is no answer"), ("[]", "is no answer"), (json.dumps({"document": {"inference": {}}}), "is no answer")],
)
def test_a_file_that_is_no_answer_is_refused(folder: Path, tmp_path: Path, content: str, says: str):
    path = tmp_path / "answer.json"
    path.write_text(content)
    done = lineage(folder, path)
    assert done.code == 3
    assert says in done.err


def test_candidates_alone_have_no_lineage(folder: Path, tmp_path: Path):
    before = answer()
    before["document"]["inference"]["model"] = None
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(before))
    done = lineage(folder, path)
    assert done.code == 3
    assert "holds candidates only" in done.err


def test_the_store_may_be_s3(s3: S3Server):
    fill(s3.store())
    done = capforge("lineage", "acme/receipts", "-o", "json", env=s3.environment)
    assert done.code == 0, done.err
    assert document(done)["run"]["fired"]
