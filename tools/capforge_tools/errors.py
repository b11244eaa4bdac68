"""What can go wrong in the tools, said so that the reader knows what to do."""

from __future__ import annotations


class ToolError(Exception):
    """The tool cannot go on; the message says what is wrong and what to do about it."""


class CommandFailedError(ToolError):
    """A command that the tool ran ended with an error."""

    def __init__(self, argv: tuple[str, ...], exit_code: int, output: str) -> None:
        """Keep what ran and what it printed."""
        self.argv = argv
        self.exit_code = exit_code
        self.output = output
        last_lines = "\n".join(f"    {line}" for line in output.strip().splitlines()[-15:])
        super().__init__(f"`{' '.join(argv)}` ended with exit code {exit_code}:\n{last_lines}")
