"""The loop, turn by turn, with a scripted world in place of Triton and the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_agent.convergence import Convergence
from capforge_agent.failures import ModelFailedError, Reason, RetryTimes, ServerAwayError
from capforge_agent.intake import Intake
from capforge_agent.metrics import Metrics
from capforge_agent.steps import Action, Step
from capforge_contracts.serving import DesiredModel, DesiredModels, ModelState
from tests.support.eventually import eventually
from tests.unit.agent.test_plan import A, B, entry


class World:
    """Repository, server and stepper at once: every step succeeds at once unless the test says otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.folders: dict[str, str] = {}
        self.loaded: dict[str, str] | None = {}
        self.errors: dict[tuple[str, Step], Exception] = {}
        self.done: list[Action] = []

    def fingerprint(self, model: DesiredModel) -> str:
        return model.golden_sha256

    def local(self) -> dict[str, str]:
        return dict(self.folders)

    def index(self) -> dict[str, str]:
        if self.loaded is None:
            raise ServerAwayError("gone")
        return dict(self.loaded)

    def version(self) -> str:
        return "2.51.0"

    def do(self, action: Action, wanted: DesiredModel | None) -> None:
        self.done.append(action)
        error = self.errors.get((action.model, action.step))
        if error:
            raise error
        assert self.loaded is not None
        match action.step:
            case Step.PULL:
                assert wanted
                self.folders[action.model] = self.fingerprint(wanted)
            case Step.DELETE:
                del self.folders[action.model]
            case Step.LOAD:
                self.loaded[action.model] = "READY"
            case Step.UNLOAD:
                self.loaded[action.model] = "UNAVAILABLE"

    def count(self, model: str, step: Step) -> int:
        return self.done.count(Action(step, model))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def loop(world: World, tmp_path: Path) -> Convergence:
    intake = Intake("cpu", tmp_path / "desired.json", tmp_path / "accepted.json")
    return Convergence("cpu", intake, world, world, world, Metrics(), RetryTimes(1, 300), lambda: world.now)  # type: ignore[arg-type]


def want(loop: Convergence, generation: int, *models: DesiredModel) -> None:
    loop.accept(DesiredModels(pool="cpu", generation=generation, models=list(models)).to_json())


def report(loop: Convergence, model: str) -> ModelState:
    return {one.model: one for one in loop.state().models}[model]


def turn_until(loop: Convergence, model: str, state: str, reason: str = "") -> None:
    def reached() -> bool:
        loop.turn()
        now = report(loop, model)
        return (now.state, now.reason) == (state, reason)

    eventually(reached)


def settle(loop: Convergence, world: World) -> None:
    """Turn until a turn starts nothing."""

    def quiet() -> bool:
        before = len(world.done)
        loop.turn()
        eventually(lambda: not any(track.running for track in loop._tracks.values()))
        return len(world.done) == before

    eventually(quiet)


def test_at_rest_nothing_is_done(loop: Convergence, world: World) -> None:
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    before = list(world.done)
    for _ in range(5):
        loop.turn()
    assert world.done == before == [Action(Step.PULL, A), Action(Step.LOAD, A), Action(Step.PROVE, A)]


def test_a_model_that_brings_the_server_down_is_tried_less_and_less_often(loop: Convergence, world: World) -> None:
    world.errors[A, Step.PROVE] = ServerAwayError("connection reset")
    want(loop, 1, entry(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "ServerUnavailable")
    for attempt, wait in enumerate((1, 2, 4, 8), start=1):
        assert world.count(A, Step.PROVE) == attempt
        world.now += wait - 0.5
        settle(loop, world)
        assert world.count(A, Step.PROVE) == attempt
        world.now += 0.6
        settle(loop, world)
    assert report(loop, B).state == "Ready"


def test_a_surprise_in_one_model_fails_that_model_alone(loop: Convergence, world: World) -> None:
    world.errors[A, Step.LOAD] = RuntimeError("unforeseen")
    want(loop, 1, entry(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "LoadFailed")
    assert "RuntimeError: unforeseen" in report(loop, A).message


def test_an_unload_that_fails_is_not_repeated_in_a_tight_loop(loop: Convergence, world: World) -> None:
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    world.errors[A, Step.UNLOAD] = ModelFailedError(Reason.LOAD_FAILED, "it cannot be unloaded")
    want(loop, 2)
    settle(loop, world)
    for _ in range(5):
        loop.turn()
    assert world.count(A, Step.UNLOAD) == 1


def test_a_failure_of_what_is_no_longer_asked_for_is_forgotten(loop: Convergence, world: World) -> None:
    world.errors[A, Step.PROVE] = ModelFailedError(Reason.GOLDEN_MISMATCH, "scores differ")
    want(loop, 1, entry(A))
    turn_until(loop, A, "Failed", "GoldenMismatch")
    del world.errors[A, Step.PROVE]
    want(loop, 2, entry(A).model_copy(update={"golden_sha256": "f" * 64}))
    turn_until(loop, A, "Ready")
    assert world.now == 1000.0


def test_a_refused_model_is_unloaded_and_tried_again_after_the_long_wait(loop: Convergence, world: World) -> None:
    world.errors[A, Step.PROVE] = ModelFailedError(Reason.GOLDEN_MISMATCH, "scores differ")
    want(loop, 1, entry(A))
    turn_until(loop, A, "Failed", "GoldenMismatch")
    settle(loop, world)
    assert world.loaded == {A: "UNAVAILABLE"}
    world.now += 299
    settle(loop, world)
    assert world.count(A, Step.LOAD) == 1
    del world.errors[A, Step.PROVE]
    world.now += 2
    turn_until(loop, A, "Ready")


def test_a_server_that_lost_everything_is_given_it_again(loop: Convergence, world: World) -> None:
    want(loop, 1, entry(A), entry(B))
    turn_until(loop, A, "Ready")
    turn_until(loop, B, "Ready")
    world.loaded = None
    turn_until(loop, A, "Pending", "ServerUnavailable")
    assert not loop.ready
    world.loaded = {}
    turn_until(loop, A, "Ready")
    turn_until(loop, B, "Ready")
    assert (world.count(A, Step.PULL), world.count(A, Step.PROVE)) == (1, 2)


def test_the_loop_is_alive_only_while_it_turns(loop: Convergence, world: World) -> None:
    loop.turn()
    world.now += 59
    assert loop.alive
    world.now += 2
    assert not loop.alive


def test_the_pod_is_not_ready_before_it_has_looked(loop: Convergence) -> None:
    assert not loop.ready
    loop.turn()
    assert loop.ready
