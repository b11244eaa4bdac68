"""CPU time of candidate building for a page of 300 words, and recall of gold values on the receipts.

python -m benchmarks.candidates [--data ../shared/data/receipts] [--readings <folder of readings by an engine>]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from capforge_candidates.parted import parted
from capforge_candidates.values import spans_of
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord, SpanKind
from capforge_transforms.documents import candidate_keys, candidates_of, lined

PAGE_WORDS = 300
ROUNDS = 5
FIELDS = [
    DataField(name="company", type=FieldType.WORD),
    DataField(name="date", type=FieldType.DATE),
    DataField(name="total", type=FieldType.AMOUNT),
    DataField(name="phone", type=FieldType.PHONE),
]
Record = dict[str, Any]


def main() -> None:
    options = _options()
    for part in ("train", "dev"):
        records = [json.loads(line) for line in (options.data / f"{part}.jsonl").open()]
        readings = {record["id"]: _reading(record, options.readings) for record in records}
        if part == "train":
            _print_times([reading.pages[0] for reading in readings.values() if reading])
        _print_recall(part, records, readings)


def _print_times(pages: Sequence[ReadPage]) -> None:
    words = sum(len(page.words) for page in pages)
    readings = [Reading(sha256="0" * 64, engine=Engine.GIVEN, engine_version="given", pages=[page]) for page in pages]
    steps: Mapping[str, Callable[[], object]] = {
        "lines from geometry": lambda: [lined(page.words) for page in pages],
        "glued words parted": lambda: [parted(page.words) for page in pages],
        "values": lambda: [spans_of(page.words) for page in pages],
        "keys": lambda: [candidate_keys(reading) for reading in readings],
        "keys and candidates of 4 fields": lambda: [candidates_of(reading, FIELDS) for reading in readings],
    }
    print(f"CPU time for {PAGE_WORDS} words (median of {ROUNDS} rounds over {len(pages)} pages, {words} words)")
    for name, step in steps.items():
        step()
        print(f"  {name:32} {median(_milliseconds(step) for _ in range(ROUNDS)) / words * PAGE_WORDS:6.2f} ms")
    found = [span.kind for page in pages for span in page.spans]
    counts = ", ".join(f"{kind.value} {found.count(kind) / len(pages):.1f}" for kind in SpanKind)
    print(f"  spans a page: {counts}")


def _milliseconds(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return (time.process_time() - start) * 1000


def _print_recall(part: str, records: Sequence[Record], readings: Mapping[str, Reading | None]) -> None:
    for field, kind in (("date", SpanKind.DATE), ("total", SpanKind.AMOUNT)):
        judged = [one for one in records if one["typed"][field] and readings[one["id"]]]
        missed = [one for one in judged if not _is_there(readings[one["id"]], kind, one["typed"][field])]
        share = 1 - len(missed) / max(len(judged), 1)
        print(f"{part} {field}: {share:.1%} of {len(judged)} among the candidates")
        for one in missed:
            print(f"  missed: {one['id']} {one['fields'][field]}")


def _is_there(reading: Reading | None, kind: SpanKind, gold: str) -> bool:
    values = {span.value for page in (reading.pages if reading else []) for span in page.spans if span.kind is kind}
    if kind is SpanKind.AMOUNT:
        return Decimal(gold) in {Decimal(value) for value in values}
    return gold in values


def _reading(record: Record, readings: Path | None) -> Reading | None:
    """Return the document's reading: an engine's (None where it was not made), or of the words given."""
    if readings is None:
        pages = [ReadPage(page_id=0, width=record["width"], height=record["height"], words=parted(_words(record)))]
    else:
        file = readings / f"{record['id']}.json"
        if not file.exists():
            return None
        pages = Reading.from_json(file.read_bytes()).pages
    found = [page.model_copy(update={"spans": spans_of(page.words)}) for page in pages]
    return Reading(sha256="0" * 64, engine=Engine.GIVEN, engine_version="given", pages=found)


def _words(record: Record) -> Iterator[ReadWord]:
    width, height = record["width"], record["height"]
    for number, line in enumerate(record["lines"]):
        for word in line["words"]:
            x0, y0, x1, y1 = word["box"]
            yield ReadWord(text=word["text"], box=[x0 / width, y0 / height, x1 / width, y1 / height], line=number)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/receipts"))
    parser.add_argument("--readings", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
