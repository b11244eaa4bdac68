"""The loop that makes the pod serve what is desired."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from capforge_agent.desired import Desired, DesiredError
from capforge_agent.failures import ModelFailedError, Reason, RetryTimes, ServerAwayError, failure_after
from capforge_agent.intake import Intake
from capforge_agent.metrics import Metrics
from capforge_agent.plan import UNKNOWN, Observed, Track, plan
from capforge_agent.repository import ModelRepository
from capforge_agent.states import pod_state
from capforge_agent.stepping import Stepper
from capforge_agent.steps import Action, Step
from capforge_agent.triton import RefusedError, TritonServer
from capforge_contracts.serving import DesiredModel, PodState

_TURN_SECONDS = 1.0
_WORKERS = 4
"""Models worked on at once: a slow pull must not hold up another model's load."""
_STALE_AFTER_SECONDS = 60.0

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Looked:
    """What the last turn saw outside this process."""

    local: dict[str, str]
    index: dict[str, str] | None = None
    server_version: str = ""


class Convergence:
    """Observe → plan → act, until stopped.

    - At most one step per model at a time; one model's step never waits for another's.
    - A model that Triton does not show as READY is not proven any more, so a restart loads and proves all again.
    - A failure is remembered until its step succeeds or the entry changes. A server that goes away under a model's load
      or golden request counts as one: a model that brings Triton down is tried less and less often.
    """

    def __init__(
        self,
        pool: str,
        intake: Intake,
        repository: ModelRepository,
        server: TritonServer,
        stepper: Stepper,
        metrics: Metrics,
        times: RetryTimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._intake = pool, intake
        self._repository, self._server, self._stepper = repository, server, stepper
        self._metrics, self._times, self._clock = metrics, times, clock
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="step")
        self._tracks: dict[str, Track] = {}
        self._looked = _Looked({})
        self._last_turn = clock()
        self._turned = False

    def accept(self, data: bytes) -> None:
        """Take a document if it is newer than the current one; raises DesiredError."""
        with self._lock:
            before = self._desired
            desired = self._intake.offer(data)
            if desired is None:
                return
            self._tracks = {name: self._carried(track, before, name) for name, track in self._tracks.items()}
        _log.info("desired", generation=desired.generation, models=len(desired.models), refused=dict(desired.refused))
        self._wake.set()

    def state(self) -> PodState:
        """Return the pod's report."""
        with self._lock:
            observed, desired = self._observed(), self._desired
        return pod_state(observed, self._pool, desired.generation, self._looked.server_version, desired.refused)

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

    def turn(self) -> None:
        """Look, plan and start what is due."""
        self._offer(self._intake.changed_file(), "file")
        looked = self._look()
        with self._lock:
            self._looked = looked
            self._tracks = {
                name: self._seen(name, track) for name, track in self._tracks.items() if self._matters(name)
            }
            actions = [(action, self._desired.models.get(action.model)) for action in plan(self._observed())]
            for action, _ in actions:
                self._change(action.model, running=action.step)
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
            fingerprints={name: self._repository.fingerprint(model) for name, model in self._desired.models.items()},
            local=self._looked.local,
            index=self._looked.index,
            now=self._clock(),
            tracks=self._tracks,
        )

    def _seen(self, model: str, track: Track) -> Track:
        served = self._looked.index is not None and self._looked.index.get(model) == "READY"
        return track if served or not track.proven else replace(track, proven=False)

    def _matters(self, model: str) -> bool:
        known = model in self._desired.models or model in self._looked.local
        return known or self._tracks[model].running is not None

    def _carried(self, track: Track, before: Desired, model: str) -> Track:
        """Forget a failure when what is asked for has changed."""
        old, new = before.models.get(model), self._desired.models.get(model)
        same = old and new and self._repository.fingerprint(old) == self._repository.fingerprint(new)
        return track if same else replace(track, failure=None)

    def _change(self, model: str, **changes: object) -> None:
        self._tracks[model] = replace(self._tracks.get(model, UNKNOWN), **changes)  # type: ignore[arg-type]

    def _do(self, action: Action, entry: DesiredModel | None) -> None:
        """Run in a worker thread; whatever happens, the model is free again afterwards."""
        started = self._clock()
        try:
            self._stepper.do(action, entry)
        except ServerAwayError as error:
            lost = ModelFailedError(Reason.SERVER_UNAVAILABLE, f"Triton went away during {action.step}: {error}")
            self._failed(action, entry, started, lost)
        except ModelFailedError as error:
            self._failed(action, entry, started, error)
        except Exception as error:  # noqa: BLE001 - the worker loop: one model's surprise must not stop the others
            _log.exception("step broke", step=action.step, model=action.model)
            surprise = ModelFailedError(Reason.LOAD_FAILED, f"{type(error).__name__}: {error}")
            self._failed(action, entry, started, surprise)
        else:
            self._succeeded(action, started)
        finally:
            self._wake.set()

    def _succeeded(self, action: Action, started: float) -> None:
        with self._lock:
            failure = self._tracks[action.model].failure
            healed = failure is not None and (action.step in {failure.step, Step.PROVE})
            self._change(
                action.model,
                running=None,
                proven=action.step is Step.PROVE,
                failure=None if healed else failure,
            )
            self._look_again(action)
        self._finished(action, started, "done")

    def _look_again(self, action: Action) -> None:
        """Keep the report true between this step and the next turn."""
        if action.step in {Step.PULL, Step.DELETE}:
            self._looked = replace(self._looked, local=self._repository.local())
        elif action.step is not Step.PROVE and self._looked.index is not None:
            state = "READY" if action.step is Step.LOAD else "UNAVAILABLE"
            self._looked = replace(self._looked, index={**self._looked.index, action.model: state})

    def _failed(self, action: Action, entry: DesiredModel | None, started: float, error: ModelFailedError) -> None:
        with self._lock:
            if self._desired.models.get(action.model) == entry:  # else it says nothing about what is asked for now
                previous = self._tracks[action.model].failure
                failure = failure_after(previous, error, action.step, self._clock(), self._times)
                self._change(action.model, failure=failure)
        self._finished(action, started, error.reason, error=error.message)

    def _finished(self, action: Action, started: float, outcome: str, **details: str) -> None:
        with self._lock:
            if action.model in self._tracks:
                self._change(action.model, running=None)
        seconds = self._clock() - started
        self._metrics.stepped(action.step, outcome, seconds)
        log = _log.info if outcome == "done" else _log.warning
        log("step", step=action.step, model=action.model, outcome=outcome, seconds=round(seconds, 3), **details)
