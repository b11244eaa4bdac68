"""Twin of the gateway's Documents; tests/integration/gateway/storage/test_contract.py keeps them honest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from capforge_contracts.dataset import Split
from capforge_contracts.submissions import AnnotationCount, FieldLabel, Submission
from capforge_gateway.documents.ports import (
    Document,
    DocumentPage,
    NewDocument,
    NotAnnotated,
    NotReadYet,
    Owner,
    UnknownDocument,
    UnreadDocument,
)
from capforge_gateway.documents.roles import role_of
from tests.support.twins.prediction_queue import MemoryQueue, identifier


@dataclass
class _Said:
    """A row of the submissions; without labels: withdrawn."""

    owner: Owner
    document: str
    submission: str
    sequence: int
    annotator: str
    time: datetime
    reading_sha256: str
    labels: Sequence[FieldLabel] | None


@dataclass
class MemoryDocuments(MemoryQueue):
    """The tables in memory. `away` lets every method raise StorageAway."""

    kept: dict[str, tuple[Owner, Document]] = field(default_factory=dict)
    """Those that are not deleted, in the order of their coming."""
    said: list[_Said] = field(default_factory=list)
    owners: dict[Owner, None] = field(default_factory=dict)
    roles: dict[tuple[Owner, str], Split] = field(default_factory=dict)
    fed_back: list[tuple[str, str, dict[str, Any], str]] = field(default_factory=list)

    async def keep(self, owner: Owner, new: NewDocument) -> Document:
        self._reach()
        self.owners.setdefault(owner)
        document = Document(
            new.id or str(uuid4()),
            new.name,
            new.media_type,
            new.sha256,
            new.size_bytes,
            self.now(),
            new.uploader,
            new.reading_sha256,
            new.n_pages,
            None,
            None,
        )
        self.kept.setdefault(document.id, (owner, document))
        return self._found(owner, document.id)

    async def read(self, owner: Owner, document: str, reading_sha256: str, n_pages: int) -> None:
        self._reach()
        before = self._found(owner, document)
        if before.reading_sha256 is None:
            kept = self.kept[before.id][1]
            self.kept[before.id] = (owner, replace(kept, reading_sha256=reading_sha256, n_pages=n_pages))

    async def unread(self, limit: int, without: Collection[str] = ()) -> Sequence[UnreadDocument]:
        self._reach()
        waiting = [
            UnreadDocument(owner, name)
            for name, (owner, document) in self.kept.items()
            if document.reading_sha256 is None and name not in without
        ]
        return waiting[:limit]

    async def get(self, owner: Owner, document: str) -> Document:
        self._reach()
        return self._found(owner, document)

    async def list(self, owner: Owner, page: int, page_size: int) -> DocumentPage:
        self._reach()
        mine = [self._found(owner, name) for name, (whose, _) in reversed(self.kept.items()) if whose == owner]
        start = (page - 1) * page_size
        return DocumentPage(mine[start : start + page_size], page, -(-len(mine) // page_size), len(mine))

    async def delete(self, owner: Owner, document: str) -> None:
        self._reach()
        del self.kept[self._found(owner, document).id]

    async def submit(
        self, owner: Owner, document: str, labels: Sequence[FieldLabel], annotator: str, *, replace: bool
    ) -> Submission:
        self._reach()
        before = self._found(owner, document)
        before.check_turn(replace=replace)
        if before.reading_sha256 is None:
            raise NotReadYet(before.id)
        given = sum(whose == owner for whose, _ in self.roles)
        self.roles.setdefault((owner, before.sha256), role_of(owner, given))
        self._say(owner, before, annotator, list(labels))
        written = self._found(owner, document).submission
        assert written is not None
        return written

    async def withdraw(self, owner: Owner, document: str, annotator: str) -> None:
        self._reach()
        before = self._found(owner, document)
        if before.submission is None:
            raise NotAnnotated(document)
        self._say(owner, before, annotator, None)

    async def feedback(self, namespace: str, document: str, feedback: dict[str, Any], sender: str) -> None:
        self._reach()
        owner, _ = self.kept.get(identifier(document), (None, None))
        if owner is None or owner.namespace != namespace:
            raise UnknownDocument(document)
        self.fed_back.append((namespace, document, feedback, sender))

    async def counts(self) -> Sequence[AnnotationCount]:
        self._reach()
        return [
            AnnotationCount(
                namespace=owner.namespace,
                capability=owner.capability,
                documents=sum(
                    whose == owner and self._found(owner, name).submission is not None
                    for name, (whose, _) in self.kept.items()
                ),
                sequence=self._sequence(owner),
            )
            for owner in sorted(self.owners, key=lambda owner: (owner.namespace, owner.capability))
        ]

    async def newest(self, owner: Owner) -> int | None:
        self._reach()
        return self._sequence(owner) if owner in self.owners else None

    async def current(self, owner: Owner, as_of_sequence: int) -> AsyncIterator[Submission]:
        self._reach()
        mine = [document for whose, document in self.kept.values() if whose == owner]
        for document in sorted(mine, key=lambda document: (document.sha256, document.id)):
            found = self._submission(owner, document, as_of_sequence)
            if found is not None:
                yield found

    def _found(self, owner: Owner, document: str) -> Document:
        whose, found = self.kept.get(identifier(document), (None, None))
        if found is None or whose != owner:
            raise UnknownDocument(document)
        split = self.roles.get((owner, found.sha256))
        return replace(found, split=split, submission=self._submission(owner, found, self._sequence(owner)))

    def _submission(self, owner: Owner, document: Document, as_of: int) -> Submission | None:
        said = [one for one in self.said if (one.owner, one.document) == (owner, document.id) and one.sequence <= as_of]
        if not said or said[-1].labels is None:
            return None
        last = said[-1]
        return Submission(
            sha256=document.sha256,
            document=document.id,
            name=document.name,
            reading_sha256=last.reading_sha256,
            split=self.roles[owner, document.sha256],
            submission=last.submission,
            sequence=last.sequence,
            annotator=last.annotator,
            time=last.time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            labels=list(last.labels or ()),
        )

    def _say(self, owner: Owner, document: Document, annotator: str, labels: Sequence[FieldLabel] | None) -> None:
        assert document.reading_sha256 is not None
        sequence = self._sequence(owner) + 1
        self.said.append(
            _Said(owner, document.id, str(uuid4()), sequence, annotator, self.now(), document.reading_sha256, labels)
        )

    def _sequence(self, owner: Owner) -> int:
        return sum(one.owner == owner for one in self.said)
