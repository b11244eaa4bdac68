"""E-mail and web addresses, also with spaces that an engine put into them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from email_validator import EmailNotValidError, validate_email
from phonenumbers import SUPPORTED_REGIONS

from capforge_candidates.values.found import Found
from capforge_contracts.reading import SpanKind

_GENERIC = (
    "com org net edu gov mil int info biz name pro mobi app dev shop store online site tech cloud blog email eu uk"
)
_TOP_LEVELS = frozenset({*(region.lower() for region in SUPPORTED_REGIONS), *_GENERIC.split()})
_EMAIL = re.compile(
    r"[^\s@,;:<>()\[\]\"/|]{1,64} ?@ ?[^\W_](?:[\w\-]|\.(?=\w)){0,190}(?: ?\. ?[^\W\d_]{2,24}(?![\w@]))?"
)
_FIRST_PIECE = re.compile(r"[^\s@,;:<>()\[\]\"/|']{1,40}(?:[._\-] ?| [._\-])$")
"""Before an address: a part of it that an engine cut off, `anna. berg@mail.com`."""
_URL = re.compile(r"(?:https? ?: ?/ ?/ ?|www ?\. ?)[^\s<>\"]{2,200}", re.IGNORECASE)
_MORE_HOST = re.compile(r"(?: \.|\. ) ?([^\W_](?:[\w\-]|\.(?=\w)){1,62}(?:/[^\s<>\"]{0,200})?)(?![\w@])")
"""The next part of a host that an engine cut: `www.example. com`."""
_BARE = re.compile(
    r"(?<![\w@.\-])(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.){1,4}([^\W\d_]{2,24})(?![\w@])(?:/[^\s<>\"]{0,200})?"
)
_UNKNOWN_ENDING = re.compile(r"[a-z]{4,24}")
_LEADING = ".-_*|'"
_MAX_MORE = 4
_TRAILING = ".,;:!?)]}'\"|"


def emails(plain: str) -> Iterator[Found]:
    """Yield the e-mail addresses of a line; the value is as email-validator normalises it."""
    if "@" not in plain:
        return
    for match in _EMAIL.finditer(plain):
        start = match.start()
        end = start + len(match.group().rstrip(_TRAILING + "-"))
        yield from _whole_or_tight(plain, start, end)
        if before := _FIRST_PIECE.search(plain, max(0, start - 41), start):
            yield from _email(plain, before.start(), end)


def _whole_or_tight(plain: str, start: int, end: int) -> Iterator[Found]:
    """Yield the address up to a space behind its host, and what goes on behind that if it may be a host's end."""
    space = plain.find(" ", plain.index("@", start) + 2, end)
    tight = start + len(plain[start:space].rstrip(_TRAILING)) if space > 0 else end
    found = list(_email(plain, start, tight))
    yield from found
    if not found:
        yield from _email(plain, start, end)
    for longer in {*_longer(plain, tight), *_longer(plain, end)}:
        yield from _email(plain, start, longer)


def _email(plain: str, start: int, end: int) -> Iterator[Found]:
    while start < end and plain[start] in _LEADING:
        start += 1
    try:
        known = validate_email(plain[start:end].replace(" ", ""), check_deliverability=False)
    except EmailNotValidError:
        return
    yield Found(SpanKind.EMAIL, start, end, known.normalized)


def _longer(plain: str, end: int) -> Iterator[int]:
    """Yield where an address ends that goes on behind a space: up to a part that is a top level."""
    for _ in range(_MAX_MORE):
        match = _MORE_HOST.match(plain, end)
        if match is None:
            return
        end = match.end()
        if match[1].partition("/")[0].rpartition(".")[2].lower() in _TOP_LEVELS:
            yield end


def urls(plain: str) -> Iterator[Found]:
    """Yield the web addresses of a line; the value has scheme and host in lower case."""
    if "." not in plain:
        return
    taken = []
    for match in _URL.finditer(plain):
        taken.append(range(match.start(), match.end()))
        yield _url(plain, match.start(), match.end())
        whole = match.start() + len(match.group().rstrip(_TRAILING))
        for longer in _longer(plain, whole):
            yield _url(plain, match.start(), longer)
    for match in _BARE.finditer(plain):
        if _is_host(match) and not any(match.start() in one for one in taken):
            yield _url(plain, match.start(), match.end())


def _is_host(match: re.Match[str]) -> bool:
    """Tell whether a name with points is one of the net: it has a known ending, or all of it is in small letters."""
    return match[1].lower() in _TOP_LEVELS or bool(_UNKNOWN_ENDING.fullmatch(match[1]) and match.group().islower())


def _url(plain: str, start: int, end: int) -> Found:
    text = plain[start:end].rstrip(_TRAILING)
    return Found(SpanKind.URL, start, start + len(text), _normal(text))


def _normal(text: str) -> str:
    text = text.replace(" ", "")
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}".removesuffix("/")
