"""Writing files whole, and only when they change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_if_changed(path: Path, text: str, mode: int = 0o644) -> Path:
    """Make the file hold the text and return its path; an unchanged one is not touched (processes watch some)."""
    if path.is_file() and path.read_text() == text:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.touch(mode=mode)
    partial.write_text(text)
    partial.rename(path)
    return path


def write_json_if_changed(path: Path, document: Any, mode: int = 0o644) -> Path:
    """Like write_if_changed, for a JSON document."""
    return write_if_changed(path, json.dumps(document, indent=2) + "\n", mode)
