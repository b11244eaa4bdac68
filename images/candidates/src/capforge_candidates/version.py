"""What a reading was made by, as one word: the key under which readings are kept.

Raise PAGES_VERSION with every change of what comes before and after the engine: rendering, turning, lines, pictures.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence

from capforge_candidates.engines.port import Engine
from capforge_candidates.values import VALUES_VERSION
from capforge_contracts.reading import GivenPage

PAGES_VERSION = 3
_DIGEST_CHARS = 12


def parts_version() -> str:
    """Name what makes a reading besides the engine."""
    return f"pdfium-{importlib.metadata.version('pypdfium2')}+pages-{PAGES_VERSION}+{VALUES_VERSION}"


def engine_version(engine: Engine) -> str:
    """Name all that makes a reading: `tesseract-5.3.0+eng+pdfium-5.15.2+pages-3+values-2`."""
    return f"{engine.version}+{parts_version()}"


def given_version(pages: Sequence[GivenPage]) -> str:
    """Name the words themselves: another list of words for the same document is another reading."""
    words = json.dumps([page.model_dump(mode="json") for page in pages], sort_keys=True).encode()
    return f"given-{hashlib.sha256(words).hexdigest()[:_DIGEST_CHARS]}+{parts_version()}"
