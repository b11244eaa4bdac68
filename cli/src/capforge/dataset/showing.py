"""What is in a dataset and what differs between two, for people and for programs: of images, and of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from capforge.console import cell
from capforge_contracts.content import document_figures, figures
from capforge_contracts.content.difference import Difference, difference
from capforge_contracts.content.document_difference import DocumentDifference, document_difference
from capforge_contracts.content.document_figures import DocumentFigures, FieldFigures
from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_contracts.exports import Content, LockedDataset
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.said import Said

AnyDifference = Difference | DocumentDifference


def figures_document(content: Content) -> dict[str, Any]:
    """Return the figures for programs."""
    if isinstance(content, LockedDocuments):
        return document_figures.as_document(content, document_figures.document_figures(content))
    return figures.as_document(content, figures.figures_of(content))


def figures_table(content: Content, title: str) -> Table:
    """Return the figures for people."""
    if isinstance(content, LockedDocuments):
        return _of_documents(content.fields, document_figures.document_figures(content), title)
    return _of_images(content.classes, figures.figures_of(content), title)


def compared(before: Content, after: Content, limit: int) -> AnyDifference | None:
    """Return what differs; None: one holds images, the other documents."""
    if isinstance(before, LockedDocuments) and isinstance(after, LockedDocuments):
        return document_difference(before, after, limit)
    if isinstance(before, LockedDataset) and isinstance(after, LockedDataset):
        return difference(before, after, limit)
    return None


def difference_lines(found: AnyDifference) -> tuple[str, Table]:
    """Return in one line how much differs, and a table by class or field."""
    told = ", ".join(f"{found.counts[what]} {what}" for what in sorted(found.counts)) or "nothing differs"
    if isinstance(found, DocumentDifference):
        table = Table("field", "value / absent / not said before", "after")
        for one in found.fields:
            table.add_row(
                cell(one.name), *(_said(side) if side else "no such field" for side in (one.before, one.after))
            )
        return f"{found.same} documents are the same; {told}.", table
    table = Table("class", "objects before", "after", "difference")
    for name, (old, new) in found.objects.items():
        table.add_row(cell(name), str(old), str(new), f"{new - old:+d}" if new != old else "")
    return f"{found.same} images are the same; {told}.", table


def _of_images(classes: Sequence[str], found: Mapping[Split, figures.Figures], title: str) -> Table:
    table = Table("class", *(f"{split.value} objects (images)" for split in found), title=title)
    for name in classes:
        table.add_row(cell(name), *(f"{one.objects[name]} ({one.images_with[name]})" for one in found.values()))
    table.add_section()
    table.add_row("images", *(str(one.images) for one in found.values()))
    table.add_row("without objects", *(str(one.empty) for one in found.values()))
    table.add_row("median side of a box", *(f"{one.median_side or '-'} px" for one in found.values()))
    return table


def _of_documents(fields: Sequence[DataField], found: Mapping[Split, DocumentFigures], title: str) -> Table:
    table = Table("field", *(f"{split.value} value / absent / not said (values)" for split in found), title=title)
    for field in fields:
        sides = [one.fields[field.name] for one in found.values()]
        table.add_row(cell(field.name), *(f"{_said(side)} ({side.values})" for side in sides))
        for name in field.classes:
            table.add_row(_indented(name), *(str(side.classes[name]) for side in sides))
    table.add_section()
    table.add_row("documents", *(str(one.documents) for one in found.values()))
    table.add_row("without values", *(str(one.without_values) for one in found.values()))
    return table


def _indented(name: str) -> RenderableType:
    return cell(f"  {name}")


def _said(found: FieldFigures) -> str:
    return " / ".join(str(found.documents[one]) for one in (Said.VALUE, Said.ABSENT, Said.NOT_SAID))
