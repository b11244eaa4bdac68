"""The port Documents on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capforge_gateway.storage.annotations import Annotations
from capforge_gateway.storage.files import Files
from capforge_gateway.storage.queue import Queue
from capforge_gateway.storage.unread import Unread

if TYPE_CHECKING:
    from capforge_gateway.documents.ports import Documents


class PostgresDocuments(Files, Unread, Annotations, Queue):
    """All tables."""


if TYPE_CHECKING:

    def _(documents: PostgresDocuments) -> Documents:
        return documents
