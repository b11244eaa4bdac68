"""Tesseract's table of what it found, one row per page, block, paragraph, line and word."""

from __future__ import annotations

from capforge_candidates.engines.port import FoundWord

_WORD_LEVEL = "5"
_COLUMNS = 12
_PERCENT = 100.0


def words_from(table: str) -> list[FoundWord]:
    """Return the words of a TSV; rows that hold no text are left out."""
    lines: dict[tuple[str, ...], int] = {}
    found = []
    for row in table.splitlines()[1:]:
        cells = row.split("\t", _COLUMNS - 1)
        if len(cells) < _COLUMNS or cells[0] != _WORD_LEVEL or not cells[-1].strip():
            continue
        line = lines.setdefault(tuple(cells[1:5]), len(lines))
        left, top, width, height = (float(cell) for cell in cells[6:10])
        box = (left, top, left + max(width, 1.0), top + max(height, 1.0))
        found.append(FoundWord(cells[-1].strip(), box, line, min(max(float(cells[10]) / _PERCENT, 0.0), 1.0)))
    return found
