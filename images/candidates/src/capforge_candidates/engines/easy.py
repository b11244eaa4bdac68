"""EasyOCR. The one file that imports it (and with it torch); its weights lie in a folder, nothing is downloaded."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import easyocr
import numpy as np

from capforge_candidates.engines.port import FoundWord, Pixels
from capforge_candidates.faults import Code, Fault
from capforge_contracts.reading import Engine as EngineName

_WHERE = "put the files that EasyOCR publishes for these languages there, or name another folder in CAPFORGE_WEIGHTS"


@dataclass(frozen=True)
class EasyOcr:
    """A reader whose weights are loaded; make it with `easyocr_engine()`."""

    reader: Any
    languages: tuple[str, ...]

    @property
    def name(self) -> EngineName:
        return EngineName.EASYOCR

    @property
    def version(self) -> str:
        return f"easyocr-{importlib.metadata.version('easyocr')}+{'+'.join(self.languages)}"

    @property
    def knows_lines(self) -> bool:
        return False  # it finds pieces of lines

    def words(self, grey: Pixels) -> Sequence[FoundWord]:
        lines = self.reader.readtext(np.ascontiguousarray(grey))
        return [
            word
            for at, (corners, text, confidence) in enumerate(lines)
            for word in split(corners, text, confidence, at)
        ]

    def turn(self, grey: Pixels) -> int | None:  # noqa: ARG002 - it has no way to tell
        return None


def split(corners: Sequence[Sequence[float]], text: str, confidence: float, line: int) -> Iterator[FoundWord]:
    """Yield the words of a piece of text: it is cut at its spaces, its box in proportion to the characters."""
    across, down = zip(*corners, strict=True)
    left, width = float(min(across)), float(max(across) - min(across)) / max(len(text), 1)
    top, bottom = float(min(down)), float(max(down))
    at = 0
    for part in text.split(" "):
        if part:
            yield FoundWord(
                part, (left + at * width, top, left + (at + len(part)) * width, bottom), line, float(confidence)
            )
        at += len(part) + 1


def easyocr_engine(weights: Path, languages: Sequence[str]) -> EasyOcr:
    """Load the weights; raises Fault (EngineAway) naming what is missing and what to do."""
    try:
        reader = easyocr.Reader(
            list(languages),
            gpu=False,
            model_storage_directory=str(weights),
            user_network_directory=str(weights),
            download_enabled=False,
            verbose=False,
        )
    except ValueError as error:
        raise Fault(Code.ENGINE_AWAY, f"EasyOCR does not know the languages {', '.join(languages)}: {error}") from error
    except (OSError, RuntimeError) as error:
        raise Fault(Code.ENGINE_AWAY, f"EasyOCR's weights cannot be used ({error}): {_WHERE}") from error
    return EasyOcr(reader, tuple(languages))
