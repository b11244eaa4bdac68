"""What the pages tell people to type exists: commands with their options, verbs of make, programs of the tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
import typer.main

from capforge.__main__ import app
from capforge_tools.places import REPOSITORY
from tests.unit.docs.pages import Page, pages

_GROUPS = "data|data-model|dataset|key|sample|status|predict|lineage|logs"
_CALL = re.compile(rf"(?:^|[\s(`|;])capforge ((?:{_GROUPS})\b[^|;)#&]*)")
_REDIRECTION = re.compile(r"\s[12]?>+\s*\S+")
_PLACEHOLDER = re.compile(r"<[^<>]+>|\$\{?\w+\}?|\{\{.*?\}\}")
_VERB = re.compile(r"^make ([a-z][a-z0-9-]*)")
_TOOL = re.compile(r"python3? -m capforge_tools")
_Refused: Any = typer.BadParameter.__mro__[2]
"""What the parser raises (ClickException): typer brings a parser of its own, so the name has no fixed place."""
PAGES = pages()
NOTES = [Page(path) for path in sorted((REPOSITORY / "charts").rglob("NOTES.txt"))]


def calls_in(line: str) -> list[str]:
    """Return the calls of our command in a line, placeholders filled in, without what is piped or redirected."""
    return [_REDIRECTION.sub(" ", f" {_PLACEHOLDER.sub('x1', call)}").strip() for call in _CALL.findall(line)]


def fault_of(call: str, *, whole: bool) -> str:
    """Return what our own parser says of a call; one that is only named in a sentence may lack its arguments."""
    command: Any = typer.main.get_command(app)
    words, context = shlex.split(call), None
    try:
        while hasattr(command, "commands"):
            if not words and not whole:
                return ""
            context = command.make_context(words[0] if words else "", words, parent=context, resilient_parsing=True)
            _, found, rest = command.resolve_command(context, words)
            if found is None:
                return f"No such command {words[0]!r}."
            command, words = found, rest
        command.make_context(command.name, [word for word in words if word != "…"], parent=context)
    except _Refused as error:
        lacking = type(error).__name__ in {"MissingParameter", "NoArgsIsHelpError"}
        return str(error.format_message()) if whole or not lacking else ""
    return ""


def wrong_calls(lines: Iterator[str] | list[str], *, whole: bool) -> list[str]:
    """Return the calls that the command would refuse, with its words."""
    faults = [(call, fault_of(call, whole=whole)) for line in lines for call in calls_in(line)]
    return [f"capforge {call}: {fault}" for call, fault in faults if fault]


def rows_of_commands() -> dict[str, str]:
    """Return the table of all commands: the first word after `capforge`, and the code of its rows."""
    page = next(page for page in PAGES if page.name == "docs/how-to/command-line.md")
    rows: dict[str, str] = {}
    for first, code in re.findall(r"^\| `capforge ([a-z-]+)(.*) \| [^|]+ \|$", page.text, re.MULTILINE):
        rows[first] = f"{rows.get(first, '')} {code}"
    return rows


def leaves(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that lead to it."""
    for name, one in command.commands.items():
        yield from leaves(one, (*before, name)) if hasattr(one, "commands") else [((*before, name), one)]


def test_the_parser_that_the_pages_are_held_against_refuses_what_is_wrong() -> None:
    assert fault_of("dataset create a --draft b --dev-percent 20", whole=True) == ""
    assert "No such option" in fault_of("dataset create a --draf b", whole=True)
    assert "No such command" in fault_of("dataset make a", whole=True)
    assert "Missing argument" in fault_of("predict cells", whole=True)
    assert fault_of("predict cells", whole=False) == ""


@pytest.mark.parametrize("page", [*PAGES, *NOTES], ids=lambda page: page.name)
def test_every_call_of_the_command_is_one_that_it_takes(page: Page) -> None:
    typed = page.text.splitlines() if page in NOTES else page.lines_of_shell()
    assert wrong_calls(typed, whole=True) == []
    if page.name != "docs/how-to/command-line.md":
        assert wrong_calls(page.words_set_as_code(), whole=False) == []


def test_the_list_of_commands_is_that_of_the_command() -> None:
    rows, options = rows_of_commands(), dict[str, set[str]]()
    for words, command in leaves(typer.main.get_command(app)):
        assert [word for word in words[1:] if not re.search(rf"\b{word}\b", rows[words[0]])] == [], words
        options.setdefault(words[0], set()).update(name for one in command.params for name in one.opts)
    assert set(rows) == set(options)
    for first, row in rows.items():
        assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row)) - options[first] == set(), first


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_verb_of_make_exists(page: Page) -> None:
    files = [REPOSITORY / "Makefile", *(REPOSITORY / "tools").glob("*.mk")]
    verbs = set(re.findall(r"^([a-z][a-z0-9-]*):", "\n".join(path.read_text() for path in files), re.MULTILINE))
    said = [*page.lines_of_shell(), *page.words_set_as_code()]
    assert [verb for line in said for verb in _VERB.findall(line) if verb not in verbs] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_programs_of_the_tools_are_called_so_that_python_finds_them(page: Page) -> None:
    said = [*page.lines_of_shell(), *page.words_set_as_code()]
    assert [line for line in said if _TOOL.search(line) and "PYTHONPATH=tools" not in line] == []
