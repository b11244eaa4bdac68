"""From what is known about a training run to what happens next: read `plan` from the top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from capforge_contracts.run import Phase, RunResult
from capforge_operator import labels
from capforge_operator.api.training_run import Stop, TrainingRunStatus
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, settle
from capforge_operator.domain.notifications import as_the_run_ends
from capforge_operator.domain.run_conditions import SUCCEEDED, Standing, all_reasons, findings
from capforge_operator.domain.run_facts import facts
from capforge_operator.domain.run_view import RunPlan, RunView
from capforge_operator.domain.starting import IMAGE_PULL_FAILED, UNSCHEDULABLE, Hindrance, cannot_start
from capforge_operator.domain.termination import Failure, explain
from capforge_operator.ports import JobOutcome

UNPREPARED_SECONDS = 30.0
"""Nothing rings when a namespace gets prepared."""
_DELETING_SECONDS = 5.0
_PHASES = {
    Phase.PREPARING: ("Training", "the data is being prepared"),
    Phase.TRAINING: ("Training", "the model is being trained"),
    Phase.EXPORTING: ("Exporting", "the model is being exported and compared with its ONNX form"),
    Phase.EVALUATING: ("Evaluating", "the served form is being measured"),
    Phase.DONE: ("Evaluating", "the results are being written"),
}
_SUSPENDED = Standing(UNKNOWN, "Suspended", "suspend is true: the run goes on from its checkpoint later")
_WAYS_OUT = {
    UNSCHEDULABLE: "It starts by itself when a node fits; else cancel it (stop: Cancel) and make another run with"
    " smaller spec.resources (gpu, memory, cpu), or a nodeSelector and tolerations that fit."
}
_AWAITED = frozenset({"DatasetNotLocked", "UnknownCapability"})
"""Violations that others mend: the run goes on as soon as they do."""

Step = Callable[[RunView], RunPlan | None]


def plan(view: RunView) -> RunPlan:
    """Take the first step that has something to say."""
    for step in STEPS:
        decided = step(view)
        if decided is not None:
            return decided
    raise AssertionError("the last step always decides")


def _stay_ended(view: RunView) -> RunPlan | None:
    """A run that has ended never starts again; only its version number is still to come."""
    if not view.ended:
        return None
    before = view.run.status.condition(SUCCEEDED)
    if before is None:
        return None
    return _plan(view, Standing(before.status, before.reason, before.message), over=True)


def _take_result(view: RunView) -> RunPlan | None:
    """The result of this digest stands: this run's own, or that of an equal one."""
    if view.result is None:
        return None
    own = view.job is not None or view.run.status.start_time is not None
    done = Standing(TRUE, "Completed", "the model is trained, exported and evaluated")
    attached = Standing(TRUE, "Attached", "an equal run had succeeded before; its result is taken")
    return _plan(view, done if own else attached, over=True, did="Completed" if own else "Attached")


def _record_result(view: RunView) -> RunPlan | None:
    """An attempt has succeeded: say that it counts; the status follows from the result."""
    if view.finished is None:
        return None
    finished = view.finished
    if not finished.card.parity.passed:
        return _fail(view, Failure("ParityFailed", "the ONNX form does not compute what the trained model computes"))
    result = RunResult(
        attempt=finished.attempt, model_sha256=finished.card.model_sha256, card_sha256=finished.card_sha256
    )
    decided = _take_result(replace(view, result=result))
    return replace(decided, result=result) if decided else None


def _refuse_card(view: RunView) -> RunPlan | None:
    """A trainer (a team's own, ours writes no such card) says that it succeeded, in words that nobody can read."""
    if not view.card_fault:
        return None
    message = f"the trainer image broke the run contract: model-card.json: {view.card_fault}"
    return replace(_fail(view, Failure("BadConfiguration", message)), delete_job=view.job)


def _cancel(view: RunView) -> RunPlan | None:
    """A person ended the run."""
    if view.run.spec.stop is not Stop.CANCEL:
        return None
    failure = Failure("Cancelled", "stop is Cancel: the run was ended without a model")
    return replace(_fail(view, failure), delete_job=view.job)


def _refuse(view: RunView) -> RunPlan | None:
    """The checks say no. They are made again when what they looked at changes, so the run has not ended."""
    if not view.violations:
        return None
    waits = all(one.reason in _AWAITED for one in view.violations)
    return _plan(view, Standing(FALSE, view.violations[0].reason, all_reasons(view.violations), ongoing=waits))


def _await_tenant(view: RunView) -> RunPlan | None:
    if not view.missing:
        return None
    message = f"the namespace lacks {', '.join(view.missing)}; prepare it with the chart capforge-tenant"
    standing = Standing(UNKNOWN, "NamespaceNotPrepared", message, ongoing=True)
    return _plan(view, standing, again=UNPREPARED_SECONDS)


def _start(view: RunView) -> RunPlan | None:
    if view.job is not None or view.accepted is None:
        return None
    standing = _SUSPENDED if view.run.spec.suspend else _pending()
    return replace(_plan(view, standing, again=view.poll_seconds), start=view.accepted.spec)


def _judge_end(view: RunView) -> RunPlan | None:
    """The Job ended and left no model card."""
    if view.job is None or view.job.outcome not in {JobOutcome.COMPLETE, JobOutcome.FAILED}:
        return None
    if view.job.deleting:
        return None
    return _fail(view, explain(view.job, view.pods))


def _mirror_suspend(view: RunView) -> RunPlan | None:
    """Hold or continue the Job as the spec says; a queue (Kueue) alone lets its Jobs go."""
    job, wanted = view.job, view.run.spec.suspend
    if job is None or job.deleting:
        return None
    queued = labels.KUEUE_QUEUE in job.labels
    change = wanted if job.suspended != wanted and (wanted or not queued) else None
    if wanted:
        return replace(_plan(view, _SUSPENDED), suspend=change)
    if job.suspended and queued:
        return _plan(view, Standing(UNKNOWN, "Queued", "the queue has not let the Job start yet", ongoing=True))
    return None if change is None else replace(_plan(view, _pending(), again=view.poll_seconds), suspend=change)


def _watch(view: RunView) -> RunPlan:
    """The Job is active: say what it does."""
    hindrance = cannot_start(view.job, view.pods, view.now)
    if hindrance is not None and _out_of_patience(view, hindrance):
        message = f"the image cannot be pulled: {hindrance.message}; check the image's name and the pull secrets"
        return replace(_fail(view, Failure(IMAGE_PULL_FAILED, message)), delete_job=view.job)
    deleting = view.job is not None and view.job.deleting
    seconds = _DELETING_SECONDS if deleting else view.poll_seconds
    return _plan(view, _activity(view, hindrance), again=seconds)


def _activity(view: RunView, hindrance: Hindrance | None) -> Standing:
    if hindrance is not None:
        reason = "Pending" if hindrance.reason == IMAGE_PULL_FAILED else hindrance.reason  # fails after a while
        way_out = _WAYS_OUT.get(reason)
        message = f"{hindrance.message.rstrip('. ')}. {way_out}" if way_out else hindrance.message
        return Standing(UNKNOWN, reason, message, ongoing=True)
    running = any(pod.phase == "Running" for pod in view.pods)
    if not running or view.progress is None:
        return _pending()
    reason, message = _PHASES[view.progress.phase]
    return Standing(UNKNOWN, reason, message, ongoing=True)


def _pending() -> Standing:
    return Standing(UNKNOWN, "Pending", "the training pod is starting", ongoing=True)


def _out_of_patience(view: RunView, hindrance: Hindrance) -> bool:
    if hindrance.reason != IMAGE_PULL_FAILED or hindrance.since is None:
        return False
    return (view.now - hindrance.since).total_seconds() > view.image_pull_patience_seconds


def _fail(view: RunView, failure: Failure) -> RunPlan:
    standing = Standing(FALSE, failure.reason, failure.message)
    return _plan(view, standing, over=True, failure=failure, did="Failed")


def _plan(
    view: RunView,
    standing: Standing,
    *,
    over: bool = False,
    failure: Failure | None = None,
    again: float | None = None,
    did: str = "",
) -> RunPlan:
    return RunPlan(_status(view, standing, over=over, failure=failure), after_seconds=again, did=did)


def _status(view: RunView, standing: Standing, *, over: bool, failure: Failure | None) -> TrainingRunStatus:
    generation = view.run.metadata.generation
    found = [*findings(view, standing), as_the_run_ends(view, standing, over=over)]
    conditions = settle(view.run.status.conditions, found, view.now, generation)
    content = facts(view, over=over, failure=failure)
    return content.model_copy(update={"conditions": conditions, "observed_generation": generation})


STEPS: tuple[Step, ...] = (
    _stay_ended,
    _take_result,
    _record_result,
    _refuse_card,
    _cancel,
    _refuse,
    _await_tenant,
    _start,
    _judge_end,
    _mirror_suspend,
    _watch,
)
