"""The engine that the settings name."""

from __future__ import annotations

from capforge_candidates.engines.port import Engine
from capforge_candidates.engines.tesseract import tesseract
from capforge_candidates.faults import Code, Fault
from capforge_candidates.settings import Settings

_NEEDS = "take the image with CANDIDATES_ENGINE=easyocr, and let CAPFORGE_MAX_MEMORY_BYTES be at least 8 GiB"


def engine_from(settings: Settings) -> Engine:
    """Make the engine; raises Fault (EngineAway) that says what is missing and what to do."""
    if settings.engine == "tesseract":
        return tesseract(settings.tesseract, settings.languages, settings.timeout_seconds)
    try:
        from capforge_candidates.engines.easy import easyocr_engine  # noqa: PLC0415 - torch is only there with EasyOCR
    except ImportError as error:
        raise Fault(Code.ENGINE_AWAY, f"EasyOCR cannot be loaded ({error}): {_NEEDS}") from error
    return easyocr_engine(settings.weights, settings.languages)
