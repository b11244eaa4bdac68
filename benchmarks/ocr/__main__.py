"""`make bench-ocr`: how many words and values of real receipts Tesseract finds, whichever way up, and what it costs.

Recall counts words by letters and digits, wherever they stand: people's transcriptions cut words a little differently.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ocr.counting import Counting
from benchmarks.ocr.receipts import Receipt, has_date, has_total, plain, receipts
from capforge_candidates.document import read_document
from capforge_candidates.engines.tesseract import tesseract
from capforge_candidates.files.page import Limits
from capforge_contracts.reading import Reading
from capforge_tools import packaged

_LIMITS = Limits(max_pages=5, max_pixels=50_000_000)
_TURNS = (0, 90, 180, 270)
_TIMEOUT_SECONDS = 120.0
_RECEIPTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "receipts"


def main() -> int:
    """Measure and print."""
    chosen = _options()
    engine = Counting(tesseract(str(packaged.ensure(packaged.TESSERACT)), ["eng"], _TIMEOUT_SECONDS))
    sample = receipts(chosen.receipts, chosen.split, chosen.count, chosen.seed)
    print(f"{engine.version}, {len(sample)} receipts of {chosen.split}, seed {chosen.seed}")
    _words(engine, sample)
    _turns(engine, sample[: chosen.turned])
    return 0


def _words(engine: Counting, sample: Sequence[Receipt]) -> None:
    found: Counter[str] = Counter()
    before = _cpu_seconds()
    for receipt in sample:
        reading = read_document(receipt.file.read_bytes(), engine, _LIMITS)
        _count(found, receipt, reading)
    seconds = (_cpu_seconds() - before) / len(sample)
    for name in ("words", "company words", "address words", "total is a candidate", "date is a candidate"):
        print(f"  {name:24} {found[name] / max(found[f'{name}, gold'], 1):6.1%} of {found[f'{name}, gold']}")
    print(f"  {'words found that are gold':24} {found['words'] / max(found['words, found'], 1):6.1%}")
    print(f"  CPU {seconds:.2f} s a page; runs of the engine a page: {engine.pages / len(sample):.2f}")


def _count(found: Counter[str], receipt: Receipt, reading: Reading) -> None:
    words = plain(word.text for page in reading.pages for word in page.words)
    found["words, found"] += words.total()
    for name, gold in (
        ("words", receipt.words),
        ("company words", plain((receipt.fields.get("company") or "").split())),
        ("address words", plain((receipt.fields.get("address") or "").split())),
    ):
        found[name] += (gold & words).total()
        found[f"{name}, gold"] += gold.total()
    if total := receipt.typed.get("total"):
        found["total is a candidate"] += has_total(reading, total)
        found["total is a candidate, gold"] += 1
    if date := receipt.typed.get("date"):
        found["date is a candidate"] += has_date(reading, date)
        found["date is a candidate, gold"] += 1


def _turns(engine: Counting, sample: Sequence[Receipt]) -> None:
    print("turned against the clock: found, CPU a page, runs a page (words + orientation)")
    for degrees in _TURNS:
        engine.pages = engine.turns = 0
        before, right = _cpu_seconds(), 0
        for receipt in sample:
            (page,) = read_document(receipt.turned(degrees), engine, _LIMITS).pages
            right += page.rotation == degrees
        seconds, each = (_cpu_seconds() - before) / len(sample), len(sample)
        runs = f"{engine.pages / each:.2f} + {engine.turns / each:.2f}"
        print(f"  {degrees:3}: {right} of {each}, {seconds:.2f} s, {runs}")


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.ocr", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--receipts", type=Path, default=_RECEIPTS, help="folder with dev.jsonl and train.jsonl")
    parser.add_argument("--split", default="dev", choices=["dev", "train"])
    parser.add_argument("--count", type=int, default=50, help="receipts read (default 50)")
    parser.add_argument("--turned", type=int, default=20, help="receipts read in every position (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
