"""Matrices of counts as the page shows them: the rows and columns with the most mistakes where there is no room."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.report.findings import Counts

MOST_SIDE = 30


@dataclass(frozen=True)
class Cell:
    """One count; `strength` is its share of the row, 0-1."""

    count: int
    strength: float
    right: bool


@dataclass(frozen=True)
class Matrix:
    """Everything a template needs to draw."""

    title: str
    row_axis: str
    column_axis: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    left_out: int


def matrix(counts: Counts) -> Matrix:
    """Return the matrix, cut to its rows and columns with the most mistakes."""
    right = counts.right if counts.right is not None else frozenset((n, n) for n in range(len(counts.rows)))
    rows, columns = _kept(counts, right)
    totals = np.maximum(counts.cells.sum(axis=1), 1)

    def cell(row: int, column: int) -> Cell:
        count = int(counts.cells[row, column])
        return Cell(count, round(count / int(totals[row]), 3), (row, column) in right)

    return Matrix(
        counts.title,
        counts.row_axis,
        counts.column_axis,
        tuple(counts.columns[column] for column in columns),
        tuple((counts.rows[row], tuple(cell(row, column) for column in columns)) for row in rows),
        len(counts.rows) - len(rows),
    )


def _kept(counts: Counts, right: AbstractSet[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return the rows and columns that there is room for, in their order."""
    rows, columns = list(range(len(counts.rows))), list(range(len(counts.columns)))
    if max(counts.cells.shape) <= MOST_SIDE:
        return rows, columns
    wrong = counts.cells.copy()
    for row, column in right:
        wrong[row, column] = 0
    weight = wrong.sum(axis=1)
    if counts.right is not None:  # columns are no classes
        return _worst(weight), columns[:MOST_SIDE]
    square = min(counts.cells.shape)
    weight[:square] += wrong.sum(axis=0)[:square]
    worst = _worst(weight)
    return worst, [row for row in worst if row < len(columns)]


def _worst(weight: NDArray[np.int64]) -> list[int]:
    found: list[int] = np.sort(np.argsort(-weight, kind="stable")[:MOST_SIDE]).tolist()
    return found
