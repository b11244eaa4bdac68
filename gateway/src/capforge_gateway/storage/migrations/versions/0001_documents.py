"""The document loop: documents, submissions, roles, readings, queued predictions, feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "capabilities",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("roles", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("annotated", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("annotated >= 0", name="ck_capabilities_annotated"),
        sa.PrimaryKeyConstraint("namespace", "capability", name="pk_capabilities"),
        comment="One row for each capability: whoever changes what is annotated holds its lock. `sequence` of the "
        "newest submission, `roles` given so far, `annotated`: documents with a current annotation",
    )
    op.create_table(
        "jobs",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSON(), nullable=False),
        sa.Column("issued", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("takers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", postgresql.JSON(), nullable=True),
        sa.Column("error", postgresql.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("namespace", "id", name="pk_jobs"),
        comment="Queued predictions of the content `sha256`. Taken until `leased_until`; `takers`: how often",
    )
    op.create_index(
        "ix_jobs_finished", "jobs", ["namespace", "finished"], postgresql_where=sa.text("finished IS NOT NULL")
    )
    op.create_index("ix_jobs_namespace_sha256", "jobs", ["namespace", "sha256"])
    op.create_index("ix_jobs_open", "jobs", ["issued"], postgresql_where=sa.text("finished IS NULL"))
    op.create_table(
        "readings",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("reading_sha256", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "sha256", "engine_version", name="pk_readings"),
        comment="Which blob is the reading of a content by an engine",
    )
    op.create_table(
        "roles",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("split IN ('Train', 'Dev', 'Test')", name="ck_roles_split"),
        sa.PrimaryKeyConstraint("namespace", "capability", "sha256", name="pk_roles"),
        comment="The part of the data that a content belongs to, for ever",
    )
    op.create_table(
        "documents",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("uploader", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("reading_sha256", sa.Text(), nullable=True),
        sa.Column("n_pages", sa.Integer(), nullable=True),
        sa.Column("deleted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purged", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["namespace", "capability"],
            ["capabilities.namespace", "capabilities.capability"],
            name="fk_documents_capabilities",
        ),
        sa.PrimaryKeyConstraint("namespace", "id", name="pk_documents"),
        comment="Kept files. `deleted` is the tombstone; `purged`: the bytes are gone",
    )
    op.create_index(
        "ix_documents_namespace_capability_created_id", "documents", ["namespace", "capability", "created", "id"]
    )
    op.create_index(
        "ix_documents_namespace_capability_sha256_id", "documents", ["namespace", "capability", "sha256", "id"]
    )
    op.create_index("ix_documents_namespace_sha256", "documents", ["namespace", "sha256"])
    op.create_index(
        "ix_documents_to_purge",
        "documents",
        ["namespace", "deleted"],
        postgresql_where=sa.text("deleted IS NOT NULL AND purged IS NULL"),
    )
    op.create_index(
        "ix_documents_unread",
        "documents",
        ["created"],
        postgresql_where=sa.text("reading_sha256 IS NULL AND deleted IS NULL"),
    )
    op.create_table(
        "feedback",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("document", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("feedback", postgresql.JSON(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace", "document"], ["documents.namespace", "documents.id"], name="fk_feedback_documents"
        ),
        sa.PrimaryKeyConstraint("namespace", "id", name="pk_feedback"),
        comment="What was right in production, appended only",
    )
    op.create_index("ix_feedback_namespace_document_time", "feedback", ["namespace", "document", "time"])
    op.create_table(
        "submissions",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("document", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reading_sha256", sa.Text(), nullable=False),
        sa.Column("annotator", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("labels", postgresql.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["namespace", "document"], ["documents.namespace", "documents.id"], name="fk_submissions_documents"
        ),
        sa.PrimaryKeyConstraint("namespace", "capability", "sequence", name="pk_submissions"),
        comment="What was said about documents, appended only. Without labels: the annotation was withdrawn",
    )
    op.create_index("ix_submissions_namespace_document_sequence", "submissions", ["namespace", "document", "sequence"])


def downgrade() -> None:
    """Go back to an empty database."""
    for table in ("submissions", "feedback", "documents", "roles", "readings", "jobs", "capabilities"):
        op.drop_table(table)
