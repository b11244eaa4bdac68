"""The tables of annotated images; see `tables` for what holds for all of them."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

from capforge_gateway.storage.columns import People, identity, metadata, moment

vision_namespaces = Table(
    "vision_namespaces",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    comment="For each namespace with images, whoever submits holds its lock; `sequence` of the newest submission",
)

vision_files = Table(
    "vision_files",
    metadata,
    Column("namespace", Text, primary_key=True),
    identity(primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("name", People, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("source", People, nullable=False),
    Column("metadata", JSONB, nullable=False),
    Column("uploader", People, nullable=False),
    moment("created", nullable=False, server_default=func.clock_timestamp()),
    moment("deleted"),
    moment("purged"),
    ForeignKeyConstraint(("namespace",), ("vision_namespaces.namespace",)),
    Index("ux_vision_files_live", "namespace", "sha256", unique=True, postgresql_where=text("deleted IS NULL")),
    Index(None, "namespace", "sha256"),
    Index(None, "namespace", "created", "id"),
    Index(None, "namespace", "source"),
    Index(
        "ix_vision_files_metadata", "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}
    ),
    Index(
        "ix_vision_files_to_purge",
        "namespace",
        "deleted",
        postgresql_where=text("deleted IS NOT NULL AND purged IS NULL"),
    ),
    comment="Images, each live content once. `deleted` is the tombstone; `purged`: the bytes are gone",
)

vision_submissions = Table(
    "vision_submissions",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    identity(nullable=False),
    identity("file", nullable=False),
    Column("capability", Text),
    Column("status", Text, nullable=False),
    Column("annotator", People, nullable=False),
    moment("time", nullable=False, server_default=func.clock_timestamp()),
    Column("entities", JSON, nullable=False),
    Column("observed", JSONB, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("runs", ARRAY(Text), nullable=False),
    CheckConstraint("status IN ('PreAnnotation', 'Submitted')", name="status"),
    ForeignKeyConstraint(("namespace", "file"), ("vision_files.namespace", "vision_files.id")),
    Index("ux_vision_submissions_id", "namespace", "id", unique=True),
    # The last one by this order is the official one: `Submitted` comes after `PreAnnotation`.
    Index(None, "namespace", "file", "status", "sequence"),
    Index(None, "namespace", "annotator"),
    Index(None, "namespace", "time"),
    Index(
        "ix_vision_submissions_observed",
        "observed",
        postgresql_using="gin",
        postgresql_ops={"observed": "jsonb_path_ops"},
    ),
    Index("ix_vision_submissions_runs", "runs", postgresql_using="gin"),
    comment="What was said about images, appended only. For searches: `observed` values by attribute, `counts` of "
    "objects by class, `runs` that made an observation",
)

vision_drafts = Table(
    "vision_drafts",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("description", People, nullable=False),
    Column("selection", Text, nullable=False),
    Column("searches", JSON, nullable=False),
    Column("author", People, nullable=False),
    moment("created", nullable=False, server_default=func.clock_timestamp()),
    moment("changed", nullable=False, server_default=func.clock_timestamp()),
    comment="Saved searches: what a dataset may be made of",
)
