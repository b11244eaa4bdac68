"""Where output goes: answers to standard output, everything else (progress, remarks, errors) to standard error."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from capforge.errors import CliError

_PIPE_COLUMNS = 200
"""Into a pipe, lines are not folded at the width of a terminal that nobody looks at."""

out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS)
err = Console(stderr=True, highlight=False)


def remark(text: str) -> None:
    """Print a line beside the answer. The text may hold anything, so nothing in it is markup."""
    err.print(text, markup=False, soft_wrap=True)


def report(error: CliError) -> None:
    """Print an error. Its text may hold anything, so nothing in it is markup."""
    err.print("error:", style="bold red", end=" ")
    remark(str(error))
    if error.hint:
        err.print(error.hint, markup=False, style="dim", soft_wrap=True)
