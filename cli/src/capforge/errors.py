"""What the command line tells a person when something is wrong: what, what is allowed, what to do."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. 2 is taken by the argument parser."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    FAULTY_DATA = 3


class CliError(Exception):
    """Ends the command with a message on standard error and no traceback."""

    def __init__(self, message: str, hint: str = "", code: Exit = Exit.FAILED) -> None:
        """`message` says what is wrong, `hint` what to do."""
        super().__init__(message)
        self.hint = hint
        self.code = code
