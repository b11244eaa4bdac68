"""What the tables are made of: names of constraints, text that people wrote, moments, ids."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, Dialect, MetaData, Text, TypeDecorator, Uuid

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class People(TypeDecorator[str]):
    """What people wrote: PostgreSQL takes neither NUL nor half of a surrogate pair, which become U+FFFD or `?`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the port of SQLAlchemy
        """Return what the server takes."""
        return value and value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def moment(name: str, **options: Any) -> Column[Any]:
    """Return a column of a time with its zone."""
    return Column(name, DateTime(timezone=True), **options)


def identity(name: str = "id", **options: Any) -> Column[str]:
    """Return a column of a UUID, a text for us."""
    return Column(name, Uuid(as_uuid=False), **options)
