"""One document cannot take the service down: hangs, crashes, memory, an engine that is away, too much at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # has no types
import pytest
from PIL import Image

from capforge_tools import packaged
from tests.integration.candidates.conftest import Service, service
from tests.support.eventually import PATIENCE, eventually
from tests.support.living import lives
from tests.support.papers import coded, drawn
from tests.support.pdfs import Page, Text, written

TEXT = written([Page([Text("Total 5.00", 72, 700)])])
PICTURE = coded(drawn(["Total 5.00"]))
_GIVEN_UP_SECONDS = 4 * PATIENCE
"""Time enough for the document that comes after the one that hangs."""


class Switch:
    """An OCR program that hangs while a file is there, and is Tesseract otherwise."""

    def __init__(self, folder: Path) -> None:
        self.program, self._hangs = folder / "tesseract", folder / "hangs"
        real = packaged.ensure(packaged.TESSERACT)
        self.program.write_text(
            f'#!/bin/sh\ncase "$1" in --*) ;; *) while [ -e {self._hangs} ]; do sleep 0.05; done;; esac\nexec {real} "$@"\n'
        )
        self.program.chmod(0o755)

    def hang(self) -> None:
        self._hangs.touch()

    def go_on(self) -> None:
        self._hangs.unlink(missing_ok=True)


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[Switch]:
    one = Switch(tmp_path)
    yield one
    one.go_on()


def later(pool: ThreadPoolExecutor, one: Service, data: bytes) -> Future[httpx.Response]:
    return pool.submit(one.post, data)


def test_a_document_that_hangs_is_given_up_and_nothing_of_it_stays(switch: Switch, tmp_path: Path) -> None:
    with service(tmp_path / "service", tesseract=switch.program, timeout_seconds=_GIVEN_UP_SECONDS) as one:
        before = {process.pid for process in one.children()}
        switch.hang()
        assert one.refused(PICTURE)[:2] == (504, "ReadingTimeout")
        eventually(lambda: not before & {process.pid for process in one.children()})
        assert not [name for name in map(name_of, one.children()) if "sleep" in name]
        switch.go_on()
        assert one.read(PICTURE).pages[0].words


def test_a_document_that_ends_its_process_is_refused_and_the_next_one_is_read(switch: Switch, tmp_path: Path) -> None:
    with service(tmp_path / "service", tesseract=switch.program) as one, ThreadPoolExecutor() as pool:
        switch.hang()
        answer = later(pool, one, PICTURE)
        eventually(lambda: one.metric("capforge_candidates_reading") == 1)
        for process in psutil.Process(one.pid).children():
            process.send_signal(signal.SIGSEGV)
        assert answer.result().status_code == 422
        assert answer.result().json()["error"]["code"] == "BrokenDocument"
        switch.go_on()
        assert one.read(PICTURE).pages[0].words
        assert one.metric("capforge_candidates_processes_replaced") == 1


def test_a_document_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    with service(tmp_path, max_memory_bytes=700 * 1024 * 1024) as one:
        huge = coded(Image.new("RGB", (7000, 7000), "white"), "PNG")
        status, code, message = one.refused(huge)
        assert (status, code) == (422, "BrokenDocument")
        assert "memory" in message or "ended" in message
        assert one.read(PICTURE).pages[0].words


def test_more_than_can_wait_is_sent_away_at_once(switch: Switch, tmp_path: Path) -> None:
    with (
        service(tmp_path / "service", tesseract=switch.program, max_waiting=1) as one,
        ThreadPoolExecutor() as pool,
    ):
        switch.hang()
        answers = [later(pool, one, PICTURE)]
        eventually(lambda: one.metric("capforge_candidates_reading") == 1)
        answers.append(later(pool, one, PICTURE))
        eventually(lambda: one.metric("capforge_candidates_waiting") == 1)
        refused = one.post(PICTURE)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "Busy")
        assert int(refused.headers["retry-after"]) > 0
        assert one.get("/healthz").status_code == one.get("/readyz").status_code == 200
        switch.go_on()
        assert [answer.result().status_code for answer in answers] == [200, 200]


def test_without_its_engine_the_service_says_what_to_do_and_reads_what_needs_none(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tesseract"
    with service(tmp_path / "service", tesseract=program) as one:
        assert one.get("/readyz").status_code == 503
        for status, code, message in (one.refused(PICTURE), _error(one.get("/engine"))):
            assert (status, code) == (503, "EngineAway")
            assert "install tesseract-ocr" in message
        assert one.post(PICTURE).headers["retry-after"]
        assert one.read(TEXT).pages[0].words
        program.parent.mkdir()
        program.symlink_to(packaged.ensure(packaged.TESSERACT))
        eventually(lambda: one.get("/readyz").status_code == 200, 30)
        assert one.read(PICTURE).pages[0].words


def test_a_language_without_data_is_named(tmp_path: Path) -> None:
    with service(tmp_path, languages="eng xyz") as one:
        status, code, message = one.refused(PICTURE)
        assert (status, code) == (503, "EngineAway")
        assert "xyz" in message
        assert "tesseract-ocr-xyz" in message


def test_without_easyocr_in_its_image_the_service_says_which_one_to_take(tmp_path: Path) -> None:
    with service(tmp_path, engine="easyocr", languages="en") as one:
        status, code, message = one.refused(PICTURE)
        assert (status, code) == (503, "EngineAway")
        assert "CANDIDATES_ENGINE=easyocr" in message


def test_a_document_that_is_being_read_is_answered_before_the_service_ends(switch: Switch, tmp_path: Path) -> None:
    with service(tmp_path / "service", tesseract=switch.program) as one, ThreadPoolExecutor() as pool:
        switch.hang()
        answer = later(pool, one, PICTURE)
        eventually(lambda: one.metric("capforge_candidates_reading") == 1)
        children = one.children()
        os.kill(one.pid, signal.SIGTERM)
        eventually(lambda: _refuses_connections(one))
        switch.go_on()
        assert answer.result().status_code == 200
        eventually(lambda: not [process for process in children if lives(process)])


def test_the_reading_processes_end_with_a_service_that_is_killed(tmp_path: Path) -> None:
    with service(tmp_path, threads=2) as one:
        eventually(lambda: len(one.children()) == 2)  # the engine is asked for its version now and then
        children = one.children()
        os.kill(one.pid, signal.SIGKILL)
        eventually(lambda: not [process for process in children if lives(process)])


def test_reading_processes_get_no_secrets(candidates: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert candidates.read(TEXT).pages[0].words  # so there is one, whatever became of it in the tests before
    (child, *_) = candidates.children()
    allowed = ("CAPFORGE_", "OMP_", "OPENBLAS_", "MALLOC_", "PYTHON", "LC_")
    names = {name for name in child.environ() if not name.startswith(allowed)}
    assert names <= {"PATH", "LANG", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"}
    descriptors = {open_file.path for open_file in child.open_files()}
    assert not [path for path in descriptors if "token" in path]


def test_two_documents_are_read_side_by_side(switch: Switch, tmp_path: Path) -> None:
    with (
        service(tmp_path / "service", tesseract=switch.program, threads=2) as one,
        ThreadPoolExecutor() as pool,
    ):
        switch.hang()
        stuck = later(pool, one, PICTURE)
        eventually(lambda: one.metric("capforge_candidates_reading") == 1)
        assert one.read(TEXT).pages[0].words
        assert not stuck.done()
        switch.go_on()
        assert stuck.result().status_code == 200


def name_of(process: psutil.Process) -> str:
    """Return a process's name, nothing where it ended meanwhile."""
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _error(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def _refuses_connections(one: Service) -> bool:
    try:
        one.get("/healthz")
    except httpx.ConnectError:
        return True
    return False
