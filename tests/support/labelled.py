"""Documents and labels for tests of the document loop that do not care what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_gateway.documents.ports import NewDocument

READING = "5e" * 32


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def new_document(content: str = "a", **changes: object) -> NewDocument:
    """A document with this content, read already."""
    known = NewDocument(f"{content}.pdf", "application/pdf", digest(content), len(content), "key-1", READING, 1)
    return replace(known, **changes)  # type: ignore[arg-type] # the names of its fields


def labels(total: str = "12.50") -> list[FieldLabel]:
    """One value, one class, one field that is absent."""
    value = LabelledValue(key="d3fb58c1", content=total, value=total, page_id=0, words=[3], box=[0.1, 0.2, 0.3, 0.4])
    return [
        FieldLabel(field="total", values=[value]),
        FieldLabel(field="kind", class_name="receipt"),
        FieldLabel(field="tip"),
    ]
