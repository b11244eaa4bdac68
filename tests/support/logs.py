"""What a process of ours has logged so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def logged(log: Path) -> list[dict[str, Any]]:
    """Return the JSON lines; one that is only half written, since the process is at it, is not there yet."""
    *whole, _ = log.read_bytes().split(b"\n")
    return [json.loads(line) for line in whole if line.startswith(b"{")]
