"""Months that a line names, in the world's languages. The names are dateparser's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from unicodedata import combining

from capforge_candidates.values.letters import folded

Month = tuple[int, int, int]
"""Start and end of a month's name, and its number."""

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SPOKEN_MOST = (
    *("en", "es", "pt", "fr", "de", "it", "ru", "id", "ms", "nl", "pl", "tr", "cs", "sv", "da", "nb", "fi", "hu", "ro"),
    *("uk", "el", "vi", "ca", "sk", "hr", "bg", "sr", "sl", "lt", "lv", "et", "is", "sq", "az", "af", "sw", "fil"),
)
"""Their short names count as well. Where one name means two months (Czech and Croatian `listopad`), the first one's."""
_SHORTEST = {True: 3, False: 5}
"""Letters of a name by whether its language is among them; shorter ones are too often other words."""
_SHORTEST_OTHER = 2
"""Letters of a name in another than the Latin script."""
_OTHER_NAMES = {"sept": 9}
_NAME = re.compile(r"[^\s\d,/()\-:'\"|+*=]+")


def named_months(folded_text: str) -> Iterator[Month]:
    """Yield the months that a line in lower case without accents names."""
    names = month_names()
    for match in _NAME.finditer(folded_text):
        for start, end in _words(match):
            month = names.get(month_key(folded_text[start:end]))
            if month is not None:
                yield start, end, month


@cache
def month_names() -> Mapping[str, int]:
    """Return month numbers (1-12) by month_key."""
    translations = import_module("dateparser.data.date_translation_data")
    known = sorted(module.name for module in iter_modules(translations.__path__) if "_" not in module.name)
    languages = [*_SPOKEN_MOST, *(name for name in known if name not in _SPOKEN_MOST)]
    names = dict(_OTHER_NAMES)
    for language in languages:
        info = import_module(f"{translations.__name__}.{language}").info
        shortest = _SHORTEST[language in _SPOKEN_MOST]
        for number, month in enumerate(MONTHS, 1):
            for key in map(month_key, map(folded, filter(_is_one_word, info.get(month, [])))):
                if len(key) >= (shortest if key.isascii() else _SHORTEST_OTHER):
                    names.setdefault(key, number)
    return names


def month_key(folded_name: str) -> str:
    """Return what a name is known by: without points, and without the signs that stand on its letters."""
    if folded_name.isascii():
        return folded_name.replace(".", "").replace(" ", "")
    return "".join(letter for letter in folded_name if letter not in ". " and not combining(letter))


def _words(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield the token without points around it, and its parts between points."""
    token = match.group()
    bare = token.strip(".")
    start = match.start() + token.find(bare)
    yield start, start + len(bare)
    if "." in bare:
        for part in bare.split("."):
            yield start, start + len(part)
            start += len(part) + 1


def _is_one_word(name: str) -> bool:
    return not any(letter.isdigit() or letter.isspace() for letter in name.strip())
