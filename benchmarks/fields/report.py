"""What the rounds reached, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from benchmarks.fields.judge import Answer, share
from benchmarks.fields.receipts import Document
from benchmarks.fields.rounds import Round
from capforge_contracts.data_model import DataField

AIMS = {20: (85, 80), 50: (90, 84), 150: (93, 87)}
"""By training documents: percent right over all, over documents of unseen groups; words given."""


def head(fields: Sequence[DataField]) -> str:
    """Return the table's head."""
    names = " ".join(f"{field.name:>8}" for field in fields)
    return f"{'':38} {'all':>6} {'seen':>6} {'unseen':>6} {names} {'ECE':>6} {'CPU s':>6}"


def row(name: str, rounds: Sequence[Round], fields: Sequence[DataField]) -> str:
    """Return the mean over the rounds."""
    found = [answer for one in rounds for answer in one.answers]
    own = " ".join(f"{share([one for one in found if one.field == field.name]):8.1f}" for field in fields)
    seen, unseen = (share([one for one in found if one.seen is wanted]) for wanted in (True, False))
    error, cpu = fmean(one.calibration_error for one in rounds), fmean(one.cpu_seconds for one in rounds)
    return f"{name:38} {share(found):6.1f} {seen:6.1f} {unseen:6.1f} {own} {error:6.3f} {cpu:6.1f}"


def spread(rounds: Sequence[Round]) -> str:
    """Return the lowest and the highest share of the rounds."""
    shares = [share(one.answers) for one in rounds]
    return f"{min(shares):.1f}-{max(shares):.1f}"


def sources(rounds: Sequence[Round], fields: Sequence[DataField]) -> Iterator[str]:
    """Yield where each field's wrong answers come from, in percent of its answers."""
    for field in fields:
        found = [answer for one in rounds for answer in one.answers if answer.field == field.name]
        wrong = [answer for answer in found if not answer.right]
        yield f"  {field.name:10} " + ", ".join(
            f"{name} {100 * len(some) / len(found):.1f} %" for name, some in _kinds(wrong) if found
        )


def _kinds(wrong: Sequence[Answer]) -> Iterator[tuple[str, list[Answer]]]:
    yield "no candidates make the gold value", [one for one in wrong if not one.reachable]
    yield "another was chosen", [one for one in wrong if one.reachable and not one.silent]
    yield "nothing was told", [one for one in wrong if one.reachable and one.silent]


def ceiling(documents: Sequence[Document], fields: Sequence[DataField]) -> str:
    """Return which share of the gold values candidates can make at all."""
    parts = [
        f"{field.name} {100 * sum(field.name in one.reachable for one in documents) / len(documents):.0f} %"
        for field in fields
    ]
    return ", ".join(parts)
