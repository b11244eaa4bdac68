"""Which Go is needed, and is it here."""

from __future__ import annotations

import re
from pathlib import Path

from capforge_tools.commands import run
from capforge_tools.errors import ToolError

_FIRST_WITH_TOOLCHAINS = (1, 21)


def required_version(go_mod: str) -> tuple[int, ...]:
    """Return the version of a go.mod's `go` line, e.g. (1, 26, 0); raises ToolError if it has none."""
    found = re.search(r"^go (\d+(?:\.\d+)*)$", go_mod, re.MULTILINE)
    if not found:
        raise ToolError("the go.mod file has no `go` line")
    return _numbers(found[1])


def installed_version(version_line: str) -> tuple[int, ...]:
    """Return the version in `go version`'s output, e.g. (1, 26, 8); raises ToolError if there is none."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", version_line)
    if not found:
        raise ToolError(f"`go version` answered something unknown: {version_line.strip()!r}")
    return _numbers(found[1])


def check(module: Path) -> None:
    """Raise ToolError, saying which Go is needed and how to get it, where this module cannot be built."""
    needed = required_version((module / "go.mod").read_text())
    advice = f"install Go {_text(needed)} or newer from your distribution or from go.dev/dl, and put it on the PATH"
    try:
        # Outside the module: inside it, an old `go` fails before it says its version.
        found = installed_version(run("go", "version", cwd=Path("/")))
    except ToolError as error:
        raise ToolError(f"building {module.name} needs Go: {advice} ({error})") from error
    if found < needed and not _fetches_toolchains(found):
        raise ToolError(f"building {module.name} needs Go {_text(needed)}, found {_text(found)}: {advice}")


def _fetches_toolchains(found: tuple[int, ...]) -> bool:
    """Since 1.21 the go command fetches a newer toolchain by itself, unless GOTOOLCHAIN forbids it."""
    return found >= _FIRST_WITH_TOOLCHAINS and run("go", "env", "GOTOOLCHAIN", cwd=Path("/")).strip() != "local"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
