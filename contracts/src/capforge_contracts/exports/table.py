"""What people said about documents as a table for spreadsheets: a row for each value (RFC 4180, UTF-8). Pure.

Names, annotators and what stands on documents come from strangers, and spreadsheets compute what looks like a formula.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from capforge_contracts.data_model import DataField
from capforge_contracts.said import Said, labels_by_field, said
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission

COLUMNS = (
    *("split", "name", "field", "type", "said", "value", "content"),
    *("page_id", "x0", "y0", "x1", "y1"),
    *("annotator", "time", "document", "sha256", "file"),
)
_BYTE_ORDER_MARK = "\ufeff"
"""Without it some spreadsheets take UTF-8 for the encoding of their country."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FORMULA = re.compile(r"(^|[;,\t\r\n\"'])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a cell begins, also for a spreadsheet whose country writes another character between cells."""
_NOT_SHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def table(
    fields: Sequence[DataField], items: Iterable[Submission], file: Callable[[Submission], str]
) -> Iterator[bytes]:
    """Yield the table, a document at a time; `file`: where its bytes lie in an export.

    Every document has a row for each field at least: with `said` Absent or NotSaid it has no value.
    """
    yield _BYTE_ORDER_MARK.encode() + _rows([COLUMNS])
    for item in items:
        labels = labels_by_field(item)
        last = (item.annotator, item.time, item.document, item.sha256, file(item))
        yield _rows(
            [item.split.value, item.name, field.name, field.type.value, said(label).value, *told, *last]
            for field in fields
            for label in [labels.get(field.name)]
            for told in _values(label)
        )


def harmless(cell: str) -> str:
    """Return a text that no spreadsheet computes: an apostrophe stands before what would begin a formula."""
    shown = _NOT_SHOWN.sub("\ufffd", cell)
    return shown if _NUMBER.fullmatch(shown) else _FORMULA.sub(r"\1\2'", shown)


def _values(label: FieldLabel | None) -> list[list[str]]:
    """Return value, content, page and box of each value: one row at least."""
    if label is None or said(label) is Said.ABSENT:
        return [["", "", "", "", "", "", ""]]
    if label.class_name is not None:
        return [[label.class_name, "", "", "", "", "", ""]]
    return [_value(one) for one in label.values]


def _value(one: LabelledValue) -> list[str]:
    return [one.value, one.content, str(one.page_id), *map(str, one.box)]


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode(errors="replace")
