"""Annotated images: files, submissions, drafts. New tables alone: the previous release takes no notice of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "vision_namespaces",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("namespace", name="pk_vision_namespaces"),
        comment="For each namespace with images, whoever submits holds its lock; `sequence` of the newest submission",
    )
    _files()
    _submissions()
    op.create_table(
        "vision_drafts",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("searches", postgresql.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        _now("created"),
        _now("changed"),
        sa.PrimaryKeyConstraint("namespace", "name", name="pk_vision_drafts"),
        comment="Saved searches: what a dataset may be made of",
    )


def _files() -> None:
    op.create_table(
        "vision_files",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column("uploader", sa.Text(), nullable=False),
        _now("created"),
        sa.Column("deleted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purged", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["namespace"], ["vision_namespaces.namespace"], name="fk_vision_files_vision_namespaces"
        ),
        sa.PrimaryKeyConstraint("namespace", "id", name="pk_vision_files"),
        comment="Images, each live content once. `deleted` is the tombstone; `purged`: the bytes are gone",
    )
    live, to_purge = sa.text("deleted IS NULL"), sa.text("deleted IS NOT NULL AND purged IS NULL")
    op.create_index("ux_vision_files_live", "vision_files", ["namespace", "sha256"], unique=True, postgresql_where=live)
    op.create_index("ix_vision_files_namespace_sha256", "vision_files", ["namespace", "sha256"])
    op.create_index("ix_vision_files_namespace_created_id", "vision_files", ["namespace", "created", "id"])
    op.create_index("ix_vision_files_namespace_source", "vision_files", ["namespace", "source"])
    op.create_index("ix_vision_files_to_purge", "vision_files", ["namespace", "deleted"], postgresql_where=to_purge)
    _inverted("vision_files", "metadata")


def _submissions() -> None:
    op.create_table(
        "vision_submissions",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("file", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("capability", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("annotator", sa.Text(), nullable=False),
        _now("time"),
        sa.Column("entities", postgresql.JSON(), nullable=False),
        sa.Column("observed", postgresql.JSONB(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("runs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("status IN ('PreAnnotation', 'Submitted')", name="ck_vision_submissions_status"),
        sa.ForeignKeyConstraint(
            ["namespace", "file"],
            ["vision_files.namespace", "vision_files.id"],
            name="fk_vision_submissions_vision_files",
        ),
        sa.PrimaryKeyConstraint("namespace", "sequence", name="pk_vision_submissions"),
        comment="What was said about images, appended only. For searches: `observed` values by attribute, `counts` of "
        "objects by class, `runs` that made an observation",
    )
    named = {
        "ix_vision_submissions_namespace_file_status_sequence": ["namespace", "file", "status", "sequence"],
        "ix_vision_submissions_namespace_annotator": ["namespace", "annotator"],
        "ix_vision_submissions_namespace_time": ["namespace", "time"],
    }
    for name, columns in named.items():
        op.create_index(name, "vision_submissions", columns)
    op.create_index("ux_vision_submissions_id", "vision_submissions", ["namespace", "id"], unique=True)
    _inverted("vision_submissions", "observed")
    op.create_index("ix_vision_submissions_runs", "vision_submissions", ["runs"], postgresql_using="gin")


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _inverted(table: str, column: str) -> None:
    op.create_index(
        f"ix_{table}_{column}",
        table,
        [column],
        postgresql_using="gin",
        postgresql_ops={column: "jsonb_path_ops"},
    )


def downgrade() -> None:
    """Take them away."""
    for table in ("vision_drafts", "vision_submissions", "vision_files", "vision_namespaces"):
        op.drop_table(table)
