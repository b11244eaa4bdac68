"""One annotation against the data model and the reading that it points into. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Reading, ReadPage
from capforge_contracts.submissions import FieldLabel, LabelledValue, Submission
from capforge_snapshot.submissions.faults import FaultCode, LabelFault

_DIGEST = re.compile(r"[0-9a-f]{64}")


def record_faults(submission: Submission, as_of_sequence: int) -> list[LabelFault]:
    """Return what is wrong with an annotation whatever its labels say."""
    digests = {"sha256": submission.sha256, "readingSha256": submission.reading_sha256}
    faults = [
        LabelFault(FaultCode.BAD_DIGEST, f"{name} {digest!r} is no digest; allowed: 64 lower-case hex digits")
        for name, digest in digests.items()
        if not _DIGEST.fullmatch(digest)
    ]
    if not 1 <= submission.sequence <= as_of_sequence:
        message = f"sequence {submission.sequence} lies outside the selection; allowed: 1 to {as_of_sequence}"
        faults.append(LabelFault(FaultCode.OUTSIDE_SELECTION, message))
    return faults


def label_faults(submission: Submission, fields: Mapping[str, DataField], reading: Reading) -> list[LabelFault]:
    """Return what is wrong with the labels of the data model's fields; labels of other fields count as absent."""
    if reading.sha256 != submission.sha256:
        message = f"the reading {submission.reading_sha256} is of document {reading.sha256}; allowed: its own reading"
        return [LabelFault(FaultCode.OTHER_READING, message)]
    pages = {page.page_id: page for page in reading.pages}
    known = [label for label in submission.labels if label.field in fields]
    repeated = [name for name, count in Counter(label.field for label in known).items() if count > 1]
    faults = [
        LabelFault(FaultCode.DUPLICATE_FIELD, f"field {name} is labelled more than once; allowed: each field once")
        for name in repeated
    ]
    for label in known:
        faults += _of_field(label, fields[label.field], pages)
    return faults


def kept_labels(submission: Submission, fields: Mapping[str, DataField]) -> Submission:
    """Return the annotation with the labels of the data model's fields, in its order: same content, same bytes."""
    places = {name: place for place, name in enumerate(fields)}
    known = [label for label in submission.labels if label.field in places]
    return submission.model_copy(update={"labels": sorted(known, key=lambda label: places[label.field])})


def _of_field(label: FieldLabel, field: DataField, pages: Mapping[int, ReadPage]) -> Iterator[LabelFault]:
    if field.type is FieldType.CLASSIFICATION:
        if label.values:
            message = f"field {field.name} is a {field.type}, but it has values; allowed: a class, or nothing (absent)"
            yield LabelFault(FaultCode.WRONG_KIND, message)
        if label.class_name is not None and label.class_name not in field.classes:
            allowed = ", ".join(field.classes)
            message = f"field {field.name}: class {label.class_name!r} is unknown; allowed: {allowed}"
            yield LabelFault(FaultCode.UNKNOWN_CLASS, message)
        return
    if label.class_name is not None:
        message = f"field {field.name} is a {field.type}, but it has class {label.class_name!r}; allowed: values"
        yield LabelFault(FaultCode.WRONG_KIND, message)
    for value in label.values:
        yield from _of_value(value, field, pages)


def _of_value(value: LabelledValue, field: DataField, pages: Mapping[int, ReadPage]) -> Iterator[LabelFault]:
    where = f"field {field.name}, value {value.key}"
    page = pages.get(value.page_id)
    if page is None:
        allowed = ", ".join(map(str, sorted(pages))) or "none, the document has no page"
        yield LabelFault(FaultCode.UNKNOWN_PAGE, f"{where}: there is no page {value.page_id}; allowed: {allowed}")
        return
    outside = [position for position in value.words if not 0 <= position < len(page.words)]
    if outside or not value.words:
        stands = f"words {outside} are not on page {value.page_id}" if outside else "it names no word"
        allowed = f"at least one of 0 to {len(page.words) - 1}" if page.words else "none, the page has no word"
        yield LabelFault(FaultCode.BAD_POSITION, f"{where}: {stands}; allowed: {allowed}")
    left, top, right, bottom = value.box
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        message = f"{where}: box {value.box} is not on the page; allowed: 0 to 1, x0 < x1, y0 < y1"
        yield LabelFault(FaultCode.BAD_POSITION, message)
