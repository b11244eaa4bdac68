"""Running commands: captured output, errors that carry it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from capforge_tools.errors import CommandFailedError, ToolError


def run(
    *argv: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a command to its end and return its standard output.

    `env` is added to this process's own. Raises CommandFailedError with both outputs, ToolError if it is missing.
    """
    words = tuple(str(word) for word in argv)
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolError(f"the command `{words[0]}` is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"`{' '.join(words)}` did not end within {timeout_seconds} s") from error
    if done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace")
        raise CommandFailedError(words, done.returncode, output)
    return done.stdout.decode(errors="replace")


def run_logged(
    *argv: str | Path, log: IO[bytes], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run a command to its end with both outputs appended to a log file; an error quotes the log's end."""
    words = tuple(str(word) for word in argv)
    start = log.seek(0, os.SEEK_END)
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolError(f"the command `{words[0]}` is not installed") from error
    if done.returncode != 0:
        written = Path(log.name).read_bytes()[start:]
        raise CommandFailedError(words, done.returncode, written.decode(errors="replace"))


def succeeds(*argv: str | Path) -> bool:
    """Tell whether a command exists and ends with exit code 0."""
    try:
        run(*argv)
    except ToolError:
        return False
    return True
