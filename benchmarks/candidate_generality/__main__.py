"""Recall of candidates on kinds of documents that nothing was made for (`make bench-candidate-kinds`).

python -m benchmarks.candidate_generality [--documents 60] [--seed 0] [--misses 40] [--pdf]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from benchmarks.candidate_generality.judge import Verdict, verdicts
from benchmarks.candidate_generality.kinds import KINDS
from benchmarks.candidate_generality.pdf import TURNS, printed, read
from capforge_contracts.data_model import FieldType

_TYPES = [one for one in FieldType if one is not FieldType.CLASSIFICATION]


def main() -> None:
    """Write, read, judge, print."""
    options = _options()
    found: list[Verdict] = []
    print(f"{options.documents} documents a kind, seed {options.seed}; percent of the gold among the candidates")
    names = " ".join(f"{one.value:>7}" for one in _TYPES)
    print(f"{'':24} {'all':>6} {names} {'letter':>7} {'words':>6} {'spans':>6} {'CPU ms':>7}")
    for name in KINDS:
        found += _kind(name, options)
    print(_row("all", found, ""))
    _print_forms(found)
    _print_misses(found, options.misses)


def _kind(name: str, options: argparse.Namespace) -> list[Verdict]:
    found: list[Verdict] = []
    words = spans = pages = 0
    milliseconds = 0.0
    for number in range(options.documents):
        paper = KINDS[name](Random(f"{name} {number} {options.seed}"))  # noqa: S311 - documents, not secrets
        if options.pdf and (file := printed(paper, Random(number).choice(TURNS))) is None:  # noqa: S311
            continue
        started = time.process_time()
        reading = read(file) if options.pdf else paper.reading()
        milliseconds += (time.process_time() - started) * 1000
        words += sum(len(page.words) for page in reading.pages)
        spans += sum(len(page.spans) for page in reading.pages)
        pages += len(reading.pages)
        found += verdicts(paper, reading)
    if pages:
        print(_row(name, found, f"{words / pages:6.0f} {spans / pages:6.1f} {milliseconds / pages:7.2f}"), flush=True)
    return found


def _row(name: str, found: Sequence[Verdict], rest: str) -> str:
    own = " ".join(f"{_share([one for one in found if one.gold.field.type is kind]):>7}" for kind in _TYPES)
    texts = [one for one in found if one.gold.field.type is FieldType.WORD]
    letter = f"{100 * sum(one.to_the_letter for one in texts) / len(texts):.1f}" if texts else "-"
    return f"{name:24} {_share(found):>6} {own} {letter:>7} {rest}"


def _share(found: Sequence[Verdict]) -> str:
    return f"{100 * sum(one.found for one in found) / len(found):.1f}" if found else "-"


def _print_forms(found: Sequence[Verdict]) -> None:
    forms: dict[str, list[Verdict]] = defaultdict(list)
    for one in found:
        forms[f"{one.gold.field.type.value}: {one.gold.form}"].append(one)
    print("forms of which some are missed:")
    missed = Counter({form: sum(not one.found for one in some) for form, some in forms.items()})
    for form, count in missed.most_common():
        if count:
            print(f"  {count:4} of {len(forms[form]):4}  {form}")


def _print_misses(found: Sequence[Verdict], most: int) -> None:
    for one in [one for one in found if not one.found][:most]:
        print(f"  {one.kind}, {one.gold.field.name} ({one.gold.form}): {one.gold.value!r}, there is {one.instead}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pdf", action="store_true", help="as PDF files, pages turned (those of Western Europe)")
    parser.add_argument("--misses", type=int, default=0, help="print so many")
    return parser.parse_args()


if __name__ == "__main__":
    main()
