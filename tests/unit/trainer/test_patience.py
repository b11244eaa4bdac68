"""A store in trouble: what the run needs is waited for, what it tells is not."""

from __future__ import annotations

import threading

import pytest

from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.store import NotFound, Refused, StoreError
from capforge_trainer.errors import StoppedError
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.news import News
from capforge_trainer.patience import PatientStore
from capforge_trainer.stopping import Stopping

PAUSE = 0.01


class Troubled(MemoryObjectStore):
    """Fails so many times before it works."""

    def __init__(self, failures: int, error: type[StoreError] = StoreError) -> None:
        super().__init__()
        self.failures, self.error, self.calls = failures, error, 0

    def put(self, key: str, data: bytes) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("away")
        super().put(key, data)


def test_a_store_that_comes_back_is_waited_for():
    store = Troubled(failures=3)
    PatientStore(store, Stopping(), 60, PAUSE).put("a", b"1")
    assert (store.get("a"), store.calls) == (b"1", 4)


def test_patience_ends():
    store = Troubled(failures=10**6)
    with pytest.raises(StoreError, match="away"):
        PatientStore(store, Stopping(), 0.1, PAUSE).put("a", b"1")
    assert store.calls > 1


@pytest.mark.parametrize("error", [NotFound, Refused])
def test_an_answer_is_taken_at_once(error: type[StoreError]):
    store = Troubled(failures=10**6, error=error)
    with pytest.raises(error):
        PatientStore(store, Stopping(), 60, PAUSE).put("a", b"1")
    assert store.calls == 1


def test_whoever_is_asked_to_stop_waits_no_longer():
    stopping = Stopping()
    stopping._hear(15, None)
    with pytest.raises(StoppedError, match="waiting for the object store"):
        PatientStore(Troubled(failures=10**6), stopping, 60, PAUSE).put("a", b"1")


def test_a_checkpoint_that_is_not_taken_ends_nothing():
    store = Troubled(failures=1)
    checkpoints = Checkpoints(store, "team-a", "d" * 64, 1)
    assert not checkpoints.save_or_tell({}, epoch=1, step=10)
    assert checkpoints.save_or_tell({}, epoch=2, step=20)
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.manifest.step == 20


def test_a_checkpoint_that_is_refused_for_good_ends_the_run():
    with pytest.raises(Refused):
        Checkpoints(Troubled(10**6, Refused), "team-a", "d" * 64, 1).save_or_tell({}, epoch=1, step=10)


class Hanging(MemoryObjectStore):
    def __init__(self) -> None:
        super().__init__()
        self.goes_on, self.entered = threading.Event(), threading.Event()

    def put(self, key: str, data: bytes) -> None:
        self.entered.set()
        self.goes_on.wait(20)
        super().put(key, data)


def test_news_hold_up_nobody_and_the_newest_is_written():
    store = Hanging()
    news = News(store)
    news.tell("progress", b"0")
    assert store.entered.wait(20)
    for number in range(1, 10):
        news.tell("progress", b"%d" % number)
    assert not news.drain(0.05)
    store.goes_on.set()
    assert news.drain(20)
    assert store.get("progress") == b"9"


def test_news_that_cannot_be_written_are_given_up():
    store = Troubled(failures=1)
    news = News(store)
    news.tell("progress", b"1")
    assert news.drain(20)
    news.tell("progress", b"2")
    assert news.drain(20)
    assert store.get("progress") == b"2"
