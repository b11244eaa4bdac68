"""From a notice to a letter and to the body of a webhook."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from capforge_contracts.model import canonical_json
from capforge_operator.domain.conditions import kube_time
from capforge_operator.domain.notice import Notice
from capforge_operator.posting import Letter

if TYPE_CHECKING:
    from jinja2 import Environment

_LAST_WORDS_LINES = 40
_WARNINGS = 8
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but tabs and ends of lines, and halves of letters."""


def letter(notice: Notice) -> Letter:
    """Return the letter: the same words as HTML and as text."""
    given = {"notice": notice, "end": notice.end, "ended": kube_time(notice.end.ended), **_shortened(notice)}
    names = ("letter.txt.j2", "letter.html.j2")
    text, html = (plain(_environment().get_template(name).render(given)) for name in names)
    return Letter(notice.subject, text, html, notice.pictures)


def event(notice: Notice) -> bytes:
    """Return the body of a webhook, in the form of Standard Webhooks: type, timestamp, data."""
    end = notice.end
    data: dict[str, Any] = {
        "namespace": end.namespace,
        "capability": end.capability,
        "trainingRun": end.run,
        "outcome": end.outcome.value,
        "reason": end.reason,
        "metrics": {one.name: one.value for one in notice.figures},
        "links": {one.name: one.url for one in notice.links},
        **({"refused": True} if end.is_refusal else {}),
        **({"runDigest": end.run_digest} if end.run_digest else {}),
        **({"version": notice.version} if notice.version else {}),
        **({"publication": notice.publication} if notice.publication else {}),
        **({"message": plain(notice.last_words), "advice": notice.advice} if not notice.succeeded else {}),
    }
    if notice.before:
        data["before"] = {
            "version": notice.before,
            "metrics": {one.name: one.before for one in notice.figures if one.before},
        }
    return canonical_json(
        {"type": f"training_run.{end.outcome.value.lower()}", "timestamp": kube_time(end.ended), "data": data}
    )


def plain(text: str) -> str:
    """Return the text without what would command a terminal, or could not be sent: last words may be anybody's."""
    return _COMMANDS.sub("\ufffd", text)


def _shortened(notice: Notice) -> dict[str, Any]:
    lines = notice.last_words.splitlines()
    return {
        "last_words": "\n".join(lines[-_LAST_WORDS_LINES:]),
        "warnings": notice.warnings[:_WARNINGS],
        "more_warnings": max(0, len(notice.warnings) - _WARNINGS),
    }


@cache
def _environment() -> Environment:
    # 5 MB that are spared where nobody is written to.
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    # Letters in plain text hold no markup that could be escaped.
    return Environment(
        loader=PackageLoader("capforge_operator.letters"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
