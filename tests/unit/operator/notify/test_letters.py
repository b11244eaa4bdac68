"""What letters and webhooks say, and that nobody's words become markup or headers."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest

from capforge_operator.api.notifications import Outcome
from capforge_operator.domain.notice import Figure, Link, Notice
from capforge_operator.domain.notifications import End
from capforge_operator.domain.pictures import MOST_PICTURES, pictures_of
from capforge_operator.letters.advice import advice_on
from capforge_operator.letters.mime import mime
from capforge_operator.letters.render import event, letter
from capforge_operator.posting import Letter, Mail, Picture

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
HOSTILE = "<script>alert('1')</script><img src=x onerror=alert(2)> Blutkörper 血球"
BASE = "https://models.example.com/v1/runs/team-a"


def success(**changes: object) -> Notice:
    end = End("team-a", "cells", "cells-1", "ab" * 32, Outcome.SUCCEEDED, "Completed", "", NOW)
    notice = Notice(
        end=end,
        version="1.3",
        publication="It is version 1.3.",
        figures=(Figure("map50", "0.875", "0.85", "+0.025"), Figure("recall", "0.25")),
        test_figures=(Figure("map50", "0.8"),),
        before="1.2",
        comparable=False,
        template="tiny-detector",
        took="12m30s",
        warnings=(),
        advice="",
        last_words="",
        links=(Link("Metrics page (report.html)", f"{BASE}/report.html?expires=1&signature=s"),),
        link_days=14,
        reach="",
        pictures=(Picture("picture-1", "png", PIXEL),),
    )
    return replace(notice, **changes)  # type: ignore[arg-type]


def refusal() -> Notice:
    end = End("team-a", "cells", "cells-1", None, Outcome.FAILED, "SplitsOverlap", "", NOW, is_refusal=True)
    return replace(failure(), end=end, last_words=HOSTILE, advice=advice_on("SplitsOverlap"), took="")


def test_a_refusal_says_why_in_other_words_than_a_failure():
    found = letter(refusal())
    assert found.subject == "[Capforge] team-a/cells: cells-1 is refused (SplitsOverlap)"
    assert "Training run cells-1 is refused: SplitsOverlap." in found.text
    assert "WHY" in found.text
    assert "remove them from one side" in found.text
    assert "<script>" not in found.html
    assert json.loads(event(refusal()))["data"]["refused"] is True
    assert "refused" not in json.loads(event(failure()))["data"]


def failure(**changes: object) -> Notice:
    end = End("team-a", "cells", "cells-1", "ab" * 32, Outcome.FAILED, "OutOfMemory", "", NOW)
    plain = success(end=end, version="", figures=(), test_figures=(), before="", links=(), pictures=())
    return replace(plain, last_words="CUDA out of memory", advice=advice_on("OutOfMemory"), **changes)  # type: ignore[arg-type]


class Elements(HTMLParser):
    """Which elements a page has, and with which attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def sent(given: Letter, to: str = "ann@example.com", name: str = "Capforge") -> EmailMessage:
    message = mime(Mail(to, "1234", given), "capforge@example.com", name, NOW)
    parsed = message_from_bytes(message.as_bytes(policy=SMTP), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_success_names_version_metrics_links_and_the_version_before():
    said = letter(success())
    assert said.subject == "[Capforge] team-a/cells: cells-1 succeeded, version 1.3"
    for text in (said.text, said.html):
        for expected in (
            "It is version 1.3.",
            "map50",
            "0.875",
            "0.85",
            "+0.025",
            "12m30s",
            "its own dev data",
            "14 days",
        ):
            assert expected in text
    assert f"{BASE}/report.html?expires=1&signature=s" in said.text
    links = [attributes["href"] for tag, attributes in Elements(said.html).found if tag == "a"]
    assert links == [f"{BASE}/report.html?expires=1&signature=s"]


def test_without_an_outside_address_the_letter_says_how_to_reach_the_gateway():
    reach = "kubectl -n capforge-system port-forward service/capforge-gateway 8080:http"
    said = letter(success(reach=reach))
    assert reach in said.text
    assert reach in said.html


def test_nobodys_words_become_markup():
    figures = (Figure(HOSTILE, "1"),)
    hostile = {"warnings": (HOSTILE,), "publication": HOSTILE, "template": HOSTILE, "figures": figures}
    for notice in (success(**hostile), replace(failure(warnings=(HOSTILE,)), last_words=HOSTILE, advice=HOSTILE)):
        said = letter(notice)
        tags = {tag for tag, _ in Elements(said.html).found}
        assert not tags & {"script", "iframe", "form", "object"}
        pictures = [attributes for tag, attributes in Elements(said.html).found if tag == "img"]
        assert all(one["src"] == "cid:picture-1" and "onerror" not in one for one in pictures)
        assert "Blutkörper 血球" in said.html
        assert HOSTILE in said.text


@pytest.mark.parametrize("words", ["a\x00b", "\x1b[2J\x1b]0;title\x07", "\x9b31m", "\ud800", "\x7f\x85"])
def test_words_that_would_command_a_terminal_or_cannot_be_sent_come_without_that(words: str):
    notice = replace(failure(), last_words=f"{words}\nthe end\t.")
    for kind in ("plain", "html"):
        body = sent(letter(notice)).get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert "\ufffd" in text
        assert "the end\t." in text
        assert text.replace("\r\n", "").replace("\n", "").replace("\t", "").isprintable()
    assert json.loads(event(notice))["data"]["message"].endswith("the end\t.")


def test_a_letter_loads_nothing_from_elsewhere():
    for tag, attributes in Elements(letter(success()).html).found:
        assert tag not in {"link", "style", "script"}
        assert not (attributes.get("src") or "cid:").startswith(("http", "//", "data:"))


def test_many_warnings_and_long_last_words_are_cut():
    said = letter(success(warnings=tuple(f"warning {number}" for number in range(30))))
    assert "and 22 more" in said.text
    said = letter(replace(failure(), last_words="\n".join(f"line {number}." for number in range(500))))
    assert "line 499." in said.text
    assert "line 400." not in said.text


def test_the_message_is_text_and_html_with_its_pictures_inside():
    message = sent(letter(success()), name="Modèles · 開発")
    assert message["Message-ID"] == "<1234@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"].addresses[0].display_name == "Modèles · 開発"
    assert message.get_content_type() == "multipart/alternative"
    text, related = message.iter_parts()
    assert (text.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    html, picture = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert (picture["Content-ID"], picture.get_content_type()) == ("<picture-1>", "image/png")
    assert picture.get_content() == PIXEL


def test_non_ascii_words_come_through():
    said = replace(letter(success()), subject="Läufe · 終わり", text="Blutkörper 血球\n")
    message = sent(said)
    assert message["Subject"] == "Läufe · 終わり"
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "Blutkörper 血球\r\n"


@pytest.mark.parametrize("broken", ["a@example.com\r\nBcc: eve@example.com", "a@example.com\nX: y", "a@b@c", ""])
def test_an_address_cannot_bring_a_header(broken: str):
    with pytest.raises(ValueError):
        sent(letter(success()), to=broken)


def test_a_subject_cannot_bring_a_header():
    with pytest.raises(ValueError):
        sent(replace(letter(success()), subject="news\r\nBcc: eve@example.com"))


def test_a_webhook_gets_type_time_and_data():
    body = json.loads(event(success()))
    assert (body["type"], body["timestamp"]) == ("training_run.succeeded", "2026-03-01T12:00:00Z")
    data = body["data"]
    assert (data["capability"], data["trainingRun"], data["version"]) == ("cells", "cells-1", "1.3")
    assert data["metrics"] == {"map50": "0.875", "recall": "0.25"}
    assert data["before"] == {"version": "1.2", "metrics": {"map50": "0.85"}}
    failed = json.loads(event(failure()))
    assert failed["type"] == "training_run.failed"
    assert failed["data"]["advice"] == advice_on("OutOfMemory")


def test_pictures_are_taken_from_the_report_each_once_and_only_if_they_are_pictures():
    jpegs = [b"\xff\xd8\xff" + bytes([number]) * 50 for number in range(6)]
    shown = [PIXEL, jpegs[0], jpegs[0], *jpegs[1:]]
    tags = [f'<img src="data:image/{kind(one)};base64,{base64.b64encode(one).decode()}">' for one in shown]
    report = (
        '<img src="data:image/jpeg;base64,bm8gcGljdHVyZQ==">' + '<img src="data:image/png;base64,!">' + "".join(tags)
    )
    found = pictures_of(report.encode())
    assert [one.data for one in found] == [PIXEL, *jpegs[:3]]
    assert len(found) == MOST_PICTURES
    assert [one.name for one in found] == ["picture-1", "picture-2", "picture-3", "picture-4"]


def test_a_large_picture_is_left_out():
    large = base64.b64encode(b"\xff\xd8\xff" + bytes(200_000)).decode()
    assert pictures_of(f'<img src="data:image/jpeg;base64,{large}">'.encode()) == ()


def kind(data: bytes) -> str:
    return "png" if data == PIXEL else "jpeg"


def test_the_advice_is_the_runbooks():
    """That the file is up to date is the drift test's business."""
    assert "raise resources.memory" in advice_on("OutOfMemory").lower()
    assert advice_on("NoSuchReason") == ""
