"""A version that is no good never answers, and takes nobody else down: the earlier one answers all the time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil  # type: ignore[import-untyped]  # has no types

from tests.integration.faults.serving.pods import PodProcesses
from tests.integration.faults.serving.site import Site
from tests.integration.faults.serving.story import Served, good_files
from tests.support.eventually import eventually
from tests.support.traffic.report import Report

Files = tuple[bytes, bytes]


def corrupt() -> tuple[Files, bytes | None]:
    model, golden = good_files(901)
    return (model[:-300], golden), None


def answers_wrongly() -> tuple[Files, bytes | None]:
    """Another model of the same shape, of which card and ledger say that it is the right one."""
    return (good_files(100)[0], good_files(900)[1]), None


def swapped() -> tuple[Files, bytes | None]:
    """Another model of the same shape under the right one's key."""
    return good_files(904), good_files(905)[0]


def damaged_golden() -> tuple[Files, bytes | None]:
    model, golden = good_files(906)
    return (model, golden[:-50]), None


POISONS: list[tuple[Callable[[], tuple[Files, bytes | None]], str]] = [
    (corrupt, "LoadFailed: model.onnx cannot be read as ONNX"),
    (answers_wrongly, "GoldenMismatch: scores differs in"),
    (swapped, "DigestMismatch: "),
    (damaged_golden, "GoldenUnreadable: golden.npz: "),
]


def test_versions_that_cannot_be_proven_never_answer_and_a_good_one_after_them_does(site: Site, served: Served) -> None:
    with site.traffic(served) as driver:
        for number, (poison, reason) in enumerate(POISONS, start=2):
            with driver.around(f"v1.{number} is {poison.__name__}") as report:
                publish_poison(site, served, poison, f"Version 1.{number} does not load: {reason}")
                driver.wait_for_requests()
                status = served.status()
                assert (status["version"], status["targetVersion"]) == ("1.1", f"1.{number}")
                assert [(one["version"], one["readyReplicas"]) for one in status["traffic"]] == [("1.1", 2)]
            only_the_first(report)
        with driver.around("v1.6 is good") as report:
            served.publish()
            served.until_answers("1.6", replicas=2)
            driver.until_only("v1.6")
        report.assert_no_errors()
        report.assert_only_versions({"v1.1", "v1.6"})
        assert served.condition("RolloutBlocked")[:2] == ("False", "Passed")


def publish_poison(site: Site, served: Served, poison: Callable[[], tuple[Files, bytes | None]], message: str) -> None:
    """Publish it and wait until the status says what is wrong with it, and nothing else is wrong."""
    files, stored = poison()
    served.publish(files, stored_model=stored)
    served.until(lambda: served.condition("RolloutBlocked")[2].startswith(message))
    assert served.condition("RolloutBlocked")[:2] == ("True", "LoadFailed")
    assert served.condition("Ready")[:2] == ("True", "Serving")
    assert all(pod.is_ready() for pod in site.pods)


def test_a_version_that_takes_its_server_down_is_left_alone_after_the_second_time(site: Site, served: Served) -> None:
    with site.traffic(served) as driver, driver.around("v1.2 takes Triton down") as report:
        files = good_files(907)
        with killing(site, served) as killed:
            poison = served.publish(files)
            served.until(lambda: "Triton ended 2 times" in served.condition("RolloutBlocked")[2])
            message = served.condition("RolloutBlocked")[2]
            served.until_answers("1.1", replicas=2)
            driver.wait_for_requests()
        assert "Crashed" in message
        (name,) = set(killed)
        assert {pod.name: pod.crashed_under(poison) for pod in site.pods if pod.tried_to_load(poison)} == {name: 2}
        eventually(lambda: all(pod.is_ready() for pod in site.pods), 60)
    only_the_first(report)


def test_a_version_that_does_not_end_loading_holds_nobody_up(site: Site, served: Served) -> None:
    with site.traffic(served) as driver, driver.around("v1.2 hangs while it loads") as report:
        with freezing(site):
            served.publish(good_files(908))
            message = served.until_condition("RolloutBlocked", "True", "LoadFailed")
            assert "TimedOut: Load did not end" in message
            driver.wait_for_requests()
        assert all(pod.is_ready() for pod in site.pods)
    only_the_first(report)


def test_a_new_pod_starts_on_the_champion_and_leaves_the_poison_to_the_pod_that_tries(
    site: Site, served: Served
) -> None:
    poison = served.publish(answers_wrongly()[0])
    served.until_condition("RolloutBlocked", "True", "LoadFailed")
    (tried,) = [pod for pod in site.pods if pod.tried_to_load(poison)]
    (other,) = [pod for pod in site.pods if pod is not tried]
    with site.traffic(served) as driver, driver.around("a pod is replaced while v1.2 is no good") as report:
        site.remove_pod(other)
        new = site.add_pod()
        eventually(new.is_ready, 60)
        served.until_answers("1.1", replicas=2)
        eventually(lambda: said_of(new, poison) == ("Pending", "AwaitingTrial"), 60)
        assert new.tried_to_load(poison) == 0
    only_the_first(report)


def said_of(pod: PodProcesses, model: str) -> tuple[str, str] | None:
    """Return what a pod's agent says of a model: state and reason; None before it has heard of it."""
    states = {one.model: (one.state, one.reason) for one in pod.serving.state().models}
    return states.get(model)


def only_the_first(report: Report) -> None:
    report.assert_no_errors()
    report.assert_only_versions({"v1.1"})


@contextmanager
def killing(site: Site, served: Served) -> Iterator[list[str]]:
    """Kill, for the block, every Triton that has a new model of the capability in hand; yield the pods hit."""
    hit: list[str] = []
    known = set(served.models)

    def look() -> None:
        for pod in site.pods:
            with suppress(OSError, AssertionError):
                states = pod.serving.triton.index()
                in_hand = {name for name, state in states.items() if state in {"LOADING", "READY"}}
                if in_hand & (set(served.models) - known):
                    pod.serving.triton.crash()
                    hit.append(pod.name)

    with _watching(look):
        yield hit


@contextmanager
def freezing(site: Site) -> Iterator[None]:
    """Stop, for the block, the process in which a new model is being loaded; it goes on afterwards."""
    before = {child.pid for pod in site.pods for child in pod.serving.triton.children()}
    frozen: list[psutil.Process] = []

    def look() -> None:
        for pod in site.pods:
            for child in pod.serving.triton.children():
                if child.pid not in before:
                    before.add(child.pid)
                    child.send_signal(signal.SIGSTOP)
                    frozen.append(child)

    with _watching(look):
        yield
    for child in frozen:
        with suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGCONT)


@contextmanager
def _watching(look: Callable[[], None]) -> Iterator[None]:
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.02):
            with suppress(psutil.NoSuchProcess):
                look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
