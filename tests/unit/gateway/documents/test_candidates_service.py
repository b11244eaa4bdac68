"""The candidates service as the gateway's client sees it, played by a server that says what a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from capforge_contracts.reading import Engine, GivenPage, GivenWord, Reading
from capforge_gateway.documents.candidates_service import CandidatesService
from capforge_gateway.documents.ports import ReaderAway, UnreadableDocument

READING = Reading(sha256="ab" * 32, engine=Engine.TESSERACT, engine_version="tesseract-5", pages=[])


@dataclass
class Played:
    """What the service answers, and what it was asked."""

    status: int = 200
    body: bytes = READING.to_json()
    engine: str = "tesseract-5"
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(path, content type, body)."""
    keys: set[str] = field(default_factory=set)


@pytest.fixture
async def played(tmp_path: Path) -> AsyncIterator[tuple[Played, CandidatesService]]:
    (tmp_path / "token").write_text("secret\n")
    play = Played()

    async def readings(request: web.Request) -> web.Response:
        play.asked.append((request.path, request.content_type, await request.read()))
        play.keys.add(request.headers["Authorization"])
        return web.Response(status=play.status, body=play.body)

    async def engine(request: web.Request) -> web.Response:
        play.asked.append((request.path, "", b""))
        if not play.engine:
            return web.Response(status=503)
        return web.json_response({"engine": "tesseract", "engineVersion": play.engine})

    app = web.Application()
    app.add_routes([web.post("/readings", readings), web.get("/engine", engine)])
    async with TestServer(app) as server:
        client = CandidatesService(str(server.make_url("")), tmp_path / "token", 2.0)
        yield play, client
        await client.close()


async def test_a_document_goes_there_and_its_reading_comes_back(played: tuple[Played, CandidatesService]) -> None:
    play, client = played
    assert await client.read(b"%PDF-", "application/pdf") == READING
    assert play.asked == [("/readings", "application/pdf", b"%PDF-")]
    assert play.keys == {"Bearer secret"}


async def test_given_words_go_along(played: tuple[Played, CandidatesService]) -> None:
    play, client = played
    given = [GivenPage(words=[GivenWord(text="7.77", box=[0.1, 0.1, 0.2, 0.2])])]
    await client.read(b"%PDF-", "application/pdf", given)
    ((_, kind, body),) = play.asked
    assert kind == "multipart/form-data"
    assert b'"text":"7.77"' in body


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        (422, "TooManyPages", UnreadableDocument),
        (422, "EncryptedDocument", UnreadableDocument),
        (413, "FileTooLarge", UnreadableDocument),
        (504, "ReadingTimeout", UnreadableDocument),
        (500, "ReadingFailed", UnreadableDocument),
        (429, "Busy", ReaderAway),
        (503, "EngineAway", ReaderAway),
        (401, "Unauthorized", ReaderAway),
    ],
)
async def test_its_faults_are_the_documents_or_its_own(
    played: tuple[Played, CandidatesService], status: int, code: str, raised: type[Exception]
) -> None:
    play, client = played
    play.status, play.body = status, b'{"error": {"code": "%s", "message": "why"}}' % code.encode()
    with pytest.raises(raised) as caught:
        await client.read(b"x", "image/png")
    if raised is UnreadableDocument:
        assert (getattr(caught.value, "code", ""), str(caught.value)) == (code, "why")


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (200, b"\xff"), (500, b"oops"), (404, b"{}"), (302, b"")])
async def test_an_answer_that_makes_no_sense_is_an_absence(
    played: tuple[Played, CandidatesService], status: int, body: bytes
) -> None:
    play, client = played
    play.status, play.body = status, body
    with pytest.raises(ReaderAway):
        await client.read(b"x", "image/png")


async def test_the_engine_is_asked_once_and_remembered_while_it_is_away(tmp_path: Path) -> None:
    now = [0.0]
    play = Played()

    async def engine(_: web.Request) -> web.Response:
        play.asked.append(("/engine", "", b""))
        return web.json_response({"engineVersion": play.engine}) if play.engine else web.Response(status=503)

    app = web.Application()
    app.add_routes([web.get("/engine", engine)])
    (tmp_path / "token").write_text("secret")
    async with TestServer(app) as server:
        client = CandidatesService(str(server.make_url("")), tmp_path / "token", 2.0, clock=lambda: now[0])
        assert [await client.engine_version() for _ in range(3)] == ["tesseract-5"] * 3
        assert len(play.asked) == 1
        now[0], play.engine = 31.0, "tesseract-6"
        assert await client.engine_version() == "tesseract-6"
        now[0], play.engine = 62.0, ""
        assert await client.engine_version() == "tesseract-6"
        await client.close()


async def test_without_an_address_or_a_token_nobody_reads(tmp_path: Path) -> None:
    for client in (
        CandidatesService("", tmp_path, 1.0),
        CandidatesService("http://127.0.0.1:1", tmp_path / "none", 1.0),
    ):
        with pytest.raises(ReaderAway):
            await client.engine_version()
        with pytest.raises(ReaderAway):
            await client.read(b"x", "image/png")
        await client.close()


async def test_whether_it_answers_is_told(tmp_path: Path) -> None:
    told: list[bool] = []
    token = tmp_path / "token"
    token.write_text("secret")
    client = CandidatesService("http://127.0.0.1:1", token, 1.0, told.append)
    with pytest.raises(ReaderAway):
        await client.read(b"x", "image/png")
    await client.close()
    assert told == [False]
