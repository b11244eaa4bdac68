"""What a snapshot answers. Words are made here and nowhere else."""

from __future__ import annotations

from collections import Counter

from capforge_contracts.dataset import (
    FAULTS_IN_RESULT,
    ClassCount,
    Fault,
    SnapshotOutcome,
    SnapshotResult,
    Split,
)
from capforge_snapshot.freeze import Tally


def locked(digest: str, tally: Tally, fault_codes: Counter[str], crowds: int, first: list[Fault]) -> SnapshotResult:
    """All is well; faults are there only where they are skipped."""
    items = tally.items.total()
    entities = tally.classes.total()
    skipped = fault_codes.total()
    notes = [f"{items} images with {entities} objects of {len(tally.classes)} classes"]
    if skipped:
        notes.append(f"skipped because of {_summary(fault_codes)}")
    if crowds:
        notes.append(f"{crowds} crowd regions left out")
    return SnapshotResult(
        outcome=SnapshotOutcome.LOCKED,
        message="; ".join(notes),
        digest=digest,
        items=items,
        entities=entities,
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
    """The annotation file cannot be read."""
    return SnapshotResult(outcome=SnapshotOutcome.SOURCE_UNAVAILABLE, message=why)


def empty(fault_codes: Counter[str], first: list[Fault]) -> SnapshotResult:
    """There is nothing to lock."""
    why = f"no image is left after skipping because of {_summary(fault_codes)}" if first else "the file has no images"
    return SnapshotResult(
        outcome=SnapshotOutcome.EMPTY_SELECTION,
        message=f"{why}; allowed: at least one image",
        fault_count=fault_codes.total(),
        faults=first[:FAULTS_IN_RESULT],
    )


def _summary(fault_codes: Counter[str]) -> str:
    total = fault_codes.total()
    kinds = ", ".join(f"{code} {count}" for code, count in sorted(fault_codes.items()))
    return f"{total} {'fault' if total == 1 else 'faults'} ({kinds})"
