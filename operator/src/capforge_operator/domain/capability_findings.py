"""The conditions of a capability: what is known about each, and why."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding
from capforge_operator.domain.inputs import InputProblem

READY = "Ready"
MODEL_SERVING = "ModelServing"
ROLLOUT_BLOCKED = "RolloutBlocked"
RECONCILING = "Reconciling"
STALLED = "Stalled"
LOAD_FAILED = "LoadFailed"
LOADING = "Loading"
ARTIFACTS_MISSING = "ArtifactsMissing"


@dataclass(frozen=True)
class Standing:
    """The few facts that all conditions follow from."""

    missing: tuple[str, ...] = ()
    """What the namespace lacks."""
    pinned: str | None = None
    published: tuple[str, ...] = ()
    """All version numbers, newest first."""
    newest: str | None = None
    target: str | None = None
    """Should answer."""
    current: str | None = None
    """The gateways send requests to it."""
    answers: bool = False
    """At least one pod has the current version ready."""
    load_failure: str | None = None
    """Why the target does not load."""
    lost: tuple[str, ...] = ()
    """Versions that should be served and cannot be: their model card is not in the object store. Newest first."""
    has_pods: bool = True
    active_runs: tuple[str, ...] = ()
    collecting: str = ""
    """Of a field extractor: how far the annotation is, such as `17 of 20 documents are annotated`."""
    held: str = ""
    """Why the newest model was kept back."""
    held_reason: str = ""
    input: InputProblem | None = None
    """Of what has an inputFrom: why no entities can come from there."""

    @property
    def spec_problem(self) -> tuple[str, str] | None:
        """What only a person can put right: reason and message."""
        if self.missing:
            lacks = ", ".join(self.missing)
            return "NamespaceNotPrepared", f"The namespace lacks {lacks}; install the chart capforge-tenant in it."
        if self.pinned and self.pinned not in self.published:
            known = ", ".join(self.published[:10]) or "none"
            return "InvalidSpec", f"rollout.pinnedVersion {self.pinned} does not exist; published versions: {known}."
        if self.pinned and self.target is None:
            return (
                "InvalidSpec",
                f"rollout.pinnedVersion {self.pinned} was trained for other outputs than the capability has now.",
            )
        return None

    @property
    def kept_back(self) -> tuple[str, str] | None:
        """Why a newer model does not answer though nothing is broken: reason and message."""
        if self.pinned and self.target == self.pinned != self.newest:
            return "Pinned", f"Version {self.newest} waits: rollout.pinnedVersion is {self.pinned}."
        return (self.held_reason, self.held) if self.held else None

    @property
    def waits_for_model(self) -> bool:
        """Nothing that was published can be served: a run must come first."""
        return self.target is None and self.current is None

    @property
    def is_converged(self) -> bool:
        """What should answer answers, or nothing can."""
        return self.waits_for_model or (self.answers and self.current == self.target)

    @property
    def loads_its_first(self) -> bool:
        """No version has answered yet, and nothing is wrong with the one that is to."""
        return self.current is None and self.target is not None and self.has_pods and not self.load_failure


def findings(standing: Standing) -> list[Finding]:
    """Return all conditions, the summary first."""
    return [
        _ready(standing),
        _model_serving(standing),
        _rollout_blocked(standing),
        _reconciling(standing),
        _stalled(standing),
    ]


def _ready(standing: Standing) -> Finding:
    if standing.spec_problem:
        return Finding(READY, FALSE, *standing.spec_problem)
    if standing.input:
        return Finding(READY, FALSE, standing.input.reason, standing.input.message)
    if standing.waits_for_model:
        reason = "CollectingAnnotations" if standing.collecting else "AwaitingModel"
        return Finding(READY, TRUE, reason, _awaiting(standing))
    if standing.answers:
        return Finding(READY, TRUE, "Serving", f"Version {standing.current} answers.")
    reason = LOADING if standing.loads_its_first else "ServingUnavailable"
    return Finding(READY, FALSE, reason, _unavailable(standing))


def _model_serving(standing: Standing) -> Finding:
    if standing.answers:
        return Finding(MODEL_SERVING, TRUE, "Serving", f"Version {standing.current} answers.")
    if standing.waits_for_model:
        return Finding(MODEL_SERVING, FALSE, "NoModel", _awaiting(standing))
    reason = LOAD_FAILED if standing.load_failure else LOADING
    return Finding(MODEL_SERVING, FALSE, reason, _unavailable(standing))


def _rollout_blocked(standing: Standing) -> Finding:
    if standing.load_failure:
        message = f"Version {standing.target} does not load: {standing.load_failure}"
        return Finding(ROLLOUT_BLOCKED, TRUE, LOAD_FAILED, message)
    if standing.lost:
        return Finding(ROLLOUT_BLOCKED, TRUE, ARTIFACTS_MISSING, _lost(standing))
    if standing.kept_back:
        return Finding(ROLLOUT_BLOCKED, TRUE, *standing.kept_back)
    if standing.spec_problem:
        return Finding(ROLLOUT_BLOCKED, UNKNOWN, *standing.spec_problem)
    if standing.is_converged:
        return Finding(ROLLOUT_BLOCKED, FALSE, "Passed", "No version waits.")
    return Finding(ROLLOUT_BLOCKED, UNKNOWN, LOADING, f"Version {standing.target} is being loaded.")


def _reconciling(standing: Standing) -> Finding:
    if standing.input and standing.input.awaited and not standing.spec_problem:
        return Finding(RECONCILING, TRUE, standing.input.reason, standing.input.message)
    if standing.spec_problem or standing.is_converged:
        return Finding(RECONCILING, FALSE, "Converged", "Nothing is under way.")
    if standing.load_failure and standing.answers:
        return Finding(RECONCILING, FALSE, LOAD_FAILED, f"Version {standing.current} answers meanwhile.")
    return Finding(RECONCILING, TRUE, LOADING, f"Version {standing.target} is being loaded.")


def _stalled(standing: Standing) -> Finding:
    if standing.spec_problem:
        return Finding(STALLED, TRUE, *standing.spec_problem)
    if standing.input and not standing.input.awaited:
        return Finding(STALLED, TRUE, standing.input.reason, standing.input.message)
    if standing.load_failure and not standing.answers:
        return Finding(STALLED, TRUE, LOAD_FAILED, standing.load_failure)
    return Finding(STALLED, FALSE, "Converging", "Nothing stands in the way.")


def _awaiting(standing: Standing) -> str:
    if standing.collecting:
        runs = f"; active training runs: {', '.join(standing.active_runs)}" if standing.active_runs else ""
        return f"No model yet, predictions answer with candidates: {standing.collecting}{runs}."
    if standing.active_runs:
        return f"No model yet; active training runs: {', '.join(standing.active_runs)}."
    if standing.lost:
        return _lost(standing)
    if standing.published:
        return "No version fits the capability's outputs; make a TrainingRun."
    return "No model yet; make a TrainingRun."


def _lost(standing: Standing) -> str:
    names = ", ".join(standing.lost)
    return f"The model card of version {names} is not in the object store: restore it, or make a TrainingRun."


def _unavailable(standing: Standing) -> str:
    if standing.load_failure:
        return f"Version {standing.target} does not load: {standing.load_failure}"
    if not standing.has_pods:
        return "There is no serving pod."
    return f"Version {standing.current or standing.target} is being loaded."
