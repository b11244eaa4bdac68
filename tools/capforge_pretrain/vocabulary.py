"""The words of `vocabulary.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

LABELS: dict[str, list[list[str]]] = _WORDS["labels"]
"""By concept, then by language: what stands before a value."""
TITLES: list[list[str]] = _WORDS["titles"]
FOOTERS: list[list[str]] = _WORDS["footers"]
COLUMNS: list[list[str]] = _WORDS["columns"]
"""By language: heads of a table."""
LEGAL_FORMS: list[str] = _WORDS["legal_forms"]
TRADES: list[str] = _WORDS["trades"]
STREETS: list[str] = _WORDS["streets"]
PLACES: list[str] = _WORDS["places"]
UNITS: list[str] = _WORDS["units"]
METHODS: list[str] = _WORDS["methods"]
FIELDS: dict[str, dict[str, list[str]]] = _WORDS["fields"]
"""By type, then by concept: names of fields."""
