"""The data model as people upload and download it: a JSON config with `selector` and `classificator` features.

{"problem_type": {"classificator": {"features": [], "features_name": []},
 "selector": {"features": [{"name": "total", "public_name": "Total", "handwritten": false, "semantics": "amount",
   "cfg": {"filter": {"is_integer": -1}}}], "features_name": ["total"]}}}

Writing what was read, and reading what was written, changes nothing. Fields come in the selector's order, then the
classificator's; where a data model mixes them, `features_order` says so (a reader that does not know it ignores it).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from capforge_contracts.data_model import FIELD_NAME, MAX_FIELDS, Convention, DataField, FieldType, Presence, Writing
from capforge_contracts.data_model_faults import (
    MAX_CLASS_CHARS,
    MAX_CLASSES,
    MAX_DISPLAY_CHARS,
    DataModelFaults,
    ModelFault,
    faults_of,
    name_faults,
    shown,
    warnings_of,
)

MAX_CONFIG_BYTES = 1024 * 1024
_ROOT = "problem_type"
_SELECTOR, _CLASSIFICATOR = f"{_ROOT}.selector", f"{_ROOT}.classificator"
_CLASSIFICATION = "classification"
_ORDER = "features_order"
_PRESENCE = {-1: Presence.SOMETIMES, 0: Presence.NEVER, 1: Presence.ALWAYS}
_NUMBER = {presence: number for number, presence in _PRESENCE.items()}
_TYPES = {kind.value.lower(): kind for kind in FieldType if kind is not FieldType.CLASSIFICATION}
_USED_FILTERS = {"word": {"alpha", "numeric"}, "amount": {"is_integer"}, "date": {"convention"}}
_ClassName = Annotated[str, Field(min_length=1, max_length=MAX_CLASS_CHARS, pattern=r"^\S([^\r\n\t]*\S)?$")]


@dataclass(frozen=True)
class ReadConfig:
    """A data model from a file."""

    fields: list[DataField]
    warnings: list[str]
    """What is allowed but probably not meant."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Filter(_Part):
    alpha: Literal[-1, 0, 1] = -1
    numeric: Literal[-1, 0, 1] = -1
    is_integer: Literal[-1, 1] = -1
    convention: Literal["US", "EU"] = "EU"


class _Settings(_Part):
    filter: _Filter = _Filter()
    classes: Annotated[list[_ClassName], Field(max_length=MAX_CLASSES)] = []


class _Feature(_Part):
    name: Annotated[str, Field(min_length=1, max_length=63, pattern=FIELD_NAME)]
    public_name: Annotated[str, Field(max_length=MAX_DISPLAY_CHARS)] = ""
    handwritten: bool = False
    cfg: _Settings = _Settings()


class _Selected(_Feature):
    semantics: Literal["word", "amount", "date", "email", "url", "phone"]


class _Classified(_Feature):
    semantics: Literal["classification"] = "classification"
    classes: Annotated[list[_ClassName], Field(max_length=MAX_CLASSES)] = []
    """Here or in `cfg`."""


def read_config(data: bytes | str) -> ReadConfig:
    """Parse a config; raises DataModelFaults with every fault and its path."""
    if len(data) > MAX_CONFIG_BYTES:
        raise DataModelFaults([ModelFault("(file)", f"larger than {MAX_CONFIG_BYTES} bytes, the most that is allowed")])
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataModelFaults([ModelFault("(file)", f"no JSON: {error}")]) from error
    reader = _Reader()
    fields = reader.fields(document)
    if reader.faults:
        raise DataModelFaults(reader.faults)
    return ReadConfig(fields, [*warnings_of(len(fields)), *reader.warnings])


def write_config(fields: Sequence[DataField]) -> bytes:
    """Return the config of a data model, for people to read."""
    selected = [_selected(field) for field in fields if field.type is not FieldType.CLASSIFICATION]
    classified = [_classified(field) for field in fields if field.type is FieldType.CLASSIFICATION]
    problem: dict[str, Any] = {"classificator": _listed(classified), "selector": _listed(selected)}
    names = [field.name for field in fields]
    if names != [feature["name"] for feature in (*selected, *classified)]:
        problem[_ORDER] = names
    return json.dumps({_ROOT: problem}, indent=2, ensure_ascii=False).encode() + b"\n"


class _Reader:
    """Collects faults and warnings on the way through a document."""

    def __init__(self) -> None:
        self.faults: list[ModelFault] = []
        self.warnings: list[str] = []

    def fields(self, document: Any) -> list[DataField]:
        problem = self._object(document, _ROOT, "a config")
        raw = list(self._features(problem, "selector")), list(self._features(problem, "classificator"))
        paths = [(f"{path}.name", one.get("name")) for path, one in (*raw[0], *raw[1]) if isinstance(one, Mapping)]
        self.faults += name_faults(paths)
        if not self.faults and not paths:
            self.faults.append(ModelFault(_SELECTOR, "a data model has one field at least"))
        if len(paths) > MAX_FIELDS:
            self.faults.append(ModelFault(_ROOT, f"{len(paths)} fields; allowed: {MAX_FIELDS} at most"))
        read = [
            *(self._read(path, one, _Selected) for path, one in raw[0]),
            *(self._read(path, one, _Classified) for path, one in raw[1]),
        ]
        return self._ordered([field for field in read if field is not None], problem)

    def _object(self, document: Any, key: str, what: str) -> Mapping[str, Any]:
        found = document.get(key) if isinstance(document, Mapping) else None
        if not isinstance(found, Mapping):
            self.faults.append(ModelFault(key, f'{what} is an object with "problem_type": {{"selector": …}}'))
            return {}
        return found

    def _features(self, problem: Mapping[str, Any], part: str) -> Iterator[tuple[str, Any]]:
        group, path = problem.get(part, {}), f"{_ROOT}.{part}"
        features = group.get("features", []) if isinstance(group, Mapping) else None
        if not isinstance(features, list):
            self.faults.append(ModelFault(path, 'must be an object with the lists "features" and "features_name"'))
            return
        names = [one.get("name") for one in features if isinstance(one, Mapping)]
        if (said := group.get("features_name", names)) != names:
            message = f"must be the names of the features in their order; found {shown(said)}"
            self.faults.append(ModelFault(f"{path}.features_name", message))
        for position, feature in enumerate(features):
            yield f"{path}.features[{position}]", feature

    def _read(self, path: str, feature: Any, kind: type[_Selected | _Classified]) -> DataField | None:
        try:
            read = kind.model_validate(feature)
        except ValidationError as error:
            self.faults += faults_of(error, path)
            return None
        self._warn_unused(path, read)
        if isinstance(read, _Selected):
            return _field_of(read)
        classes = read.classes or read.cfg.classes
        if not classes or len(set(classes)) < len(classes):
            self.faults.append(ModelFault(f"{path}.cfg.classes", "a classification needs a list of classes, each once"))
            return None
        return DataField(**_common(read), type=FieldType.CLASSIFICATION, classes=classes)

    def _warn_unused(self, path: str, read: _Feature) -> None:
        semantics = getattr(read, "semantics", "")
        unused = {
            f"cfg.filter.{name}" for name in read.cfg.filter.model_fields_set - _USED_FILTERS.get(semantics, set())
        }
        unused |= set(read.model_extra or {}) | {f"cfg.{name}" for name in read.cfg.model_extra or {}}
        if semantics != _CLASSIFICATION and read.cfg.classes:
            unused.add("cfg.classes")
        self.warnings += [f"{path}.{_harmless(name)} is not used" for name in sorted(unused)]
        if semantics == "word" and read.cfg.filter.alpha == read.cfg.filter.numeric == 0:
            self.warnings.append(f"{path}.cfg.filter: a word without letters and digits is a rare thing")

    def _ordered(self, fields: list[DataField], problem: Mapping[str, Any]) -> list[DataField]:
        order = problem.get(_ORDER)
        if order is None or self.faults:
            return fields
        by_name = {field.name: field for field in fields}
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(by_name):
            self.faults.append(ModelFault(f"{_ROOT}.{_ORDER}", "must name each field once"))
            return fields
        return [by_name[name] for name in order]


def _field_of(read: _Selected) -> DataField:
    kind, chosen = _TYPES[read.semantics], read.cfg.filter
    options: dict[str, Any] = {}
    if kind is FieldType.WORD:
        options = {"letters": _PRESENCE[chosen.alpha], "digits": _PRESENCE[chosen.numeric]}
    elif kind is FieldType.AMOUNT:
        options = {"whole": _PRESENCE[chosen.is_integer]}
    elif kind is FieldType.DATE:
        options = {"convention": Convention(chosen.convention)}
    return DataField(**_common(read), type=kind, **options)


def _common(read: _Feature) -> dict[str, Any]:
    return {
        "name": read.name,
        "display_name": "" if read.public_name == read.name else read.public_name,
        "writing": Writing.HANDWRITTEN if read.handwritten else Writing.PRINTED,
    }


def _selected(field: DataField) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if field.type is FieldType.WORD:
        chosen = {"alpha": _NUMBER[field.letters], "numeric": _NUMBER[field.digits]}
    elif field.type is FieldType.AMOUNT:
        chosen = {"is_integer": 1 if field.whole is Presence.ALWAYS else -1}
    elif field.type is FieldType.DATE:
        chosen = {"convention": field.convention.value}
    return {**_named(field), "semantics": field.type.value.lower(), "cfg": {"filter": chosen}}


def _classified(field: DataField) -> dict[str, Any]:
    return {**_named(field), "semantics": _CLASSIFICATION, "cfg": {"classes": list(field.classes)}}


def _named(field: DataField) -> dict[str, Any]:
    return {
        "name": field.name,
        "public_name": field.display_name or field.name,
        "handwritten": field.writing is Writing.HANDWRITTEN,
    }


def _listed(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    listed = list(features)
    return {"features": listed, "features_name": [feature["name"] for feature in listed]}


def _harmless(name: str) -> str:
    """Return a key that a stranger chose, fit to be shown."""
    return name if name.replace(".", "").isidentifier() else shown(name)
