"""Where output goes: answers to standard output, everything else (progress, remarks, errors) to standard error."""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.text import Text

from capforge.errors import CliError
from capforge_contracts.coco.texts import fits_a_line

_PIPE_COLUMNS = 200
"""Into a pipe, lines are not folded at the width of a terminal that nobody looks at."""

out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS)
err = Console(stderr=True, highlight=False)


def remark(text: str) -> None:
    """Print a line beside the answer. The text may hold anything, so nothing in it is markup."""
    err.print(harmless(text), markup=False, soft_wrap=True)


def harmless(text: str) -> str:
    """Return the text with escapes for what would command the terminal: names come from files of strangers."""
    return "".join(letter if letter in "\n\t" or fits_a_line(letter) else ascii(letter)[1:-1] for letter in text)


def cell(text: str) -> Text:
    """Return a name as it may stand in a table, where rich would read markup."""
    return Text(harmless(text))


def report(error: CliError) -> None:
    """Print an error. Its text may hold anything, so nothing in it is markup."""
    err.print("error:", style="bold red", end=" ")
    remark(str(error))
    if error.hint:
        err.print(harmless(error.hint), markup=False, style="dim", soft_wrap=True)
