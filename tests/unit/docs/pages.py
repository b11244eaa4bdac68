"""What people copy from the pages: whole blocks, and words set as code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from capforge_tools.places import REPOSITORY

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_HEREDOC = re.compile(r"<<'?EOF'?\n.*?^EOF$", re.MULTILINE | re.DOTALL)
_SHELL = frozenset({"", "sh", "bash", "console"})
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Page:
    """A page for people; decisions (docs/adr) are history and not looked at."""

    path: Path

    @property
    def name(self) -> str:
        """Its path in the repository."""
        return str(self.path.relative_to(REPOSITORY))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text()

    def blocks(self, *languages: str) -> list[str]:
        """Return the fenced blocks of these languages."""
        return [body for language, body in _BLOCK.findall(self.text) if language in languages]

    def lines_of_shell(self) -> Iterator[str]:
        """Yield the lines that are typed into a shell, without comments; what a heredoc holds is left out."""
        bodies = [_HEREDOC.sub("", body) for body in self.blocks(*_SHELL)]
        without_blocks = _BLOCK.sub("", self.text)
        for line in "\n".join([*bodies, *_INDENTED.findall(without_blocks)]).replace("\\\n", " ").splitlines():
            yield _COMMENT.sub("", line).strip().removeprefix("$ ")

    def words_set_as_code(self) -> list[str]:
        """Return what stands between backticks outside of blocks."""
        return _INLINE.findall(_BLOCK.sub("", self.text).replace("\\|", "|"))


def every_page() -> list[Path]:
    """Return all Markdown files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := REPOSITORY / line).is_file()]


def pages() -> list[Page]:
    """Return the pages that tell people what to type."""
    return [Page(path) for path in every_page() if "adr" not in path.parts and path.name != "CHANGELOG.md"]
