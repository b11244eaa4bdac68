"""The conditions of a capability: what is known about each, and why."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding

READY = "Ready"
MODEL_SERVING = "ModelServing"
ROLLOUT_BLOCKED = "RolloutBlocked"
RECONCILING = "Reconciling"
STALLED = "Stalled"
LOAD_FAILED = "LoadFailed"


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
    has_pods: bool = True
    active_runs: tuple[str, ...] = ()

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
    def waits_for_model(self) -> bool:
        """Nothing that was published can be served: a run must come first."""
        return self.target is None and self.current is None

    @property
    def is_converged(self) -> bool:
        """What should answer answers, or nothing can."""
        return self.waits_for_model or (self.answers and self.current == self.target)


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
    if standing.waits_for_model:
        return Finding(READY, TRUE, "AwaitingModel", _awaiting(standing))
    if standing.answers:
        return Finding(READY, TRUE, "Serving", f"Version {standing.current} answers.")
    return Finding(READY, FALSE, "ServingUnavailable", _unavailable(standing))


def _model_serving(standing: Standing) -> Finding:
    if standing.answers:
        return Finding(MODEL_SERVING, TRUE, "Serving", f"Version {standing.current} answers.")
    if standing.waits_for_model:
        return Finding(MODEL_SERVING, FALSE, "NoModel", _awaiting(standing))
    reason = LOAD_FAILED if standing.load_failure else "Loading"
    return Finding(MODEL_SERVING, FALSE, reason, _unavailable(standing))


def _rollout_blocked(standing: Standing) -> Finding:
    if standing.load_failure:
        message = f"Version {standing.target} does not load: {standing.load_failure}"
        return Finding(ROLLOUT_BLOCKED, TRUE, LOAD_FAILED, message)
    if standing.pinned and standing.target == standing.pinned != standing.newest:
        message = f"Version {standing.newest} waits: rollout.pinnedVersion is {standing.pinned}."
        return Finding(ROLLOUT_BLOCKED, TRUE, "Pinned", message)
    if standing.spec_problem:
        return Finding(ROLLOUT_BLOCKED, UNKNOWN, *standing.spec_problem)
    if standing.is_converged:
        return Finding(ROLLOUT_BLOCKED, FALSE, "Passed", "No version waits.")
    return Finding(ROLLOUT_BLOCKED, UNKNOWN, "Loading", f"Version {standing.target} is being loaded.")


def _reconciling(standing: Standing) -> Finding:
    if standing.spec_problem or standing.is_converged:
        return Finding(RECONCILING, FALSE, "Converged", "Nothing is under way.")
    if standing.load_failure and standing.answers:
        return Finding(RECONCILING, FALSE, LOAD_FAILED, f"Version {standing.current} answers meanwhile.")
    return Finding(RECONCILING, TRUE, "Loading", f"Version {standing.target} is being loaded.")


def _stalled(standing: Standing) -> Finding:
    if standing.spec_problem:
        return Finding(STALLED, TRUE, *standing.spec_problem)
    if standing.load_failure and not standing.answers:
        return Finding(STALLED, TRUE, LOAD_FAILED, standing.load_failure)
    return Finding(STALLED, FALSE, "Converging", "Nothing stands in the way.")


def _awaiting(standing: Standing) -> str:
    if standing.active_runs:
        return f"No model yet; active training runs: {', '.join(standing.active_runs)}."
    if standing.published:
        return "No version fits the capability's outputs; make a TrainingRun."
    return "No model yet; make a TrainingRun."


def _unavailable(standing: Standing) -> str:
    if standing.load_failure:
        return f"Version {standing.target} does not load: {standing.load_failure}"
    if not standing.has_pods:
        return "There is no serving pod."
    return f"Version {standing.current or standing.target} is being loaded."
