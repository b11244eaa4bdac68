"""What all peers of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types

from benchmarks.detector_model import small_detector
from benchmarks.predict.answers import Reader
from benchmarks.predict.load import sender
from benchmarks.predict.options import Options
from benchmarks.predict.picture import Picture, picture
from benchmarks.predict.ports import Ports

MODEL = "bench--000000000001"
"""The name at every server."""
MODEL_FP32 = "bench--000000000002"


@dataclass(frozen=True)
class Peer:
    """One thing that is measured."""

    key: str
    load: tuple[str, ...]
    """The command that makes the load (see load.py)."""
    reader: Reader
    servers: Mapping[str, psutil.Process] = field(default_factory=dict)
    """By the name under which their CPU time is printed."""
    load_works_as: str = ""
    """Where the program that makes the load does the server's work, too: the name for its CPU time."""


@dataclass(frozen=True)
class Scene:
    """Folder, options, ports, and what is made of them once."""

    folder: Path
    options: Options
    ports: Ports

    @cached_property
    def picture(self) -> Picture:
        """What is sent."""
        return picture(self.options.model_size, self.options.picture)

    @cached_property
    def picture_file(self) -> Path:
        """The JPEG as a file."""
        return self.file("picture.jpg", self.picture.jpeg)

    @cached_property
    def model_file(self) -> Path:
        """The ONNX model as a file."""
        given = self.options.onnx
        return self.file("model.onnx", given.read_bytes() if given else small_detector(self.options.model_size[0]))

    def file(self, name: str, content: bytes) -> Path:
        """Write a file into the run's folder."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def sends(self, key: str, address: str, request: bytes) -> tuple[str, ...]:
        """Return the load command that sends this request."""
        return sender(address, self.file(f"{key}.request", request))
