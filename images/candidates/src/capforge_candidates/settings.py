"""What the environment says, parsed once. Every variable is `CAPFORGE_` + the field's name in upper case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from capforge_contracts.environment import parse_environment
from capforge_contracts.names import CANDIDATES_PORT

PREFIX = "CAPFORGE_"
_MIB = 1024 * 1024


class SettingsError(ValueError):
    """The environment holds a value that is not allowed; the message names each variable."""


def _words(value: Any) -> Any:
    return tuple(value.replace(",", " ").replace("+", " ").split()) if isinstance(value, str) else value


Languages = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,32}$")], ...], BeforeValidator(_words), Field(min_length=1)
]
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """All settings with their defaults."""

    model_config = ConfigDict(frozen=True)

    host: str = "0.0.0.0"
    port: Annotated[int, Field(ge=1, le=65535)] = CANDIDATES_PORT
    internal_token_file: Path = Path("/etc/capforge/internal/token")

    engine: Literal["tesseract", "easyocr"] = "tesseract"
    languages: Languages = ("eng",)
    """Of the engine's own spelling: `eng deu` for Tesseract, `en de` for EasyOCR."""
    tesseract: str = "tesseract"
    """The program: a name on the path, or a file."""
    weights: Path = Path("/var/lib/capforge/weights")
    """Folder of EasyOCR's weights, mounted or baked in; nothing is ever downloaded."""

    max_bytes: Positive = 10 * _MIB
    max_pages: Positive = 5
    max_pixels: Positive = 50_000_000
    """Of one picture as it is sent. Pages of a PDF are rendered to less than that."""
    max_memory_bytes: Positive = 2048 * _MIB
    """Address space of one reading; with EasyOCR (torch) at least 8 GiB."""

    threads: Positive = Field(default_factory=lambda: len(os.sched_getaffinity(0)))
    """Documents read at once, each by a process with one thread."""
    max_waiting: Positive = 32
    """Documents that wait for one of them; more get 429."""
    timeout_seconds: Seconds = 60.0
    """For reading one document, once its turn has come."""
    upload_timeout_seconds: Seconds = 30.0

    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Parse the environment; raises SettingsError naming each wrong variable. Empty counts as not set."""
    return parse_environment(Settings, PREFIX, environment, SettingsError)
