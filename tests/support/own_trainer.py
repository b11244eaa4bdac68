"""The example of a team's own trainer as a process, and pictures that it can learn from."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split
from capforge_contracts.model import sha256_hex
from capforge_tools.places import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "own-trainer"
COLOURS = {"RBC": (200, 40, 40), "WBC": (60, 60, 220), "Platelets": (60, 200, 60)}
SIDE = 24


def manifest(name: str) -> dict[str, Any]:
    """Return one of the example's objects."""
    document: dict[str, Any] = yaml.safe_load((EXAMPLE / name).read_text())
    return document


def command(arguments: Sequence[str]) -> list[str]:
    """Return what the image's entry point starts with these arguments."""
    return [sys.executable, "-m", "own_trainer", *arguments]


def environment(store: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what the process is given: the store, and a file for its last word."""
    return {
        **store,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(EXAMPLE),
        "HOME": str(folder),
        "CAPFORGE_TERMINATION_LOG": str(folder / "last-word"),
    }


def trained(arguments: Sequence[str], given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the trainer to its end."""
    return subprocess.run(command(arguments), env=dict(given), capture_output=True, text=True, check=False, timeout=120)


def picture(seed: int, split: Split) -> tuple[ManifestItem, bytes]:
    """Return a noisy picture with one cell of each colour, and its bytes (PNG)."""
    random = np.random.default_rng(seed)
    pixels = random.integers(90, 150, (96, 120, 3), np.uint8)
    entities = []
    for place, (name, colour) in enumerate(COLOURS.items()):
        x, y = int(random.integers(0, 10)) + 38 * place, int(random.integers(0, 60))
        pixels[y : y + SIDE, x : x + SIDE] = np.clip(random.normal(colour, 25, (SIDE, SIDE, 3)), 0, 255)
        entities.append(ManifestEntity(class_name=name, box=[x, y, x + SIDE, y + SIDE]))
    data = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    item = ManifestItem(
        sha256=sha256_hex(data), name=f"{seed}.png", width=120, height=96, split=split, entities=entities
    )
    return item, data
