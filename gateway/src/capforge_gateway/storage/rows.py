"""Between the rows of the tables and the words of the ports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select

from capforge_contracts.dataset import Split
from capforge_contracts.submissions import FieldLabel, Submission
from capforge_gateway.documents.ports import Document, JobStatus, Owner, QueueJob, UnknownDocument
from capforge_gateway.storage.tables import documents, jobs, roles, submissions


def identifier(text: str) -> str:
    """Return a UUID in its one form; what is none names nothing (UnknownDocument)."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise UnknownDocument(text) from error


def spelled(moment: datetime) -> str:
    """Return a time as the wire spells it: UTC, ISO 8601, microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def stored_labels(labels: Sequence[FieldLabel]) -> list[dict[str, Any]]:
    """Return what is written for labels."""
    return [label.model_dump(mode="json", by_alias=True, exclude_none=True) for label in labels]


def documents_as_of(owner: Owner, sequence: int, *, annotated: bool = False) -> Select[Any]:
    """Select an owner's documents that are not deleted, each with its role and its submission up to that sequence.

    The columns of the submission are null where there is none, its labels alone where it was withdrawn; `annotated`
    leaves these documents out.
    """
    latest = (
        select(submissions)
        .where(
            submissions.c.namespace == owner.namespace,
            submissions.c.document == documents.c.id,
            submissions.c.sequence <= sequence,
        )
        .order_by(submissions.c.sequence.desc())
        .limit(1)
        .lateral("latest")
    )
    role = and_(
        roles.c.namespace == documents.c.namespace,
        roles.c.capability == documents.c.capability,
        roles.c.sha256 == documents.c.sha256,
    )
    found = (
        select(
            documents,
            roles.c.split,
            latest.c.sequence,
            latest.c.id.label("submission"),
            latest.c.reading_sha256.label("labels_reading_sha256"),
            latest.c.annotator,
            latest.c.time,
            latest.c.labels,
        )
        .outerjoin(roles, role)
        .outerjoin(latest, documents.c.namespace == owner.namespace)
        .where(
            documents.c.namespace == owner.namespace,
            documents.c.capability == owner.capability,
            documents.c.deleted.is_(None),
        )
    )
    return found.where(latest.c.labels.is_not(None)) if annotated else found


def document_of(row: Row[Any]) -> Document:
    """Return the document of a row of `documents_as_of`."""
    return Document(
        row.id,
        row.name,
        row.media_type,
        row.sha256,
        row.size_bytes,
        row.created,
        row.uploader,
        row.reading_sha256,
        row.n_pages,
        Split(row.split) if row.split else None,
        submission_of(row) if row.labels is not None else None,
    )


def submission_of(row: Row[Any]) -> Submission:
    """Return the submission of a row of `documents_as_of` that has labels."""
    return Submission(
        sha256=row.sha256,
        document=row.id,
        name=row.name,
        reading_sha256=row.labels_reading_sha256,
        split=Split(row.split),
        submission=row.submission,
        sequence=row.sequence,
        annotator=row.annotator,
        time=spelled(row.time),
        labels=[FieldLabel.model_validate(label) for label in row.labels],
    )


def job_of(row: Row[Any]) -> QueueJob:
    """Return the job of a row of `jobs`."""
    return QueueJob(
        row.id,
        Owner(row.namespace, row.capability),
        _status(row),
        row.issued,
        row.finished,
        row.request,
        row.answer,
        row.error,
    )


def _status(row: Row[Any]) -> JobStatus:
    if row.finished is None:
        return JobStatus.PROCESSING if row.leased_until else JobStatus.WAITING
    return JobStatus.FAILED if row.error is not None else JobStatus.COMPLETED


def job_key(owner: Owner, job: str) -> Any:
    """Return the condition that finds one job of an owner; raises UnknownDocument where the id is none."""
    return and_(
        jobs.c.namespace == owner.namespace, jobs.c.capability == owner.capability, jobs.c.id == identifier(job)
    )
