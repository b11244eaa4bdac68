"""From the labels that a person sent to field labels; every fault of an annotation is listed, not only the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.reading import Reading
from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_transforms.documents.candidates import Candidate, candidates_of

MAX_LABELS = 5000
MAX_SELECTED = 1000
_SHOWN_CHARS = 80


@dataclass(frozen=True)
class LabelFault:
    """One thing that is wrong with an annotation."""

    code: str
    """CamelCase, stable: BadLabel, UnknownField, MissingField, DuplicateLabel, UnknownKey, WrongPage, WrongKind, …"""
    path: str
    """Where in the body: `labels[3].selected[0]`."""
    message: str
    """What is wrong, what is allowed, what to do."""


class AnnotationFaults(ValueError):  # noqa: N818 - reads as the fact it states
    """An annotation that cannot be taken."""

    def __init__(self, faults: Sequence[LabelFault]) -> None:
        """Take every fault."""
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


def labels_of(reading: Reading, fields: Sequence[DataField], annotation: Any) -> list[FieldLabel]:
    """Return one label for each field, in the fields' order; raises AnnotationFaults with every fault.

    `annotation` is the parsed body, `{"labels": [{"page_id": 0, "feature": "total", "selected": ["d3fb58c1"]}]}`, or
    the list in it. `"selected": []` and `"class": null` say that the document does not have the field.
    """
    judge = _Judge(reading, fields)
    labels = annotation.get("labels") if isinstance(annotation, Mapping) else annotation
    if not isinstance(labels, list) or len(labels) > MAX_LABELS:
        message = f'must be a list of at most {MAX_LABELS} labels: {{"page_id": 0, "feature": "total", "selected": []}}'
        raise AnnotationFaults([LabelFault("BadLabel", "labels", message)])
    for position, label in enumerate(labels):
        judge.take(f"labels[{position}]", label)
    return judge.verdict()


@dataclass
class _Said:
    """What was said about one field so far."""

    paths: dict[str, str] = field(default_factory=dict)
    """Where, by page id as it was written."""
    values: dict[str, Candidate] = field(default_factory=dict)
    class_name: str | None = None


class _Judge:
    """Collects what is said about each field, and every fault."""

    def __init__(self, reading: Reading, fields: Sequence[DataField]) -> None:
        self._fields = {one.name: one for one in fields}
        self._candidates = {
            name: {candidate.key: candidate for candidate in found}
            for name, found in candidates_of(reading, fields).items()
        }
        self._pages = {page.page_id for page in reading.pages}
        self._said: dict[str, _Said] = {}
        self._faults: list[LabelFault] = []

    def take(self, path: str, label: Any) -> None:
        if not isinstance(label, Mapping) or not isinstance(label.get("feature"), str):
            self._fault(
                "BadLabel", path, 'must be an object with "feature" (a field\'s name) and "selected" or "class"'
            )
            return
        known = self._fields.get(label["feature"])
        if known is None:
            allowed = f"allowed: {', '.join(self._fields)}"
            self._fault("UnknownField", f"{path}.feature", f"there is no field {_shown(label['feature'])}; {allowed}")
            return
        said = self._said.setdefault(known.name, _Said())
        page = _shown(label.get("page_id")) if known.type is not FieldType.CLASSIFICATION else ""
        if page in said.paths:
            where = f"field {known.name} was labelled in {said.paths[page]} already; say it once for each page"
            self._fault("DuplicateLabel", path, where)
            return
        said.paths[page] = path
        if known.type is FieldType.CLASSIFICATION:
            self._take_class(path, label, known, said)
        else:
            self._take_selected(path, label, known, said)

    def verdict(self) -> list[FieldLabel]:
        for name in self._fields:
            if name not in self._said:
                said_how = '"class": null' if self._is_class(name) else '"selected": []'
                message = f"field {name} is missing; if the document does not have it, send {said_how}"
                self._fault("MissingField", "labels", message)
        if self._faults:
            raise AnnotationFaults(self._faults)
        return [_label(name, self._said[name]) for name in self._fields]

    def _take_class(self, path: str, label: Mapping[str, Any], known: DataField, said: _Said) -> None:
        if "class" not in label:
            self._fault("BadLabel", path, f'field {known.name} is a classification: send "class" (null: none of them)')
        elif label["class"] is not None and label["class"] not in known.classes:
            allowed = f"allowed: {', '.join(known.classes)}, or null"
            self._fault(
                "UnknownClass", f"{path}.class", f"{_shown(label['class'])} is no class of {known.name}; {allowed}"
            )
        else:
            said.class_name = label["class"]

    def _take_selected(self, path: str, label: Mapping[str, Any], known: DataField, said: _Said) -> None:
        page, selected = label.get("page_id"), label.get("selected")
        if page is not None and (isinstance(page, bool) or not isinstance(page, int) or page not in self._pages):
            self._fault("UnknownPage", f"{path}.page_id", f"there is no page {_shown(page)}; {self._allowed_pages()}")
            return
        if not isinstance(selected, list) or len(selected) > MAX_SELECTED:
            message = f"must be a list of at most {MAX_SELECTED} keys of candidates; [] says that the field is absent"
            self._fault("BadLabel", f"{path}.selected", message)
            return
        for position, key in enumerate(selected):
            candidate = self._candidate(f"{path}.selected[{position}]", key, known, page)
            if candidate is not None:
                said.values[candidate.key] = candidate

    def _candidate(self, path: str, key: Any, known: DataField, page: int | None) -> Candidate | None:
        found = self._candidates[known.name].get(key) if isinstance(key, str) else None
        if found is not None and page in {None, found.page_id}:
            return found
        if found is not None:
            self._fault("WrongPage", path, f"candidate {found.key} stands on page {found.page_id}, not on page {page}")
        elif isinstance(key, str) and (others := list(self._fields_with(key))):
            message = f"{_shown(key)} is a candidate of {', '.join(others)}, not of field {known.name} ({known.type})"
            self._fault("WrongKind", path, message)
        else:
            message = f"{_shown(key)} is no candidate of this document; take a key from its own candidates"
            self._fault("UnknownKey", path, f"{message} (GET the document with include_candidates)")
        return None

    def _fields_with(self, key: str) -> Iterator[str]:
        return (name for name, found in self._candidates.items() if key in found)

    def _allowed_pages(self) -> str:
        return f"allowed: 0 to {max(self._pages, default=0)}"

    def _is_class(self, name: str) -> bool:
        return self._fields[name].type is FieldType.CLASSIFICATION

    def _fault(self, code: str, path: str, message: str) -> None:
        self._faults.append(LabelFault(code, path, message))


def _label(name: str, said: _Said) -> FieldLabel:
    picked = sorted(said.values.values(), key=lambda one: (one.page_id, one.words, one.box[0]))
    return FieldLabel(field=name, values=[_value(one) for one in picked], class_name=said.class_name)


def _value(picked: Candidate) -> LabelledValue:
    return LabelledValue(
        key=picked.key,
        content=picked.content,
        value=picked.value,
        page_id=picked.page_id,
        words=list(picked.words),
        box=list(picked.box),
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
