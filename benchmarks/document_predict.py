"""How long a prediction takes on a document that was read before.

    PYTHONPATH=tools .venv/bin/python -m benchmarks.document_predict [--model FILE]

One gateway on one core, with real PostgreSQL, object store, candidates service and Triton on the others; receipts from
../shared/data with their words given where they are there, else a drawn PDF. Prints the wall-clock median (the aim is
<= 50 ms beyond OCR), CPU time per prediction of the gateway, and where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import make_url

from capforge_contracts.data_model import DataField, FieldType
from capforge_gateway.storage.migrate import migrate
from capforge_tools.places import REPOSITORY
from tests.integration.candidates.conftest import service
from tests.integration.gateway.documents.world import DocumentGateway, extractor, receipt, trained
from tests.integration.gateway.process import TOKEN, gateway_process, opened
from tests.support.field_models import linear_extractor
from tests.support.objectstore import s3_server
from tests.support.postgres import postgres_folder, postgres_server
from tests.support.triton import triton_server

RECEIPTS = REPOSITORY.parent / "shared" / "data" / "receipts"
MODEL = "receipts--000000000001"
FIELDS = [
    DataField(name="company", type=FieldType.WORD),
    DataField(name="date", type=FieldType.DATE),
    DataField(name="address", type=FieldType.WORD),
    DataField(name="total", type=FieldType.AMOUNT),
]
DOCUMENTS = 10
ROUNDS = 20
WARM_ROUNDS = 2
AIM_SECONDS = 0.050


@dataclass(frozen=True)
class Sent:
    """A document and its words, as JSON of the form's field."""

    data: bytes
    name: str
    words: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="ONNX of an extractor of company, date, address, total")
    arguments = parser.parse_args()
    model = arguments.model.read_bytes() if arguments.model else linear_extractor(FIELDS)
    documents = list(receipts()) or [Sent(receipt(), "a.pdf", "")]
    with ExitStack() as stack:
        gateway = running(stack, model)
        pin(gateway.process.process.pid)
        rule = arguments.model or "linear"
        print(f"{len(documents)} documents, {ROUNDS} rounds, gateway on one core, model: {rule}")
        for title, params in (
            ("prediction", {}),
            ("prediction and candidates", {"with_candidates": "true"}),
            ("prediction, all words", {"include_mvision": "true"}),
            ("candidates before any model", {"asked": "v1.0"}),
        ):
            report(title, gateway, documents, params)


def receipts() -> Iterator[Sent]:
    listed = RECEIPTS / "dev.jsonl"
    if not listed.is_file():
        return
    with listed.open() as rows:
        for _, row in zip(range(DOCUMENTS), rows, strict=False):
            found = json.loads(row)
            path = RECEIPTS / found["image"] if "image" in found else next(RECEIPTS.glob(f"images/{found['id']}*"))
            words = [
                {"text": word["text"], "box": relative(word["box"], found), "line": number}
                for number, line in enumerate(found["lines"])
                for word in line["words"]
            ]
            yield Sent(path.read_bytes(), path.name, json.dumps([{"words": words}]))


def relative(box: Sequence[float], found: dict[str, float]) -> list[float]:
    width, height = found["width"], found["height"]
    x0, y0, x1, y1 = box
    return [x0 / width, y0 / height, max(x1, x0 + 1) / width, max(y1, y0 + 1) / height]


def running(stack: ExitStack, model: bytes) -> DocumentGateway:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capforge-bench-")))
    database = stack.enter_context(postgres_server(stack.enter_context(postgres_folder())))
    migrate(make_url(database.url()))
    store = stack.enter_context(s3_server(folder / "s3"))
    (folder / "token").write_text(f"{TOKEN}\n")
    reader = stack.enter_context(service(folder / "reader", internal_token_file=folder / "token"))
    triton = stack.enter_context(triton_server(folder / "triton"))
    triton.serve(MODEL, model)
    plain = {
        **store.environment,
        "CAPFORGE_DATABASE_URL": database.url(),
        "CAPFORGE_CANDIDATES_URL": reader.url,
        "CAPFORGE_DOCUMENT_REQUESTS_PER_MINUTE": "0",
    }
    process = stack.enter_context(gateway_process(folder / "gateway", plain=plain))
    routed = trained("1.1", MODEL, [triton.address], fields=FIELDS, thresholds={})
    return DocumentGateway(opened(process, extractor([routed], "1.1", fields=FIELDS)))


def pin(pid: int) -> None:
    """Leave one core to the gateway and the others to everybody else."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        psutil.Process(pid).cpu_affinity(cores[:1])


def report(title: str, gateway: DocumentGateway, documents: Sequence[Sent], params: dict[str, str]) -> None:
    params = dict(params)
    asked = params.pop("asked", "v1")
    for _ in range(WARM_ROUNDS):
        for one in documents:
            predict(gateway, one, asked, params)
    before, seen = cpu_seconds(gateway), len(gateway.process.lines("predict"))
    times = [predict(gateway, one, asked, params) for _ in range(ROUNDS) for one in documents]
    cpu = (cpu_seconds(gateway) - before) / len(times)
    time.sleep(0.5)
    lines = gateway.process.lines("predict")[seen:]
    parts = {name: [line[name] for line in lines if line[name]] for name in ("decode_seconds", "upstream_seconds")}
    median = statistics.median(times)
    print(
        f"{title:30} median {median * 1000:6.1f} ms  p95 {sorted(times)[int(len(times) * 0.95)] * 1000:6.1f} ms"
        f"  gateway's CPU {cpu * 1000:5.1f} ms"
        f"  encoding {middle(parts['decode_seconds']):5.1f} ms"
        f"  model server {middle(parts['upstream_seconds']):5.1f} ms"
        f"  {'within' if median <= AIM_SECONDS else 'OVER'} {AIM_SECONDS * 1000:.0f} ms"
    )


def middle(values: Sequence[float]) -> float:
    return statistics.median(values) * 1000 if values else 0.0


def predict(gateway: DocumentGateway, one: Sent, asked: str, params: dict[str, str]) -> float:
    data = {"words": one.words} if one.words else {}
    began = time.perf_counter()
    answer = gateway.predict(one.data, asked=asked, name=one.name, params=params, data=data)
    seconds = time.perf_counter() - began
    assert answer.status_code == 201, answer.text
    return seconds


def cpu_seconds(gateway: DocumentGateway) -> float:
    times = psutil.Process(gateway.process.process.pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
