"""Observed → the pod's report. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from capforge_agent.failures import Reason
from capforge_agent.plan import Observed
from capforge_agent.steps import Step
from capforge_contracts.serving import LoadState, ModelState, PodState

_RUNNING = {
    Step.PULL: LoadState.PULLING,
    Step.LOAD: LoadState.LOADING,
    Step.PROVE: LoadState.PROVING,
    Step.UNLOAD: LoadState.UNLOADING,
    Step.DELETE: LoadState.UNLOADING,
}


def pod_state(
    observed: Observed, pool: str, generation: int, server_version: str, refused: Mapping[str, str]
) -> PodState:
    """Return `GET /state`; `refused` holds the message of each desired entry that was not accepted.

    Ready: Triton is live and every required model is loaded and proven. A refused entry is reported as InvalidModel
    and holds nothing up.
    """
    models = {name: model_state(observed, name) for name in observed.desired}
    for name in sorted(set(observed.local) - set(observed.desired)):
        models[name] = ModelState(model=name, state=LoadState.UNLOADING)
    for name, message in refused.items():
        models[name] = _failed(name, Reason.INVALID_MODEL, message)
    required = [name for name, model in observed.desired.items() if model.required]
    ready = observed.index is not None and all(models[name].state is LoadState.READY for name in required)
    return PodState(
        pool=pool,
        generation=generation,
        server_version=server_version,
        ready=ready,
        models=[models[name] for name in sorted(models)],
    )


def model_state(observed: Observed, model: str) -> ModelState:
    """Return how far one desired model has come. A failure stays in sight while it is tried again: no flapping."""
    track = observed.track(model)
    if track.failure:
        return _failed(model, track.failure.reason, track.failure.message)
    if observed.index is None and model in observed.local:
        return ModelState(
            model=model,
            state=LoadState.PENDING,
            reason=Reason.SERVER_UNAVAILABLE,
            message="Triton does not answer; the model is loaded again when it does",
        )
    if track.running:
        return ModelState(model=model, state=_RUNNING[track.running])
    usable = observed.local.get(model) == observed.fingerprints.get(model)
    if usable and observed.loaded(model) and track.proven:
        return ModelState(model=model, state=LoadState.READY)
    if observed.awaits_trial(model):
        words = f"pod {observed.desired[model].trial_pod} loads and proves it first"
        return ModelState(model=model, state=LoadState.PENDING, reason=Reason.AWAITING_TRIAL, message=words)
    return ModelState(model=model, state=LoadState.PENDING)


def _failed(model: str, reason: Reason, message: str) -> ModelState:
    return ModelState(model=model, state=LoadState.FAILED, reason=reason, message=message)
