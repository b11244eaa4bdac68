"""The tables. Every key starts with the namespace, and every query names it.

Changes are additive for one release (the previous one goes on with the new tables while it is replaced): a column is
added with a default or as nullable, one is dropped in the release after the last that reads it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from capforge_gateway.storage import vision_tables
from capforge_gateway.storage.columns import People, identity, metadata, moment

__all__ = [
    "capabilities",
    "documents",
    "feedback",
    "jobs",
    "metadata",
    "readings",
    "roles",
    "submissions",
    "vision_tables",
]

capabilities = Table(
    "capabilities",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("roles", BigInteger, nullable=False, server_default="0"),
    Column("annotated", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("annotated >= 0", name="annotated"),
    comment="One row for each capability: whoever changes what is annotated holds its lock. `sequence` of the newest "
    "submission, `roles` given so far, `annotated`: documents with a current annotation",
)

documents = Table(
    "documents",
    metadata,
    Column("namespace", Text, primary_key=True),
    identity(primary_key=True),
    Column("capability", Text, nullable=False),
    Column("name", People, nullable=False),
    Column("media_type", People, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("uploader", People, nullable=False),
    moment("created", nullable=False, server_default=func.clock_timestamp()),
    Column("reading_sha256", Text),
    Column("n_pages", Integer),
    moment("deleted"),
    moment("purged"),
    ForeignKeyConstraint(("namespace", "capability"), ("capabilities.namespace", "capabilities.capability")),
    Index(None, "namespace", "capability", "created", "id"),
    Index(None, "namespace", "capability", "sha256", "id"),
    Index(None, "namespace", "sha256"),
    Index("ix_documents_unread", "created", postgresql_where=text("reading_sha256 IS NULL AND deleted IS NULL")),
    Index(
        "ix_documents_to_purge", "namespace", "deleted", postgresql_where=text("deleted IS NOT NULL AND purged IS NULL")
    ),
    comment="Kept files. `deleted` is the tombstone; `purged`: the bytes are gone",
)

submissions = Table(
    "submissions",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    identity(nullable=False),
    identity("document", nullable=False),
    Column("reading_sha256", Text, nullable=False),
    Column("annotator", People, nullable=False),
    moment("time", nullable=False, server_default=func.clock_timestamp()),
    Column("labels", JSON(none_as_null=True)),
    ForeignKeyConstraint(("namespace", "document"), ("documents.namespace", "documents.id")),
    Index(None, "namespace", "document", "sequence"),
    comment="What was said about documents, appended only. Without labels: the annotation was withdrawn",
)

roles = Table(
    "roles",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("split", Text, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    CheckConstraint("split IN ('Train', 'Dev', 'Test')", name="split"),
    comment="The part of the data that a content belongs to, for ever",
)

readings = Table(
    "readings",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("engine_version", Text, primary_key=True),
    Column("reading_sha256", Text, nullable=False),
    moment("created", nullable=False, server_default=func.clock_timestamp()),
    comment="Which blob is the reading of a content by an engine",
)

jobs = Table(
    "jobs",
    metadata,
    Column("namespace", Text, primary_key=True),
    identity(primary_key=True),
    Column("capability", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("request", JSON, nullable=False),
    moment("issued", nullable=False, server_default=func.clock_timestamp()),
    moment("leased_until"),
    moment("waits_until"),
    Column("takers", Integer, nullable=False, server_default="0"),
    moment("finished"),
    Column("answer", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Index("ix_jobs_open", "issued", postgresql_where=text("finished IS NULL")),
    Index("ix_jobs_finished", "namespace", "finished", postgresql_where=text("finished IS NOT NULL")),
    Index(None, "namespace", "sha256"),
    comment="Queued predictions of the content `sha256`. Taken until `leased_until`; `takers`: how often",
)

feedback = Table(
    "feedback",
    metadata,
    Column("namespace", Text, primary_key=True),
    identity(primary_key=True),
    identity("document", nullable=False),
    Column("feedback", JSON, nullable=False),
    Column("sender", People, nullable=False),
    moment("time", nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(("namespace", "document"), ("documents.namespace", "documents.id")),
    Index(None, "namespace", "document", "time"),
    comment="What was right in production, appended only",
)
