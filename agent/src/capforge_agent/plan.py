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
_UNSERVABLE = {Reason.GOLDEN_MISMATCH, Reason.GOLDEN_UNREADABLE, Reason.TIMED_OUT}
"""Loaded but not proven right: it must not stay where a request could reach it."""


@dataclass(frozen=True)
class Track:
    """What the agent remembers of one model between two looks."""

    running: Step | None = None
    proven: bool = False
    """The golden request succeeded since the model was last loaded."""
    failure: Failure | None = None
    lingers_until: float = 0.0
    """A model that is no longer wanted is left alone until then, on the plan's clock."""


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
    pod: str = ""
    """This pod's name."""

    def track(self, model: str) -> Track:
        """Return what is remembered of a model."""
        return self.tracks.get(model, UNKNOWN)

    def loaded(self, model: str) -> bool:
        """Tell whether Triton serves the model."""
        return self.index is not None and self.index.get(model) == READY

    def settled(self, model: str) -> bool:
        """Tell whether the model is served, or waits after a failure."""
        track = self.track(model)
        return (self.loaded(model) and track.proven) or self.waits(model)

    def waits(self, model: str) -> bool:
        """Tell whether the model is left alone after a failure."""
        failure = self.track(model).failure
        return failure is not None and self.now < failure.retry_at

    def suspected(self, model: str) -> bool:
        """Tell whether the server ended under this model, and it has not been proven since."""
        failure = self.track(model).failure
        return failure is not None and failure.reason is Reason.CRASHED

    def awaits_trial(self, model: str) -> bool:
        """Tell whether another pod is to prove the model first; what is loaded here already has had its trial."""
        trial = self.desired[model].trial_pod
        return bool(trial) and trial != self.pod and not self.loaded(model)


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
    if observed.waits(model):
        return _while_it_waits(observed, model)
    if model in observed.local and observed.local[model] != observed.fingerprints[model]:
        return _removal(observed, model)  # made for another golden file or batch size: never changed in place
    if model not in observed.local:
        return Action(Step.PULL, model)
    if observed.index is not None and not observed.loaded(model):
        return Action(Step.LOAD, model) if _may_load(observed, model) else None
    return Action(Step.PROVE, model) if observed.loaded(model) and not track.proven else None


def _while_it_waits(observed: Observed, model: str) -> Action | None:
    """What failed is not left loaded; a load that nobody waited for any more, and that ended well, is proven."""
    failure = observed.track(model).failure
    if failure is None or failure.reason not in _UNSERVABLE or not observed.loaded(model):
        return None
    late = failure.reason is Reason.TIMED_OUT and failure.step is Step.LOAD
    return Action(Step.PROVE if late else Step.UNLOAD, model)


def _may_load(observed: Observed, model: str) -> bool:
    """Read from the top: champions first, what is on trial elsewhere not yet, suspects one by one when all is quiet."""
    if observed.desired[model].required:
        return True
    champions = [name for name, entry in observed.desired.items() if entry.required]
    if observed.awaits_trial(model) or not all(observed.settled(name) for name in champions):
        return False
    if not observed.suspected(model):
        return True
    others = set(observed.desired) - {model}
    suspects = sorted(name for name in others if observed.suspected(name) and not observed.waits(name))
    quiet = all(observed.settled(name) or observed.awaits_trial(name) for name in others - set(suspects))
    return quiet and all(model < name and not observed.track(name).running for name in suspects)


def _removal(observed: Observed, model: str) -> Action | None:
    track = observed.track(model)
    waiting = track.failure is not None and observed.now < track.failure.retry_at
    lingers = model not in observed.desired and observed.now < track.lingers_until
    if track.running or waiting or lingers or _moving(observed, model):
        return None
    if observed.loaded(model):
        return Action(Step.UNLOAD, model)
    return Action(Step.DELETE, model) if model in observed.local else None


def _moving(observed: Observed, model: str) -> bool:
    return observed.index is not None and observed.index.get(model) in _MOVING
