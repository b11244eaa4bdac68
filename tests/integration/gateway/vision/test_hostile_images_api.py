"""What strangers and careless programs do to the calls about images: nothing is told, nothing breaks, nobody else waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from capforge_contracts.vision import Search, Selection, VisionQuestion
from capforge_gateway.storage import vision_drafts, vision_pages
from capforge_gateway.storage.vision import PostgresVision
from capforge_gateway.vision.ports import NEWEST, Draft, NewFile, NewSubmission, Place, TooManyDrafts
from tests.integration.gateway.process import NAMESPACE, capability, version
from tests.integration.gateway.vision.conftest import OpenGateway, detector
from tests.integration.gateway.vision.world import Json, VisionGateway, boxed, picture
from tests.support.eventually import eventually

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def calls(shared: VisionGateway) -> list[tuple[str, str]]:
    """Every call of the gateway that names a namespace: (method, path), with a file and a draft that are there."""
    file = shared.kept(picture(9100))["id"]
    shared.call("POST", "drafts", json={"name": "secret", "searches": [{}]})
    known = {"namespace": NAMESPACE, "account": NAMESPACE, "file": file, "draft": "secret", "run": "ab" * 32}
    paths = shared.process.http.get(f"{shared.process.url}/openapi.json").json()["paths"]
    found = []
    for template, operations in paths.items():
        parts = [part for part in template.split("/") if part.startswith("{")]
        if "{namespace}" in template:
            path = template.replace("report.html", "{file}")
            for part in parts:
                path = path.replace(part, known.get(part.strip("{}"), "report.html" if "runs" in template else "x"))
            found += [(method.upper(), path) for method in operations]
    return found


@pytest.fixture(scope="module")
def stranger(shared: VisionGateway) -> Iterator[str]:
    """A good key of another namespace."""
    other = capability([version("1.1", "some-model", ["127.0.0.1:1"])], "1.1", namespace="other")
    shared.process.route(detector(), other)
    key = shared.process.create_key("other")
    eventually(lambda: shared.process.accepts(key, "other"))
    yield key
    shared.process.route(detector())


def test_there_are_calls_about_images_and_runs(calls: list[tuple[str, str]]) -> None:
    assert len([path for _, path in calls if "/vision/" in path]) >= 14
    assert [path for _, path in calls if path.startswith("/v1/runs/")]


@pytest.mark.parametrize("shown", ["another namespace's key", "no key", "a wrong key", "no text at all"])
def test_no_call_answers_who_has_no_key_of_its_namespace(
    shared: VisionGateway, calls: list[tuple[str, str]], stranger: str, shown: str
) -> None:
    keys = {"another namespace's key": stranger, "a wrong key": "cf_" + "0" * 40, "no text at all": "\xff\xfe"}
    given = {"Authorization": f"Token {keys[shown]}".encode("latin-1")} if shown in keys else {}
    answers: dict[str, int] = {}
    for method, path in calls:
        body = {"content": b"{}", "headers": {**given, "Content-Type": "application/json"}}
        answer = shared.process.http.request(method, shared.process.url + path, **body)  # type: ignore[arg-type]
        answers[f"{method} {path}"] = answer.status_code
        assert b"secret" not in answer.content.replace(path.encode(), b"")
    assert set(answers.values()) == {401}, answers
    assert shared.call("GET", "drafts/secret").status_code == 200, "nothing was deleted"


@pytest.mark.parametrize(
    "name", ["%00", "%ff", "%ed%a0%80", "..", "%2e%2e", "a%0ab", "x" * 5000, "'; DROP TABLE", "Secret", "-"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_a_name_that_no_draft_can_have_is_not_found(shared: VisionGateway, method: str, name: str) -> None:
    answer = shared.call(method, f"drafts/{name}", json={"searches": []} if method == "PUT" else None)
    assert answer.status_code in {404, 405, 414}, answer.text


HOSTILE_WORDS = [
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "'; DROP TABLE vision_files; --",
    "%s%s{0}",
    "\u202egnp.exe",
    "=1+1",
    "\ufeff",
    "ﷺ" * 80,
]


@pytest.mark.parametrize("word", HOSTILE_WORDS)
def test_words_are_words_in_every_column_and_every_answer(shared: VisionGateway, word: str) -> None:
    file = shared.kept(picture(9200 + HOSTILE_WORDS.index(word)), name=word, source=word)
    entity = boxed(name=word[:128], attributes={word: word}, id=word, track_id=word)
    shared.submitted(file["id"], [entity])
    found = shared.found({"sources": [word], "classes_present": [word[:128]], "attributes": {word: word}})
    (result,) = [one for one in found["results"] if one["file"]["id"] == file["id"]]
    assert (result["file"]["name"], result["submission"]["entities"][0]["id"]) == (word, word)
    content = shared.call("GET", f"files/{file['id']}/content")
    assert content.headers["content-type"] == "image/png"
    assert content.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert word.encode() not in b"".join(name + value for name, value in content.headers.raw)


@pytest.mark.parametrize(
    "body",
    [
        b'{"entities": ' + b"[" * 100_000,
        b'{"entities": [' + b",".join([b"{}"] * 400_000) + b"]}",
        b'{"entities": [' + b'{"box":[1,1,2,2],"observations":[' + b"{}," * 200_000 + b"{}]}]}",
        b'{"entities": [{"polygon":[' + b"1," * 1_000_000 + b"1]}]}",
        b'{"entities": [{"box":[1e308,-1e308,1e999,2]}]}',
        b'{"entities": [{"box":[1,1,' + b"9" * 5000 + b",2]}]}",
        b'{"entities": [{"box":[1,1,2,2],"class":"\\u0000"}]}',
        b'{"entities": [{"box":[1,1,2,2],"class":"\\ud800"}]}',
        b'{"entities": [], "id": "' + NOWHERE.encode() + b'\\u0000"}',
    ],
    ids=["depth", "objects", "observations", "corners", "large numbers", "digits", "NUL", "half a letter", "id"],
)
def test_a_body_that_would_grow_is_refused_in_words(shared: VisionGateway, body: bytes) -> None:
    file = shared.kept(picture(9300))["id"]
    for call in ("submissions", "pre-annotations"):
        headers = {"Content-Type": "application/json"}
        answer = shared.call("POST", f"files/{file}/{call}", content=body, headers=headers)
        assert answer.status_code in {400, 413}, answer.text[:300]
        assert len(answer.content) < 200_000
    assert shared.kept(picture(9300))["submission"] is None


def large(kilobytes: int) -> list[Json]:
    """Entities that take about this much in JSON."""
    there = [number for at in range(500) for number in (round(1.1111 + at * 0.06, 4), 10.1234)]
    back = [number for at in range(500) for number in (round(31.1111 - at * 0.06, 4), 30.1234)]
    corners = there + back
    one = {"box": [1.0, 1.0, 9.0, 9.0], "polygon": corners, "observations": [{"attribute": "class", "value": "cat"}]}
    return [{"id": f"e{at}", **one} for at in range(kilobytes // 18 + 1)]


async def filled(vision: PostgresVision, count: int, kilobytes: int) -> str:
    new = NewFile("a.png", "image/png", "ab" * 32, 100, 64, 48, "test", "", {})
    file, _ = await vision.keep(NAMESPACE, new)
    for _ in range(count):
        await vision.submit(NAMESPACE, file.id, NewSubmission("ann", submitted(), large(kilobytes)))
    return file.id


def submitted() -> Any:
    from capforge_contracts.vision import AnnotationStatus

    return AnnotationStatus.SUBMITTED


async def test_pages_end_before_large_submissions_fill_the_memory(
    vision: PostgresVision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vision_pages, "PAGE_BYTES", 100_000)
    file = await filled(vision, 7, 45)
    seen: list[int] = []
    after: Place | None = None
    for _ in range(7):
        page = await vision.search(NAMESPACE, [Search()], Selection.ALL, after, 200)
        seen += [one.submission.sequence for one in page if one.submission]
        if not (page and page[-1].is_cut):
            break
        assert 1 <= len(page) <= 3
        after = Place(page[-1].file.created, page[-1].file.id, seen[-1])
    assert seen == [7, 6, 5, 4, 3, 2, 1], "each once, none left out"
    question = VisionQuestion(selection=Selection.ALL, searches=[Search()], as_of_sequence=7)
    lines = [line async for line in vision.selected(NAMESPACE, question)]
    assert len(lines) == 7
    first = await vision.history(NAMESPACE, file, NEWEST, 25)
    assert [one.sequence for one in first] == [7, 6, 5][: len(first)]
    assert 1 <= len(first) <= 3
    monkeypatch.setattr(vision_pages, "PAGE_BYTES", 1)
    (only,) = await vision.search(NAMESPACE, [Search()], Selection.ALL, None, 200)
    assert only.is_cut, "a page is never empty while there is more"


def test_a_client_pages_through_large_submissions_and_their_history(open_gateway: OpenGateway) -> None:
    gateway = open_gateway()
    file = gateway.kept(picture(9400, (64, 64)))["id"]
    entities = [{"polygon": one["polygon"], "class": "cat"} for one in large(2600)]
    for _ in range(4):
        gateway.submitted(file, entities)
    for ask in (_searched, _history):
        sequences, pages, cursor = [], 0, None
        while pages == 0 or cursor:
            answer = ask(gateway, file, cursor)
            assert len(answer.content) < 9 * 2**20
            found = answer.json()
            sequences += [
                one["sequence"] for one in found.get("submissions") or [one["submission"] for one in found["results"]]
            ]
            cursor, pages = found["pagination"]["next"], pages + 1
        assert (sequences, pages > 1) == ([4, 3, 2, 1], True)


def _searched(gateway: VisionGateway, file: str, cursor: str | None) -> httpx.Response:
    body = {"searches": [{"files": [file]}], "selection": "All", "page_size": 200, "cursor": cursor}
    return gateway.call("POST", "search", json=body)


def _history(gateway: VisionGateway, file: str, cursor: str | None) -> httpx.Response:
    return gateway.call("GET", f"files/{file}/submissions", params={"cursor": cursor} if cursor else {})


async def test_drafts_of_a_namespace_stay_few_enough_to_be_listed(
    vision: PostgresVision, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    def draft(name: str, words: int) -> Draft:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return Draft(name, "", Selection.LATEST, [Search(sources=["x" * 250] * words)], "ann", now, now)

    monkeypatch.setattr(vision_drafts, "MAX_DRAFT_BYTES", 100_000)
    await vision.put_draft(NAMESPACE, draft("small", 10), replace=False)
    with pytest.raises(TooManyDrafts):
        await vision.put_draft(NAMESPACE, draft("large", 450), replace=False)
    with pytest.raises(TooManyDrafts):
        await vision.put_draft(NAMESPACE, draft("small", 450), replace=True)
    with pytest.raises(TooManyDrafts):
        await vision.add_searches(NAMESPACE, "small", [Search(users=["y" * 250] * 450)])
    (kept,) = await vision.drafts(NAMESPACE)
    assert (kept.name, len(kept.searches), len(kept.searches[0].sources)) == ("small", 1, 10), "nothing is half written"
    await vision.put_draft("other", draft("large", 200), replace=False)


def test_many_at_once_about_one_file_leave_every_submission_whole(shared: VisionGateway) -> None:
    file = shared.kept(picture(9500))["id"]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda at: shared.submitted(file, [boxed(id=f"e{at}")]), range(24)))
    assert len({one["sequence"] for one in said}) == 24
    last = max(said, key=lambda one: one["sequence"])
    assert shared.kept(picture(9500))["submission"] == last
    history = shared.call("GET", f"files/{file}/submissions").json()["submissions"]
    assert [one["sequence"] for one in history] == sorted((one["sequence"] for one in history), reverse=True)


BOMBS = [
    (
        "a bomb of one colour",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x01\x00\x00\x00\x00",
    ),
    ("a drawing", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    ("a page", b"<!doctype html><script>alert(1)</script>"),
    ("an archive", b"PK\x03\x04" + b"\x00" * 60),
    ("a list of images", b"GIF89a" + b"\xff" * 60),
    ("nothing behind the signature", b"\x89PNG\r\n\x1a\n"),
    ("a negative size", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x02\x00\x00\x00"),
]


@pytest.mark.parametrize("data", [data for _, data in BOMBS], ids=[name for name, _ in BOMBS])
def test_what_is_no_image_or_too_much_of_one_is_never_kept(shared: VisionGateway, data: bytes) -> None:
    before = shared.call("GET", "files").json()["files"][:1]
    for answer in (
        shared.upload(data),
        shared.call("POST", "files", content=data, headers={"Content-Type": "image/png"}),
    ):
        assert answer.status_code in {400, 413, 415}, answer.text[:300]
        assert b"<script>" not in answer.content
    assert shared.call("GET", "files").json()["files"][:1] == before


def test_what_is_shown_as_an_image_is_no_page_even_where_it_is_both(shared: VisionGateway) -> None:
    both = picture(9600) + b"<!doctype html><script>alert(1)</script>"
    file = shared.kept(both, name="page.html")["id"]
    answer = shared.call("GET", f"files/{file}/content")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
