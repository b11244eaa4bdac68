"""What a snapshot answers. Words are made here and nowhere else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.dataset import (
    FAULTS_IN_RESULT,
    ClassCount,
    Fault,
    SnapshotOutcome,
    SnapshotResult,
    Split,
)
from capforge_snapshot.tally import Tally

_SHOWN_FIELDS = 10
_SHOWN_CHARS = 64
_NOTHING_IS_SKIPPED = frozenset({FaultCode.CLASS_MISSING_FROM_SPLIT, FaultCode.UNKNOWN_CLASS})
"""Faults of what was asked for; no record is left out because of them."""


@dataclass(frozen=True)
class LeftOut:
    """What a snapshot did not take, or not whole, without its being a fault."""

    crowds: int = 0
    """COCO's boxes around many objects."""
    outlines: int = 0
    """Masks and outlines of several parts: their box was taken."""
    images: int = 0
    objects: int = 0
    """By preprocessing."""


def locked(
    digest: str, tally: Tally, fault_codes: Counter[str], left_out: LeftOut, first: list[Fault]
) -> SnapshotResult:
    """All is well; faults are there only where they are skipped."""
    items = tally.items.total()
    entities = tally.classes.total()
    spared = Counter({code: count for code, count in fault_codes.items() if code in _NOTHING_IS_SKIPPED})
    skipped = fault_codes - spared
    notes = [f"{items} images with {entities} objects of {len(tally.classes)} classes"]
    if skipped:
        notes.append(f"skipped because of {_summary(skipped)}")
    if spared:
        notes.append(f"taken as it is in spite of {_summary(spared)}")
    if left_out.crowds:
        notes.append(f"{left_out.crowds} crowd regions left out")
    if left_out.outlines:
        notes.append(f"of {left_out.outlines} masks or outlines of several parts the boxes were taken")
    if left_out.images or left_out.objects:
        notes.append(f"preprocessing left out {left_out.objects} objects and {left_out.images} images")
    missing = tally.missing()
    if missing:
        shown = ", ".join(f"{name} in {part}" for name, part in missing[:_SHOWN_FIELDS])
        more = f" and {len(missing) - _SHOWN_FIELDS} more" if len(missing) > _SHOWN_FIELDS else ""
        notes.append(f"classes without an object: {shown}{more}")
    return _locked("; ".join(notes), digest, tally, fault_codes.total(), first)


def documents_locked(
    digest: str, tally: Tally, fault_codes: Counter[str], first: list[Fault], superseded: int, ignored: Counter[str]
) -> SnapshotResult:
    """All is well; `superseded` annotations had newer ones of the same content, `ignored` fields are of no model."""
    items, skipped = tally.items.total(), fault_codes.total()
    notes = [f"{items} documents with {tally.classes.total()} values of {len(tally.classes)} fields"]
    if skipped:
        notes.append(f"skipped because of {_summary(fault_codes)}")
    if superseded:
        notes.append(f"{superseded} left out, a newer annotation is of the same content")
    if ignored:
        shown = sorted(ignored.items())[:_SHOWN_FIELDS]
        fields = ", ".join(f"{name[:_SHOWN_CHARS]} {count}" for name, count in shown)
        fields += f", and {len(ignored) - len(shown)} more" if len(ignored) > len(shown) else ""
        notes.append(f"labels of fields that the data model does not have were left out ({fields})")
    return _locked("; ".join(notes), digest, tally, skipped, first)


def _locked(message: str, digest: str, tally: Tally, skipped: int, first: list[Fault]) -> SnapshotResult:
    return SnapshotResult(
        outcome=SnapshotOutcome.LOCKED,
        message=message,
        digest=digest,
        items=tally.items.total(),
        entities=tally.classes.total(),
        classes=[ClassCount(name=name, count=count) for name, count in sorted(tally.classes.items())],
        train_items=tally.items[Split.TRAIN],
        dev_items=tally.items[Split.DEV],
        test_items=tally.items[Split.TEST],
        fault_count=skipped,
        faults=first[:FAULTS_IN_RESULT],
    )


def faulty(fault_codes: Counter[str], first: list[Fault], faults_key: str) -> SnapshotResult:
    """Some record is wrong; nothing was locked."""
    message = f"{_summary(fault_codes)}. First: {first[0].record}: {first[0].message}. All of them: {faults_key}"
    return SnapshotResult(
        outcome=SnapshotOutcome.FAULTY_RECORDS,
        message=message,
        fault_count=fault_codes.total(),
        faults=first[:FAULTS_IN_RESULT],
    )


def unavailable(why: str) -> SnapshotResult:
    """The annotations cannot be read."""
    return SnapshotResult(outcome=SnapshotOutcome.SOURCE_UNAVAILABLE, message=why)


def empty(fault_codes: Counter[str], first: list[Fault], left_out: LeftOut) -> SnapshotResult:
    """There is nothing to lock."""
    why = f"no image is left after skipping because of {_summary(fault_codes)}" if first else "the source has no images"
    if left_out.images:
        why = f"preprocessing leaves no image: it left out all {left_out.images}"
    return SnapshotResult(
        outcome=SnapshotOutcome.EMPTY_SELECTION,
        message=f"{why}; allowed: at least one image",
        fault_count=fault_codes.total(),
        faults=first[:FAULTS_IN_RESULT],
    )


def no_documents(capability: str, as_of_sequence: int, fault_codes: Counter[str], first: list[Fault]) -> SnapshotResult:
    """There is no document to lock."""
    why = f"capability {capability} has no annotated document up to submission {as_of_sequence}"
    if first:
        why = f"no document is left after skipping because of {_summary(fault_codes)}"
    return SnapshotResult(
        outcome=SnapshotOutcome.EMPTY_SELECTION,
        message=f"{why}; allowed: at least one document; annotate some",
        fault_count=fault_codes.total(),
        faults=first[:FAULTS_IN_RESULT],
    )


def _summary(fault_codes: Counter[str]) -> str:
    total = fault_codes.total()
    kinds = ", ".join(f"{code} {count}" for code, count in sorted(fault_codes.items()))
    return f"{total} {'fault' if total == 1 else 'faults'} ({kinds})"
