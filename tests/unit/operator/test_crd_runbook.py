"""The runbook's tables have a line for every reason that a condition can have, and for no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import capforge_operator
from capforge_agent.failures import Reason
from capforge_contracts.dataset import SnapshotOutcome
from capforge_contracts.exitcodes import REASONS

DOCS = Path(__file__).resolve().parents[3] / "docs"
DOMAIN = Path(next(iter(capforge_operator.__path__))) / "domain"
NOT_REASONS = {
    *("Ready", "Reconciling", "Stalled", "Succeeded", "ModelServing", "RolloutBlocked"),  # types of conditions
    *("AutomaticTraining", "InputConnected", "Notified", "Intact"),  # types of conditions too
    *("VersionPublished", "Done", "All"),  # a ledger entry, a phase, a selection
    "AwaitingTrial",  # an agent's word: docs/serving.md
    # Kubernetes' own words
    *("Failed", "Terminated", "OOMKilled", "ContainerCreating", "PodInitializing"),
    *("Shutdown", "NodeShutdown", "DeletionByTaintManager", "NoPods"),
    *("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable"),
}
"""CamelCase words in the decisions that are no reasons. A new word is either added here or told in the runbook."""
_CAMEL_CASE = re.compile(r"[A-Z][a-zA-Z]+")


def words() -> set[str]:
    """Return every CamelCase text that stands in a decision."""
    return {
        node.value
        for path in DOMAIN.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CAMEL_CASE.fullmatch(node.value)
    }


def reasons() -> set[str]:
    return (words() - NOT_REASONS) | set(REASONS.values()) | {outcome.value for outcome in SnapshotOutcome}


def told(document: str, heading: str | None = None) -> set[str]:
    """Return the words in the reason column of each table (of one section)."""
    return {word for cell in _reason_cells(document, heading) for word in _CAMEL_CASE.findall(cell)}


def _reason_cells(document: str, heading: str | None) -> Iterator[str]:
    column, section = None, ""
    for line in (DOCS / document).read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.split("|")]
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = next((number for number, cell in enumerate(cells) if cell in {"reason", "seen"}), None)
        elif heading in {None, section} and set(cells[column]) - {"-"}:
            yield cells[column]


def test_the_search_finds_reasons():
    assert {"Locked", "Serving", "OutOfMemory", "SplitsOverlap", "InvalidSchema", "NamespaceNotPrepared"} <= reasons()
    assert {"Locked", "Serving", "OutOfMemory", "SplitsOverlap", "InvalidSchema"} <= told("runbook.md")


def test_every_reason_has_its_line():
    assert reasons() - told("runbook.md") == set()


def test_the_runbook_tells_no_reason_that_there_is_not():
    told_of_agents = {reason.value for reason in Reason}
    assert told("runbook.md") - reasons() - told_of_agents == set()


def test_no_word_is_excepted_that_there_is_not():
    assert NOT_REASONS - words() == set()


def test_every_reason_of_the_agent_has_its_line_and_no_other():
    known = {reason.value for reason in Reason}
    assert known - told("serving.md", "When something is wrong") == set()
    camel = {word for word in told("serving.md", "When something is wrong") if len(re.findall("[A-Z]", word)) > 1}
    assert camel - known == set()
