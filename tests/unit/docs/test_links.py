"""The pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from capforge_tools.places import REPOSITORY
from tests.unit.docs.pages import every_page

_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")


@pytest.mark.parametrize("page", every_page(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_to_a_file_finds_it(page: Path) -> None:
    links = [
        link
        for link in _LINK.findall(_CODE.sub("", page.read_text()))
        if "://" not in link and not link.startswith("mailto:")
    ]
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []


def test_the_index_lists_every_decision() -> None:
    folder = REPOSITORY / "docs" / "adr"
    index = (folder / "README.md").read_text()
    missing = [path.name for path in folder.glob("[0-9]*.md") if f"({path.name})" not in index]
    assert missing == []


def test_the_architecture_page_leads_to_every_how_to() -> None:
    folder = REPOSITORY / "docs" / "how-to"
    index = (folder / "README.md").read_text()
    assert [
        path.name for path in folder.glob("*.md") if path.name != "README.md" and f"({path.name})" not in index
    ] == []
