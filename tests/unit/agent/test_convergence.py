"""The loop, turn by turn, with a scripted world in place of Triton and the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from capforge_agent.convergence import Convergence, Place
from capforge_agent.failures import ModelFailedError, Reason, RetryTimes, ServerAwayError, ServerSlowError
from capforge_agent.intake import Intake
from capforge_agent.memory import Memory
from capforge_agent.metrics import Metrics
from capforge_agent.steps import Action, Step
from capforge_agent.tracks import Tracks
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
        self.looked: Callable[[], None] = lambda: None
        """Called when the folders were listed, and before Triton's index is."""

    def fingerprint(self, model: DesiredModel) -> str:
        return model.golden_sha256

    def local(self) -> dict[str, str]:
        return dict(self.folders)

    def index(self) -> dict[str, str]:
        self.looked()
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
    return new_loop(world, tmp_path)


def new_loop(world: World, folder: Path, linger: float = 0) -> Convergence:
    """What an agent that starts anew on the same volume has."""
    intake = Intake("cpu", folder / "desired.json", folder / "accepted.json")
    tracks = Tracks(Memory(folder / "memory.json"), RetryTimes(1, 300, 10_000, linger), lambda: world.now)
    return Convergence(Place("cpu", "pod-a"), intake, world, world, world, Metrics(), tracks, lambda: world.now)  # type: ignore[arg-type]


def optional(model: str, **changes: object) -> DesiredModel:
    return entry(model).model_copy(update={"required": False, **changes})


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
        idle(loop)
        before = len(world.done)
        loop.turn()
        idle(loop)
        return len(world.done) == before

    eventually(quiet)


def idle(loop: Convergence) -> None:
    """Wait until no step runs."""
    eventually(lambda: not any(track.running for track in loop._tracks.all.values()))


def test_at_rest_nothing_is_done(loop: Convergence, world: World) -> None:
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    before = list(world.done)
    for _ in range(5):
        loop.turn()
    assert world.done == before == [Action(Step.PULL, A), Action(Step.LOAD, A), Action(Step.PROVE, A)]


def test_what_the_report_shows_was_logged_and_counted_before(
    loop: Convergence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for Ready and reads the log or the metrics then finds the step that made it so."""
    reported: dict[Step, str] = {}
    stepped = loop._metrics.stepped

    def watched(step: Step, outcome: str, seconds: float) -> None:
        reported[step] = report(loop, A).state
        stepped(step, outcome, seconds)

    monkeypatch.setattr(loop._metrics, "stepped", watched)
    want(loop, 1, entry(A))
    with capture_logs() as lines:
        turn_until(loop, A, "Ready")
    assert reported == {Step.PULL: "Pulling", Step.LOAD: "Loading", Step.PROVE: "Proving"}
    assert [line["step"] for line in lines if line["event"] == "step"] == ["Pull", "Load", "Prove"]


def test_a_step_that_ends_during_a_look_is_not_done_again(loop: Convergence, world: World) -> None:
    pulling, finish = Event(), Event()
    do = world.do

    def slowly(action: Action, wanted: DesiredModel | None) -> None:
        pulling.set()
        assert finish.wait(30)
        do(action, wanted)

    def end_the_pull() -> None:
        finish.set()
        idle(loop)

    world.do = slowly  # type: ignore[method-assign]
    want(loop, 1, entry(A))
    loop.turn()
    assert pulling.wait(30)
    world.looked = end_the_pull
    loop.turn()
    world.looked = lambda: None
    settle(loop, world)
    assert world.done == [Action(Step.PULL, A), Action(Step.LOAD, A), Action(Step.PROVE, A)]


def test_a_champion_that_brings_the_server_down_is_tried_less_and_less_often(loop: Convergence, world: World) -> None:
    world.errors[A, Step.PROVE] = ServerAwayError("connection reset")
    want(loop, 1, entry(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "Crashed")
    for attempt, wait in enumerate((1, 2, 4, 8), start=1):
        assert world.count(A, Step.PROVE) == attempt
        world.now += wait - 0.5
        settle(loop, world)
        assert world.count(A, Step.PROVE) == attempt
        world.now += 0.6
        settle(loop, world)
    assert report(loop, B).state == "Ready"


def test_another_model_that_brings_the_server_down_twice_is_left_alone(loop: Convergence, world: World) -> None:
    world.errors[A, Step.PROVE] = ServerAwayError("connection reset")
    want(loop, 1, optional(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "Crashed")
    for _ in range(6):
        world.now += 100
        settle(loop, world)
    assert world.count(A, Step.PROVE) == 2
    assert "Triton ended 2 times while it worked on this model" in report(loop, A).message
    world.now += 10_000
    settle(loop, world)
    assert world.count(A, Step.PROVE) == 3


def test_what_a_model_did_is_held_against_it_after_a_restart_of_the_agent(world: World, tmp_path: Path) -> None:
    world.errors[A, Step.LOAD] = ServerAwayError("connection reset")
    loop = new_loop(world, tmp_path)
    want(loop, 1, optional(A))
    turn_until(loop, A, "Failed", "Crashed")
    world.now += 1.1
    settle(loop, world)
    again = new_loop(world, tmp_path)
    want(again, 1, optional(A))
    world.now += 1000
    settle(again, world)
    assert world.count(A, Step.LOAD) == 2
    assert report(again, A).reason == "Crashed"


def test_an_agent_that_dies_in_a_step_holds_it_against_the_model(world: World, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    for _ in range(2):
        memory.begin(A, entry(A).golden_sha256, unproves=False)
        memory = Memory(tmp_path / "memory.json")
    loop = new_loop(world, tmp_path)
    want(loop, 1, optional(A), entry(B))
    turn_until(loop, B, "Ready")
    assert (report(loop, A).state, report(loop, A).reason) == ("Failed", "Crashed")
    assert world.count(A, Step.PULL) == 0


def test_an_agent_that_ends_in_good_order_blames_nobody(world: World, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    for _ in range(2):
        memory.begin(A, entry(A).golden_sha256, unproves=False)
        memory.close()
        memory = Memory(tmp_path / "memory.json")
    loop = new_loop(world, tmp_path)
    want(loop, 1, optional(A))
    turn_until(loop, A, "Ready")


def test_what_was_proven_need_not_be_proven_again_after_a_restart_of_the_agent(world: World, tmp_path: Path) -> None:
    loop = new_loop(world, tmp_path)
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    again = new_loop(world, tmp_path)
    want(again, 1, entry(A))
    again.turn()
    assert report(again, A).state == "Ready"
    assert world.count(A, Step.PROVE) == 1


def test_an_agent_and_a_server_that_both_start_anew_prove_again(world: World, tmp_path: Path) -> None:
    loop = new_loop(world, tmp_path)
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    world.loaded = {}
    again = new_loop(world, tmp_path)
    want(again, 1, entry(A))
    turn_until(again, A, "Ready")
    assert world.count(A, Step.PROVE) == 2


def test_a_load_without_a_proof_is_not_believed_after_a_restart_of_the_agent(world: World, tmp_path: Path) -> None:
    loop = new_loop(world, tmp_path)
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    world.loaded = {}
    world.errors[A, Step.PROVE] = ModelFailedError(Reason.GOLDEN_MISMATCH, "scores differ")
    loop.turn()
    settle(loop, world)
    assert world.count(A, Step.LOAD) == 2
    world.loaded[A] = "READY"
    again = new_loop(world, tmp_path)
    want(again, 1, entry(A))
    again.turn()
    assert report(again, A).state != "Ready"


def test_an_innocent_model_that_was_in_hand_too_is_served_after_all(loop: Convergence, world: World) -> None:
    crash = ServerAwayError("connection reset")
    world.errors[A, Step.LOAD] = world.errors[B, Step.LOAD] = crash
    want(loop, 1, optional(A), optional(B))
    turn_until(loop, A, "Failed", "Crashed")
    turn_until(loop, B, "Failed", "Crashed")
    del world.errors[B, Step.LOAD]
    world.now += 1.1
    turn_until(loop, B, "Ready")
    settle(loop, world)
    assert world.count(A, Step.LOAD) == 2
    assert "left alone" in report(loop, A).message


def test_a_champion_is_served_before_anything_else_is_loaded(loop: Convergence, world: World) -> None:
    want(loop, 1, optional(A), entry(B))
    turn_until(loop, A, "Ready")
    loads_and_proofs = [one for one in world.done if one.step in {Step.LOAD, Step.PROVE}]
    assert [one.model for one in loads_and_proofs] == [B, B, A, A]


def test_a_champion_that_cannot_be_had_does_not_hold_the_others_up_for_ever(loop: Convergence, world: World) -> None:
    world.errors[B, Step.PULL] = ModelFailedError(Reason.PULL_FAILED, "no such object")
    want(loop, 1, optional(A), entry(B))
    turn_until(loop, A, "Ready")


def test_what_is_on_trial_elsewhere_is_fetched_and_not_loaded(loop: Convergence, world: World) -> None:
    want(loop, 1, optional(A, trial_pod="pod-b"), optional(B, trial_pod="pod-a"))
    turn_until(loop, B, "Ready")
    settle(loop, world)
    assert (report(loop, A).state, report(loop, A).reason) == ("Pending", "AwaitingTrial")
    assert (world.count(A, Step.PULL), world.count(A, Step.LOAD)) == (1, 0)
    want(loop, 2, optional(A), optional(B))
    turn_until(loop, A, "Ready")


def test_a_model_that_does_not_end_loading_is_no_crash(loop: Convergence, world: World) -> None:
    world.errors[A, Step.LOAD] = ServerSlowError("no answer within 300 s")
    want(loop, 1, optional(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "TimedOut")
    assert world.loaded is not None
    world.loaded[A] = "READY"  # at last
    turn_until(loop, A, "Ready")


def test_a_surprise_in_one_model_fails_that_model_alone(loop: Convergence, world: World) -> None:
    world.errors[A, Step.LOAD] = RuntimeError("unforeseen")
    want(loop, 1, entry(A), entry(B))
    turn_until(loop, B, "Ready")
    turn_until(loop, A, "Failed", "LoadFailed")
    assert "RuntimeError: unforeseen" in report(loop, A).message


def test_what_is_no_longer_wanted_stays_loaded_for_a_while(world: World, tmp_path: Path) -> None:
    loop = new_loop(world, tmp_path, linger=30)
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    want(loop, 2)
    world.now += 29
    want(loop, 3)
    settle(loop, world)
    assert world.count(A, Step.UNLOAD) == 0
    world.now += 2
    settle(loop, world)
    assert (world.count(A, Step.UNLOAD), world.folders) == (1, {})


def test_what_is_wanted_again_meanwhile_is_still_proven(world: World, tmp_path: Path) -> None:
    loop = new_loop(world, tmp_path, linger=30)
    want(loop, 1, entry(A))
    turn_until(loop, A, "Ready")
    want(loop, 2)
    settle(loop, world)
    want(loop, 3, entry(A))
    world.now += 60
    settle(loop, world)
    assert report(loop, A).state == "Ready"
    assert (world.count(A, Step.PROVE), world.count(A, Step.UNLOAD)) == (1, 0)


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
