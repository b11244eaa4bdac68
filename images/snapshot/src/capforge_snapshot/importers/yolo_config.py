"""The data.yaml of a YOLO data set: classes, and where its parts lie. Pure.

YAML comes from strangers: aliases (which a few lines can grow from into gigabytes), tags, deep nesting and numbers of
many digits (whose reading takes the square of their length, and which Python refuses to write) are refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.coco.texts import CLASS_NAME, fits_a_line, is_class_name, shortened
from capforge_contracts.dataset import Split
from capforge_snapshot.records import MAX_CLASSES

MAX_FOLDERS = 100
_PARTS = {"train": Split.TRAIN, "val": Split.DEV, "test": Split.TEST}
_DEEPEST = 16
_MAX_DIGITS = 40
"""Of a number: no class has more."""


@dataclass
class YoloConfig:
    """What a data.yaml says."""

    names: dict[int, str] = field(default_factory=dict)
    """By rising number."""
    parts: dict[Split, list[str]] = field(default_factory=dict)
    """Folders or lists (.txt), as they are written."""
    root: str = ""
    """`path`, where it is a relative one."""
    faults: list[RecordFault] = field(default_factory=list)

    def wrong(self, record: str, message: str) -> None:
        self.faults.append(RecordFault(FaultCode.NOT_YOLO, record, message))


class _Refused(yaml.YAMLError):
    """Sound YAML that no data.yaml needs."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.CSafeLoader):
    """The safe loader of libyaml, whose time grows with the length only, without repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                raise _Refused(f"'{key.value}' occurs twice", key.start_mark.line)
            seen |= {key.value} if isinstance(key.value, str) else set()
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            raise _Refused("a key occurs twice in two spellings", node.start_mark.line)
        return found

    def of_few_digits(self, node: yaml.ScalarNode) -> Any:
        if len(node.value) > _MAX_DIGITS:
            raise _Refused(f"a number has more than {_MAX_DIGITS} digits", node.start_mark.line)
        is_whole = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if is_whole else self.construct_yaml_float(node)


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.of_few_digits)


def _loaded(text: str) -> Any:
    """Return the document; raises YAMLError."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _Refused("an alias (*) is not allowed", event.start_mark.line if event.start_mark else 0)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _Refused("it is nested too deeply", event.start_mark.line if event.start_mark else 0)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def read_config(data: bytes) -> YoloConfig:
    """Return classes and parts, with every fault."""
    config = YoloConfig()
    document = _parsed(data, config)
    if document is None:
        return config
    if "kpt_shape" in document:
        config.wrong("kpt_shape", "key points are not known here; allowed: detect and segment data sets")
    _read_names(document, config)
    for key, part in _PARTS.items():
        given = document.get("valid" if key == "val" and "val" not in document else key)
        _read_part(key, part, given, config)
    if not config.parts and not config.faults:
        config.wrong("train", "there is no part; allowed: at least one of train, val, test")
    root = document.get("path")
    if isinstance(root, str) and not root.startswith(("/", "\\", "~")) and "://" not in root and root[1:2] != ":":
        config.root = root
    return config


def _parsed(data: bytes, config: YoloConfig) -> Mapping[Any, Any] | None:
    try:
        document = _loaded(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 at byte {error.start}; allowed: UTF-8"
        config.faults.append(RecordFault(FaultCode.INVALID_YAML, "the file", message))
        return None
    except (yaml.YAMLError, ValueError, TypeError) as error:  # a date that is none, a key that is a list
        record, message = _broken(error)
        config.faults.append(RecordFault(FaultCode.INVALID_YAML, record, message))
        return None
    if not isinstance(document, Mapping):
        config.wrong("the file", "it is no mapping; allowed: names, train, val, test")
        return None
    return document


def _broken(error: Exception) -> tuple[str, str]:
    line = error.line if isinstance(error, _Refused) else getattr(getattr(error, "problem_mark", None), "line", None)
    record = "the file" if line is None else f"line {line + 1}"
    problem = str(getattr(error, "problem", None) or error)
    problem = problem if fits_a_line(problem) else ascii(problem)
    return record, f"no valid YAML: {problem[:200]}; allowed: plain YAML without aliases and tags"


def _read_names(document: Mapping[Any, Any], config: YoloConfig) -> None:
    names = document.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, Mapping) or not names:
        config.wrong("names", "there are no class names; allowed: a list, or a mapping from class number to name")
        return
    if len(names) > MAX_CLASSES:
        config.wrong("names", f"there are {len(names)} classes; allowed: at most {MAX_CLASSES}")
        return
    for number, name in names.items():
        name = str(name) if isinstance(name, int) and not isinstance(name, bool) else name  # noqa: PLW2901 - `1` in YAML
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            config.wrong("names", f"class number {_shown(number)}; allowed: whole numbers from 0")
        elif not is_class_name(name):
            allowed = f"{CLASS_NAME} (in quotes, where YAML reads yes as true)"
            config.wrong(f"names[{number}]", f"the name is {_shown(name)}; allowed: {allowed}")
        else:
            config.names[number] = name
    config.names = dict(sorted(config.names.items()))
    count = document.get("nc")
    if count is not None and (isinstance(count, bool) or count != len(names)):
        config.wrong("nc", f"nc is {_shown(count)}, there are {len(names)} names; allowed: their number, or no nc")


def _read_part(key: str, part: Split, given: Any, config: YoloConfig) -> None:
    entries = given if isinstance(given, list) else [given] if given not in (None, "") else []
    if len(entries) > MAX_FOLDERS:
        config.wrong(key, f"it names {len(entries)} folders; allowed: at most {MAX_FOLDERS}")
        return
    for entry in entries:
        path = clean(entry) if isinstance(entry, str) else None
        if path is None:
            allowed = "a folder, or a .txt that lists images, relative to the folder of data.yaml and within it"
            config.wrong(key, f"it is {_shown(entry)}; allowed: {allowed}")
        else:
            config.parts.setdefault(part, []).append(path)


def clean(path: str) -> str | None:
    """Return a path below the folder of data.yaml, without leading `./` and `../`; None where it leads elsewhere.

    `../train/images` is what a widespread exporter writes for a folder beside data.yaml; the format's own program
    takes it as train/images.
    """
    parts = [part for part in path.replace("\\", "/").strip().split("/") if part != "."]
    while parts and parts[0] == "..":
        parts.pop(0)
    text = "/".join(parts)
    wrong = ".." in parts or text.startswith("/") or "://" in path or text[1:2] == ":" or not text.isprintable()
    return None if wrong else text


def _shown(value: Any) -> str:
    return shortened(
        ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    )
