"""What the operator's letters say about each reason of a training run: the runbook's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_SECTION = "## TrainingRun"
_CELLS = 3
_REASON = re.compile(r"[A-Z][a-zA-Z]+")


def advice(runbook: str) -> str:
    """Return JSON: meaning and deed for each reason, without Markdown's marks."""
    section = runbook.partition(f"{_SECTION}\n")[2].partition("\n## ")[0]
    return json.dumps(dict(sorted(_lines(section))), indent=2, ensure_ascii=False) + "\n"


def _lines(section: str) -> Iterator[tuple[str, str]]:
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == _CELLS and cells[0] != "reason":
            meaning, deed = (_sentence(cell) for cell in cells[1:])
            for reason in _REASON.findall(cells[0]):
                yield reason, f"{meaning} {deed}".strip()


def _sentence(text: str) -> str:
    """Return a cell as a sentence; what begins with a name from a manifest keeps its spelling."""
    plain = text.replace("`", "")
    begin = plain[:1] if text.startswith("`") else plain[:1].upper()
    return f"{begin}{plain[1:]}{'' if plain.endswith('.') else '.'}" if plain else ""
