"""Where output goes: answers to standard output, everything else (progress, remarks, errors) to standard error."""

from __future__ import annotations

from rich.console import Console

from capforge.errors import CliError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def report(error: CliError) -> None:
    """Print an error. Its text may hold anything, so nothing in it is markup."""
    err.print("error:", style="bold red", end=" ")
    err.print(str(error), markup=False, soft_wrap=True)
    if error.hint:
        err.print(error.hint, markup=False, style="dim", soft_wrap=True)
