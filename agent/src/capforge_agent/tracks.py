"""What the agent knows of each model between two looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from capforge_agent.failures import Failure, ModelFailedError, Reason, RetryTimes, failure_after
from capforge_agent.memory import Memory
from capforge_agent.plan import READY, UNKNOWN, Track
from capforge_agent.steps import Action, Step
from capforge_contracts.serving import DesiredModel

_UNPROVES = {Step.LOAD, Step.UNLOAD, Step.DELETE}
_WATCHED = {Step.PULL, Step.LOAD, Step.PROVE}
"""Steps whose end is held against the model where everything ends with them."""


class Tracks:
    """One Track per model that matters, and what of it outlives the agent. Not thread-safe: its owner holds a lock.

    - A model that Triton does not show as READY is not proven any more, so a restart of Triton proves all again.
    - A failure is remembered until its step succeeds or the entry changes; a crash until the model is proven.
    """

    def __init__(self, memory: Memory, times: RetryTimes, clock: Callable[[], float]) -> None:
        self._memory, self._times, self._clock = memory, times, clock
        self.all: dict[str, Track] = {}

    def take_over(self, models: Mapping[str, DesiredModel], fingerprints: Mapping[str, str], same: set[str]) -> None:
        """Follow a new document; `same` are the models whose entry asks for the folder that they had before."""
        for model, track in self.all.items():
            if model not in models and track.proven and not track.lingers_until:
                self.all[model] = replace(track, failure=None, lingers_until=self._clock() + self._times.linger_seconds)
                continue
            required = model in models and models[model].required
            if model not in same or (required and track.failure and track.failure.reason is Reason.CRASHED):
                self.all[model] = replace(track, failure=None)
            if model in models:
                self.all[model] = replace(self.all[model], lingers_until=0.0)
        for model in models.keys() - self.all.keys():
            self.all[model] = self._recalled(models[model], fingerprints[model])

    def seen(self, index: Mapping[str, str] | None, matters: Callable[[str], bool]) -> None:
        """Compare with what Triton shows (None: it is away), and forget what does not matter any more."""
        for model, track in list(self.all.items()):
            if track.proven and (index is None or index.get(model) != READY):
                self.all[model] = replace(track, proven=False)
                self._memory.unprove(model)
            if track.running is None and not matters(model):
                del self.all[model]
                self._memory.forget(model)

    def started(self, action: Action, fingerprint: str) -> None:
        """A step begins."""
        self.all[action.model] = replace(self.all.get(action.model, UNKNOWN), running=action.step)
        if action.step in _WATCHED:
            self._memory.begin(action.model, fingerprint, unproves=action.step in _UNPROVES)
        elif action.step in _UNPROVES:
            self._memory.unprove(action.model)

    def succeeded(self, action: Action, fingerprint: str) -> None:
        """A step ended well; it counts as running until `freed`."""
        track = self.all[action.model]
        failure, proven = track.failure, action.step is Step.PROVE
        healed = proven or (failure is not None and failure.heals_by(action.step))
        self.all[action.model] = Track(running=track.running, proven=proven, failure=None if healed else failure)
        if proven:
            self._memory.prove(action.model, fingerprint)
        elif action.step in _WATCHED:
            self._memory.end(action.model)

    def failed(self, action: Action, entry: DesiredModel | None, error: ModelFailedError, *, current: bool) -> None:
        """A step ended badly, and counts as running until `freed`; unless `current`, it says nothing about now."""
        track = self.all[action.model]
        if action.step in _WATCHED:
            (self._memory.crash if error.reason is Reason.CRASHED else self._memory.end)(action.model)
        failure = track.failure
        if current:
            required = entry is not None and entry.required
            failure = failure_after(failure, error, action.step, self._clock(), self._times, required=required)
        self.all[action.model] = replace(track, failure=failure)

    def freed(self, model: str) -> None:
        """Whatever happened, no step runs: only now may another begin."""
        if model in self.all:
            self.all[model] = replace(self.all[model], running=None)

    def close(self) -> None:
        """The agent ends in good order."""
        self._memory.close()

    def _recalled(self, entry: DesiredModel, fingerprint: str) -> Track:
        failure: Failure | None = None
        for _ in range(self._memory.crashes(entry.model, fingerprint)):
            ended = ModelFailedError(Reason.CRASHED, "the server or the agent ended while it was worked on")
            failure = failure_after(failure, ended, Step.LOAD, self._clock(), self._times, required=entry.required)
        return Track(proven=self._memory.is_proven(entry.model, fingerprint), failure=failure)
