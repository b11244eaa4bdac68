"""The receipts' images read by Tesseract, once: readings are kept in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from capforge_candidates.document import read_document
from capforge_candidates.engines.choice import engine_from
from capforge_candidates.files.page import Limits
from capforge_candidates.settings import Settings
from capforge_contracts.reading import Reading


def tesseract(images: Path, kept: Path, program: str) -> Callable[[dict[str, Any]], Reading]:
    """Return what reads a record's image; `kept` is the folder of the readings."""
    settings = Settings(tesseract=program)
    engine = engine_from(settings)
    limits = Limits(settings.max_pages, settings.max_pixels)
    kept.mkdir(parents=True, exist_ok=True)

    def read(record: dict[str, Any]) -> Reading:
        file = kept / f"{record['id']}.json"
        if not file.exists():
            reading = read_document((images / record["image"]).read_bytes(), engine, limits)
            file.write_bytes(reading.to_json())
        return Reading.from_json(file.read_bytes())

    return read
