"""Every reason that a condition can have is in the runbook."""

from __future__ import annotations

import re
from pathlib import Path

import capforge_operator
from capforge_contracts.dataset import SnapshotOutcome
from capforge_contracts.exitcodes import REASONS

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
DOMAIN = Path(next(iter(capforge_operator.__path__))) / "domain"
_GIVEN = re.compile(r'(?:Finding|Standing|Verdict|Failure|Violation|Hindrance)\(\s*(?:[\w.]+,\s*)*"([A-Z]\w+)"')
_RETURNED = re.compile(r'return\s*\(?\s*"([A-Z]\w+)",')
_NAMED = re.compile(
    r'^(?:[A-Z_]+, )*[A-Z_]+ = (?:"[A-Z]\w+", )*"([A-Z]\w*(?:Failed|able|Starting|led))"$', re.MULTILINE
)


def reasons() -> set[str]:
    code = "\n".join(path.read_text() for path in DOMAIN.rglob("*.py"))
    found = {reason for pattern in (_GIVEN, _RETURNED, _NAMED) for reason in pattern.findall(code)}
    conditions = {"Ready", "Stalled", "Reconciling"}
    return (found | set(REASONS.values()) | {outcome.value for outcome in SnapshotOutcome}) - conditions


def test_the_search_finds_reasons():
    assert {"Locked", "Serving", "OutOfMemory", "SplitsOverlap", "InvalidSchema", "NamespaceNotPrepared"} <= reasons()


def test_every_reason_has_its_line():
    lines = [line for line in RUNBOOK.read_text().splitlines() if line.startswith("|")]
    told = {word for line in lines for cell in line.split("|")[1:3] for word in re.findall(r"\w+", cell)}
    assert reasons() - told == set()
