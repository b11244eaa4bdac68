"""A small world of documents: drawn slips in a store, annotated as a person would, and a run that asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from capforge_contracts import layout
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.dataset import Split
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, Span, SpanKind
from capforge_contracts.run import CapabilityType, DatasetSelection, RunDatasets, RunSpec, run_digest
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission, write_documents_manifest

NAMESPACE = "team-a"
FIELDS = [
    DataField(name="total", type=FieldType.AMOUNT),
    DataField(name="supplier", type=FieldType.WORD),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "invoice"]),
    DataField(name="phone", type=FieldType.PHONE),
]
QUICK: dict[str, Any] = {
    "pretrained": False,
    "members": 1,
    "calibrationFolds": 2,
    "maxEpochs": 7,
    "learningRate": 0.01,
    "batchSize": 4,
}
"""Parameters that learn the slips in seconds."""
_NAMES = ("Acme", "Borealis", "Corvus", "Delta", "Echo", "Fermat", "Gauss", "Hilbert")
_ENDS = ("Ltd", "Stores", "Trading", "Foods")


def reading(seed: int) -> Reading:
    """Return one slip: a name, its kind, two amounts, `Total` before the second; every fifth has no total."""
    random = np.random.default_rng(seed)
    name = [str(random.choice(_NAMES)), str(random.choice(_ENDS))]
    lines = [
        name,
        ["RECEIPT" if seed % 2 else "INVOICE", f"{1000 + seed}"],
        ["Item", f"{random.integers(1, 90)}.{random.integers(10, 99)}"],
        ["Total" if seed % 5 else "Thanks", f"{random.integers(100, 900)}.{random.integers(10, 99)}"],
    ]
    if not seed % 5:
        lines[3].pop()
    words = [
        ReadWord(
            text=text, box=[0.1 + 0.3 * column, 0.1 + 0.1 * line, 0.35 + 0.3 * column, 0.15 + 0.1 * line], line=line
        )
        for line, texts in enumerate(lines)
        for column, text in enumerate(texts)
    ]
    spans = [
        Span(kind=SpanKind.AMOUNT, words=[place], content=word.text, value=word.text, box=word.box)
        for place, word in enumerate(words)
        if "." in word.text
    ]
    page = ReadPage(page_id=0, width=600, height=800, words=words, spans=spans)
    return Reading(sha256=document_digest(seed), engine=Engine.GIVEN, engine_version="given", pages=[page])


def document_digest(seed: int) -> str:
    return sha256_hex(f"slip {seed}".encode())


def put_blank(store: ObjectStore, seed: int, pages: int) -> Submission:
    """Store a document of blank pages (or none); a person said that it has nothing."""
    blank = [ReadPage(page_id=number, width=600, height=800) for number in range(pages)]
    read = reading(seed).model_copy(update={"pages": blank})
    labels = [FieldLabel(field=one.name) for one in FIELDS]
    return put_document(store, seed, read=read, labels=labels)


def put_document(
    store: ObjectStore, seed: int, split: Split = Split.TRAIN, read: Reading | None = None, **changes: Any
) -> Submission:
    """Store one slip's reading; return what a person said about it."""
    read = read or reading(seed)
    data = read.to_json()
    store.put(layout.blob(NAMESPACE, sha256_hex(data)), data)
    values: dict[str, Any] = {
        "sha256": read.sha256,
        "document": f"document-{seed}",
        "name": f"{seed}.pdf",
        "reading_sha256": sha256_hex(data),
        "split": split,
        "submission": f"submission-{seed}",
        "sequence": seed + 1,
        "annotator": "ann",
        "time": "2026-01-01T00:00:00Z",
        **({} if "labels" in changes else {"labels": labels_of(read, seed)}),
        **changes,
    }
    return Submission(**values)


def labels_of(read: Reading, seed: int) -> list[FieldLabel]:
    page = read.pages[0]
    total = [span for span in page.spans if seed % 5 and span.words[0] == len(page.words) - 1]
    return [
        FieldLabel(field="total", values=[_picked(one.content, one.words, one.box) for one in total]),
        FieldLabel(field="supplier", values=[_picked(page.words[n].text, [n], page.words[n].box) for n in (0, 1)]),
        FieldLabel(field="kind", class_name="receipt" if seed % 2 else "invoice"),
        FieldLabel(field="phone"),
    ]


def _picked(content: str, words: list[int], box: list[float]) -> LabelledValue:
    key = sha256_hex(f"{words} {content}".encode())[:8]
    return LabelledValue(key=key, content=content, value=content, page_id=0, words=words, box=box)


def put_documents(
    store: ObjectStore, name: str, items: list[Submission], fields: list[DataField] | None = None, **selection: Any
) -> DatasetSelection:
    """Store a manifest of documents; return the selection of it."""
    data = write_documents_manifest(fields or FIELDS, items)
    digest = sha256_hex(data)
    store.put(layout.manifest(NAMESPACE, digest), data)
    return DatasetSelection(name=name, digest=digest, **selection)


def put_slips(store: ObjectStore, train: int, dev: int, test: int = 0, first: int = 1) -> RunDatasets:
    """Store one dataset with these roles, as an automatic training would select them."""
    splits = [Split.TRAIN] * train + [Split.DEV] * dev + [Split.TEST] * test
    items = [put_document(store, seed, split) for seed, split in enumerate(splits, start=first)]
    whole = put_documents(store, "slips", items)
    return RunDatasets(
        train=[whole.model_copy(update={"split": Split.TRAIN})],
        dev=[whole.model_copy(update={"split": Split.DEV})],
        test=[whole.model_copy(update={"split": Split.TEST})] if test else [],
    )


def put_document_run(store: ObjectStore, datasets: RunDatasets, parameters: dict[str, Any], **changes: Any) -> RunSpec:
    """Store run.json for the datasets."""
    values: dict[str, Any] = {
        "namespace": NAMESPACE,
        "capability": "slips",
        "capability_type": CapabilityType.FIELD_EXTRACTOR,
        "run": "slips-auto-20",
        "digest": "",
        "fields": FIELDS,
        "datasets": datasets,
        "template": "candidate-scorer",
        "parameters": parameters,
        "seed": 7,
        "time_budget_seconds": 300,
        "image": "trainer:test",
        **changes,
    }
    spec = RunSpec(**values)
    spec = spec.model_copy(update={"digest": run_digest(spec)})
    store.put(layout.run_spec(NAMESPACE, spec.digest), spec.to_json())
    return spec
