"""A folder of documents whose values are known: `train.jsonl`, `dev.jsonl`, and the pictures that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge_tools.errors import ToolError

Json = dict[str, Any]
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?")
_AMOUNT = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Gold:
    """A document and what a person would say about it."""

    name: str
    path: Path
    fields: dict[str, str | None]
    """As printed; None: the document does not have it."""
    typed: dict[str, str | None]
    """Normalised values of dates and amounts."""
    words: list[Json]
    """As a client sends them: `text`, `box` in shares of the page, `line`."""


@dataclass(frozen=True)
class DocumentFolder:
    """Documents to annotate, and others to try the models on."""

    path: Path
    train: tuple[Gold, ...]
    dev: tuple[Gold, ...]

    @classmethod
    def find(cls, path: Path) -> DocumentFolder:
        """Read both files; raises ToolError naming what is missing or wrong."""
        train, dev = (_documents(path, name) for name in ("train.jsonl", "dev.jsonl"))
        if not train or not dev:
            raise ToolError(f"{path}: train.jsonl and dev.jsonl need a document each, at least")
        return cls(path, train, dev)

    @property
    def data_fields(self) -> list[Json]:
        """The data model that these documents suggest: the fields as a Capability has them."""
        names = list(self.train[0].fields)
        return [{"name": name, "type": _type(name, self.train)} for name in names]


def _documents(folder: Path, name: str) -> tuple[Gold, ...]:
    file = folder / name
    if not file.is_file():
        raise ToolError(
            f"{file} is missing: a line of JSON per document, with image, fields, typed (README of the data)"
        )
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_document(folder, f"{name} line {number}", line) for number, line in enumerate(lines, start=1))


def _document(folder: Path, place: str, line: str) -> Gold:
    try:
        record = json.loads(line)
        path = folder / record["image"]
        words = _words(record)
        gold = Gold(path.stem, path, dict(record["fields"]), dict(record.get("typed", {})), words)
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(
            f"{folder}: {place}: {error!r}; needed: image, width, height, fields, lines with words"
        ) from error
    if not path.is_file():
        raise ToolError(f"{folder}: {place}: there is no {path.name}")
    return gold


def _words(record: Json) -> list[Json]:
    width, height = record["width"], record["height"]
    found = []
    for number, line in enumerate(record.get("lines", [])):
        for word in line["words"]:
            x0, y0, x1, y1 = word["box"]
            box = [max(0.0, x0 / width), max(0.0, y0 / height), min(1.0, x1 / width), min(1.0, y1 / height)]
            if word["text"].strip() and box[0] < box[2] and box[1] < box[3]:
                found.append({"text": word["text"], "box": box, "line": number})
    return found


def _type(name: str, documents: Sequence[Gold]) -> str:
    values = [value for one in documents if (value := one.typed.get(name))]
    if values and all(_DATE.fullmatch(value) for value in values):
        return "Date"
    if values and all(_AMOUNT.fullmatch(value) for value in values):
        return "Amount"
    return "Word"
