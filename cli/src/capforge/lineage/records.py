"""What a lineage is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from capforge.lineage.question import Asked


@dataclass(frozen=True)
class Annotated:
    """One document, and who said what it holds."""

    submission: str
    sequence: int
    annotator: str
    time: str
    document: str
    name: str
    sha256: str
    split: str


@dataclass(frozen=True)
class DatasetLineage:
    """A dataset, or one split of it, that a run read."""

    role: str
    """train, dev or test."""
    name: str
    digest: str
    split: str | None
    items: int
    submissions: Sequence[Annotated] = ()
    """Empty for data that was imported with its labels."""

    @property
    def annotators(self) -> Mapping[str, int]:
        """How many of the documents each annotated, the most first."""
        return dict(Counter(one.annotator for one in self.submissions).most_common())


@dataclass(frozen=True)
class RunLineage:
    """The training."""

    name: str
    digest: str
    attempt: int
    template: str
    image: str
    seed: int
    model_sha256: str
    figures: str = ""
    """How good it was when it was made, in words."""
    fired: str = ""
    """Why it was made by itself; empty: somebody asked for it."""


@dataclass(frozen=True)
class Lineage:
    """Everything behind one version."""

    namespace: str
    capability: str
    version: str
    published_time: str
    ledger_entry: int
    gate: str
    run: RunLineage
    datasets: Sequence[DatasetLineage]
    asked: Asked
    problems: Sequence[str] = field(default_factory=tuple)
    """What is missing, or does not fit together."""

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "namespace": self.namespace,
            "capability": self.capability,
            "version": self.version,
            "document": self.asked.document,
            "publishedTime": self.published_time,
            "ledgerEntry": self.ledger_entry,
            "gate": self.gate,
            "run": asdict(self.run),
            "datasets": [{**asdict(one), "annotators": one.annotators} for one in self.datasets],
            "problems": list(self.problems),
        }
