"""The loop that makes the pod serve what is desired."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from capforge_agent.desired import Desired, DesiredError
from capforge_agent.failures import ModelFailedError, Reason, ServerAwayError, ServerSlowError
from capforge_agent.intake import Intake
from capforge_agent.metrics import Metrics
from capforge_agent.plan import Observed, plan
from capforge_agent.repository import ModelRepository
from capforge_agent.states import pod_state
from capforge_agent.stepping import Stepper
from capforge_agent.steps import Action, Step
from capforge_agent.tracks import Tracks
from capforge_agent.triton import RefusedError, TritonServer
from capforge_contracts.serving import DesiredModel, PodState

_TURN_SECONDS = 1.0
_WORKERS = 4
"""Models worked on at once: a slow pull must not hold up another model's load."""
_STALE_AFTER_SECONDS = 60.0

_TRYING = {Step.LOAD, Step.PROVE}
_log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """Where this agent is."""

    pool: str
    pod: str
    """The pod's name: what is on trial elsewhere is not loaded here."""


@dataclass(frozen=True)
class _Looked:
    """What the last turn saw outside this process."""

    local: dict[str, str]
    index: dict[str, str] | None = None
    server_version: str = ""


class Convergence:
    """Observe → plan → act, until stopped.

    - At most one step per model at a time; one model's step never waits for another's.
    - What is remembered of a model, and for how long: Tracks. What is done next: plan.
    - A server that goes away under a model's load or golden request is held against that model.
    """

    def __init__(
        self,
        place: Place,
        intake: Intake,
        repository: ModelRepository,
        server: TritonServer,
        stepper: Stepper,
        metrics: Metrics,
        tracks: Tracks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._intake = place, intake
        self._repository, self._server, self._stepper = repository, server, stepper
        self._metrics, self._tracks, self._clock = metrics, tracks, clock
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="step")
        self._looked = _Looked({})
        self._last_turn = clock()
        self._turned = False
        self._ended = 0
        """Steps so far."""

    def accept(self, data: bytes) -> None:
        """Take a document if it is newer than the current one; raises DesiredError."""
        with self._lock:
            before = self._desired
            desired = self._intake.offer(data)
            if desired is None:
                return
            old, new = self._fingerprints(before), self._fingerprints(desired)
            self._tracks.take_over(desired.models, new, {name for name in old.keys() & new if old[name] == new[name]})
        _log.info("desired", generation=desired.generation, models=len(desired.models), refused=dict(desired.refused))
        self._wake.set()

    def state(self) -> PodState:
        """Return the pod's report."""
        with self._lock:
            observed, desired = self._observed(), self._desired
        return pod_state(observed, self._place.pool, desired.generation, self._looked.server_version, desired.refused)

    @property
    def desired(self) -> Mapping[str, DesiredModel]:
        """Return the entries of the current document by model name."""
        return self._desired.models

    @property
    def ready(self) -> bool:
        """The pod may be sent requests: it has looked at least once, and every required model is served."""
        return self._turned and self.state().ready

    @property
    def alive(self) -> bool:
        """The loop has turned lately."""
        return self._clock() - self._last_turn < _STALE_AFTER_SECONDS

    def run(self) -> None:
        """Turn until stopped: at once when something happened, else every second."""
        self._offer(self._intake.recalled(), "remembered")
        while not self._stopped.is_set():
            self._wake.clear()
            try:
                self.turn()
            except Exception:  # noqa: BLE001 - /healthz turns bad when no turn succeeds for a minute
                _log.exception("turn broke")
            self._wake.wait(_TURN_SECONDS)

    def stop(self) -> None:
        """End the loop after the current turn; steps under way are safe to abandon."""
        self._stopped.set()
        self._wake.set()
        self._workers.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._tracks.close()

    def turn(self) -> None:
        """Look, plan and start what is due. A look that a step's end overtook is dropped: that end wakes the next."""
        self._offer(self._intake.changed_file(), "file")
        ended = self._ended
        looked = self._look()
        with self._lock:
            if self._ended != ended:
                return
            self._looked = looked
            self._tracks.seen(looked.index, self._matters)
            actions = [(action, self._desired.models.get(action.model)) for action in plan(self._observed())]
            for action, entry in actions:
                self._tracks.started(action, self._fingerprint(entry))
        for action, entry in actions:
            self._workers.submit(self._do, action, entry)
        self._last_turn, self._turned = self._clock(), True

    @property
    def _desired(self) -> Desired:
        return self._intake.current

    def _offer(self, data: bytes | None, source: str) -> None:
        if data is None:
            return
        try:
            self.accept(data)
        except DesiredError as error:
            self._metrics.documents_refused.inc()
            _log.error("desired document refused", source=source, error=str(error))

    def _look(self) -> _Looked:
        local = self._repository.local()
        try:
            index = self._server.index()
            version = self._looked.server_version if self._looked.index is not None else self._server.version()
        except (ServerAwayError, RefusedError) as error:
            if self._looked.index is not None or not self._turned:
                _log.warning("triton is away", error=str(error))
            return _Looked(local)
        if self._looked.index is None:
            _log.info("triton is live", version=version)
        return _Looked(local, index, version)

    def _observed(self) -> Observed:
        return Observed(
            desired=self._desired.models,
            fingerprints=self._fingerprints(self._desired),
            local=self._looked.local,
            index=self._looked.index,
            now=self._clock(),
            tracks=dict(self._tracks.all),
            pod=self._place.pod,
        )

    def _matters(self, model: str) -> bool:
        return model in self._desired.models or model in self._looked.local

    def _fingerprints(self, desired: Desired) -> dict[str, str]:
        return {name: self._repository.fingerprint(model) for name, model in desired.models.items()}

    def _fingerprint(self, entry: DesiredModel | None) -> str:
        return self._repository.fingerprint(entry) if entry else ""

    def _do(self, action: Action, entry: DesiredModel | None) -> None:
        """Run in a worker thread; whatever happens, the model is free again afterwards."""
        started = self._clock()
        try:
            self._stepper.do(action, entry)
        except ServerAwayError as error:
            self._failed(action, entry, started, _blamed(action, error))
        except ModelFailedError as error:
            self._failed(action, entry, started, error)
        except Exception as error:  # noqa: BLE001 - the worker loop: one model's surprise must not stop the others
            _log.exception("step broke", step=action.step, model=action.model)
            surprise = ModelFailedError(Reason.LOAD_FAILED, f"{type(error).__name__}: {error}")
            self._failed(action, entry, started, surprise)
        else:
            self._succeeded(action, entry, started)
        finally:
            with self._lock:
                self._tracks.freed(action.model)
                self._ended += 1
            self._wake.set()

    def _succeeded(self, action: Action, entry: DesiredModel | None, started: float) -> None:
        self._tell(action, entry, started, "done")
        with self._lock:
            self._tracks.succeeded(action, self._fingerprint(entry))
            self._look_again(action)

    def _look_again(self, action: Action) -> None:
        """Keep the report true between this step and the next turn."""
        if action.step in {Step.PULL, Step.DELETE}:
            self._looked = replace(self._looked, local=self._repository.local())
        elif action.step is not Step.PROVE and self._looked.index is not None:
            state = "READY" if action.step is Step.LOAD else "UNAVAILABLE"
            self._looked = replace(self._looked, index={**self._looked.index, action.model: state})

    def _failed(self, action: Action, entry: DesiredModel | None, started: float, error: ModelFailedError) -> None:
        self._tell(action, entry, started, error.reason, error=error.message)
        with self._lock:
            self._tracks.failed(action, entry, error, current=self._asks_the_same(entry, action.model))

    def _tell(self, action: Action, entry: DesiredModel | None, started: float, outcome: str, **details: str) -> None:
        """Log and count a step; before its outcome is in the report, so whoever reads that finds this."""
        seconds = self._clock() - started
        self._metrics.stepped(action.step, outcome, seconds)
        if entry is not None:
            details |= {"namespace": entry.namespace, "capability": entry.capability, "version": entry.version}
        if action.step is Step.LOAD and outcome == "done":
            self._metrics.loaded(action.model, seconds)
        log = _log.info if outcome == "done" else _log.warning
        log("step", step=action.step, model=action.model, outcome=outcome, seconds=round(seconds, 3), **details)

    def _asks_the_same(self, entry: DesiredModel | None, model: str) -> bool:
        now = self._desired.models.get(model)
        return self._fingerprint(now) == self._fingerprint(entry)


def _blamed(action: Action, error: ServerAwayError) -> ModelFailedError:
    """Say what it means for a model that Triton did not answer during a step on it."""
    if action.step not in _TRYING:
        return ModelFailedError(Reason.SERVER_UNAVAILABLE, f"Triton went away during {action.step}: {error}")
    if isinstance(error, ServerSlowError):
        return ModelFailedError(Reason.TIMED_OUT, f"{action.step} did not end: {error}")
    return ModelFailedError(Reason.CRASHED, f"Triton went away during {action.step}: {error}")
