"""Observed → actions: what each model needs next. Pure: no clock, no client, no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from capforge_agent.failures import Failure, Reason
from capforge_agent.steps import Action, Step
from capforge_contracts.serving import DesiredModel

READY = "READY"
_MOVING = {"LOADING", "UNLOADING"}
"""States of Triton's index in which a model is left alone."""
_UNSERVABLE = {Reason.GOLDEN_MISMATCH, Reason.GOLDEN_UNREADABLE}
"""Loaded but not proven right: it must not stay where a request could reach it."""


@dataclass(frozen=True)
class Track:
    """What the agent remembers of one model between two looks."""

    running: Step | None = None
    proven: bool = False
    """The golden request succeeded since the model was last loaded."""
    failure: Failure | None = None


UNKNOWN = Track()


@dataclass(frozen=True)
class Observed:
    """Everything a plan is made from."""

    desired: Mapping[str, DesiredModel]
    fingerprints: Mapping[str, str]
    """Per desired model: what a folder must have been made from to be used."""
    local: Mapping[str, str]
    """Fingerprint of each folder in Triton's repository."""
    index: Mapping[str, str] | None
    """Triton's state per model; None: Triton is away."""
    now: float
    """Seconds on a clock that only goes forward."""
    tracks: Mapping[str, Track] = field(default_factory=dict)

    def track(self, model: str) -> Track:
        """Return what is remembered of a model."""
        return self.tracks.get(model, UNKNOWN)

    def loaded(self, model: str) -> bool:
        """Tell whether Triton serves the model."""
        return self.index is not None and self.index.get(model) == READY


def plan(observed: Observed) -> list[Action]:
    """Return at most one action per model; what is not desired goes first, to make room."""
    present = set(observed.local) | {name for name in observed.index or {} if observed.loaded(name)}
    leaving = [_removal(observed, name) for name in sorted(present - set(observed.desired))]
    wanted = [_progress(observed, name) for name in sorted(observed.desired)]
    return [action for action in (*leaving, *wanted) if action]


def _progress(observed: Observed, model: str) -> Action | None:
    """Read from the top: the first rule that fits a desired model decides."""
    track = observed.track(model)
    if track.running or _moving(observed, model):
        return None
    if track.failure and observed.now < track.failure.retry_at:
        unservable = track.failure.reason in _UNSERVABLE and observed.loaded(model)
        return Action(Step.UNLOAD, model) if unservable else None
    if model in observed.local and observed.local[model] != observed.fingerprints[model]:
        return _removal(observed, model)  # made for another golden file or batch size: never changed in place
    if model not in observed.local:
        return Action(Step.PULL, model)
    if observed.index is not None and not observed.loaded(model):
        return Action(Step.LOAD, model)
    return Action(Step.PROVE, model) if observed.loaded(model) and not track.proven else None


def _removal(observed: Observed, model: str) -> Action | None:
    track = observed.track(model)
    waiting = track.failure is not None and observed.now < track.failure.retry_at
    if track.running or waiting or _moving(observed, model):
        return None
    if observed.loaded(model):
        return Action(Step.UNLOAD, model)
    return Action(Step.DELETE, model) if model in observed.local else None


def _moving(observed: Observed, model: str) -> bool:
    return observed.index is not None and observed.index.get(model) in _MOVING
