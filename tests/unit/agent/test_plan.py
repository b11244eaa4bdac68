"""Observed → actions: one step per model, and no model waits for another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capforge_agent.failures import Failure, Reason
from capforge_agent.plan import Observed, Track, plan
from capforge_agent.steps import Action, Step
from capforge_contracts.serving import DesiredModel

A, B = "cells--aaaaaaaaaaaa", "boards--bbbbbbbbbbbb"
NOW = 100.0


def entry(model: str) -> DesiredModel:
    digest = model.rpartition("--")[2] + "0" * 52
    return DesiredModel(
        model=model,
        namespace="lab",
        capability=model.partition("--")[0],
        version="1.1",
        model_key="lab/m",
        model_sha256=digest,
        golden_key="lab/g",
        golden_sha256=digest,
        max_batch_size=8,
        required=True,
    )


def failed(reason: Reason, step: Step, retry_at: float) -> Failure:
    return Failure(reason, "because", step, 1, retry_at)


NOTHING = Observed(desired={}, fingerprints={}, local={}, index={}, now=NOW)
WANTED = replace(NOTHING, desired={A: entry(A)}, fingerprints={A: "f"})
PULLED = replace(WANTED, local={A: "f"})
LOADED = replace(PULLED, index={A: "READY"})
PROVEN = replace(LOADED, tracks={A: Track(proven=True)})
LATER, EARLIER = NOW + 1, NOW - 1
MISMATCH = Reason.GOLDEN_MISMATCH


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(NOTHING, [], id="nothing wanted"),
        pytest.param(WANTED, [Action(Step.PULL, A)], id="wanted"),
        pytest.param(replace(WANTED, index=None), [Action(Step.PULL, A)], id="pulled while Triton is away"),
        pytest.param(PULLED, [Action(Step.LOAD, A)], id="pulled"),
        pytest.param(replace(PULLED, index={A: "UNAVAILABLE"}), [Action(Step.LOAD, A)], id="lost by a restart"),
        pytest.param(replace(PULLED, index=None), [], id="Triton is away"),
        pytest.param(replace(PULLED, index={A: "LOADING"}), [], id="still loading"),
        pytest.param(LOADED, [Action(Step.PROVE, A)], id="loaded"),
        pytest.param(PROVEN, [], id="served"),
        pytest.param(replace(LOADED, tracks={A: Track(running=Step.PROVE)}), [], id="busy"),
        pytest.param(replace(LOADED, local={A: "other"}), [Action(Step.UNLOAD, A)], id="another golden file, loaded"),
        pytest.param(replace(PULLED, local={A: "other"}), [Action(Step.DELETE, A)], id="another golden file"),
        pytest.param(
            replace(WANTED, tracks={A: Track(failure=failed(Reason.PULL_FAILED, Step.PULL, LATER))}),
            [],
            id="waits after a failed pull",
        ),
        pytest.param(
            replace(WANTED, tracks={A: Track(failure=failed(Reason.PULL_FAILED, Step.PULL, EARLIER))}),
            [Action(Step.PULL, A)],
            id="pulls again",
        ),
        pytest.param(
            replace(LOADED, tracks={A: Track(failure=failed(MISMATCH, Step.PROVE, LATER))}),
            [Action(Step.UNLOAD, A)],
            id="a refused model is not left loaded",
        ),
        pytest.param(
            replace(PULLED, tracks={A: Track(failure=failed(MISMATCH, Step.PROVE, LATER))}),
            [],
            id="a refused model is not tried again at once",
        ),
        pytest.param(
            replace(LOADED, tracks={A: Track(failure=failed(MISMATCH, Step.PROVE, EARLIER))}),
            [Action(Step.PROVE, A)],
            id="a refused model that was loaded again is proven again",
        ),
        pytest.param(
            replace(NOTHING, local={A: "f"}, index={A: "READY"}),
            [Action(Step.UNLOAD, A)],
            id="no longer wanted, loaded",
        ),
        pytest.param(replace(NOTHING, local={A: "f"}), [Action(Step.DELETE, A)], id="no longer wanted"),
        pytest.param(replace(NOTHING, index={A: "READY"}), [Action(Step.UNLOAD, A)], id="loaded without a folder"),
        pytest.param(
            replace(NOTHING, local={A: "f"}, index={A: "UNLOADING"}), [], id="no longer wanted, still unloading"
        ),
    ],
)
def test_the_next_step_of_one_model(observed: Observed, expected: list[Action]) -> None:
    assert plan(observed) == expected


def test_a_failed_model_holds_nobody_up() -> None:
    observed = Observed(
        desired={A: entry(A), B: entry(B)},
        fingerprints={A: "f", B: "g"},
        local={A: "f"},
        index={},
        now=NOW,
        tracks={A: Track(failure=failed(Reason.LOAD_FAILED, Step.LOAD, LATER))},
    )
    assert plan(observed) == [Action(Step.PULL, B)]


def test_room_is_made_before_it_is_taken() -> None:
    observed = replace(WANTED, local={B: "old"})
    assert plan(observed) == [Action(Step.DELETE, B), Action(Step.PULL, A)]
