"""The run contract from end to end: run.json in; model, golden request, metrics and, last, the card out."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import structlog
import torch
from pydantic import ValidationError

from capforge_contracts import logs
from capforge_contracts.run import RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.attempt import Attempt, claim, succeeded
from capforge_trainer.config import Parameters
from capforge_trainer.errors import BadConfigurationError
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.device import choose_device
from capforge_trainer.fit.processes import joined
from capforge_trainer.fit.watch import Watch
from capforge_trainer.machine import usable_cores
from capforge_trainer.memory import advising
from capforge_trainer.patience import PatientStore
from capforge_trainer.strategies import strategy_for
from capforge_trainer.strategy import Work
from capforge_trainer.surroundings import Surroundings
from capforge_trainer.templates import TEMPLATES, Template

_LOG = structlog.get_logger(__name__)


def read_spec(store: ObjectStore, key: str) -> RunSpec:
    """Return the run at this key; raises BadConfigurationError naming what is wrong, StoreError."""
    try:
        return RunSpec.from_json(store.get(key))
    except NotFound as error:
        raise BadConfigurationError(f"there is no run {key} in {store.uri}") from error
    except ValidationError as error:
        raise BadConfigurationError(f"{key}: {_faults(error)}") from error


def parse_parameters(spec: RunSpec) -> Parameters:
    """Return the template's parameters; raises BadConfigurationError naming each that is wrong."""
    template = TEMPLATES.get(spec.template)
    if template is None:
        raise BadConfigurationError(f"template {spec.template!r} is unknown; known: {', '.join(sorted(TEMPLATES))}")
    if spec.capability_type not in template.capability_types:
        known = ", ".join(template.capability_types)
        raise BadConfigurationError(f"template {spec.template} trains {known}, not {spec.capability_type}")
    return checked_parameters(template, spec.parameters)


def checked_parameters(template: Template, parameters: dict[str, Any]) -> Parameters:
    """Return the parameters of a template; raises BadConfigurationError naming each that is wrong."""
    try:
        return template.parameters.model_validate(parameters)
    except ValidationError as error:
        raise BadConfigurationError(f"parameters: {_faults(error)}") from error


def run(spec: RunSpec, around: Surroundings) -> int:
    """Make one attempt at a run; return the number of the attempt that succeeded. Raises TrainerError, StoreError."""
    logs.bind(namespace=spec.namespace, capability=spec.capability, run=spec.run, run_digest=spec.digest)
    patient = PatientStore(around.store, around.stopping, around.patience_seconds)
    done = succeeded(patient, spec)
    if done is not None:
        _LOG.info("run has succeeded already", attempt=done)
        # Killed after its card, an attempt has left what nobody needs any more.
        Checkpoints(patient, spec.namespace, spec.digest, done).clear()
        return done
    parameters = parse_parameters(spec)
    device = choose_device(spec.gpus)
    torch.set_num_threads(usable_cores())
    cv2.setNumThreads(1)  # the loader's threads are the parallelism
    with joined(device) as processes, TemporaryDirectory(prefix="capforge-events-") as events:
        number = 0
        if processes.leads:
            number = claim(patient, spec).number
        number = int(processes.agreed(number, device=device)[0])
        logs.bind(attempt=number)
        attempt = Attempt(patient, spec.namespace, spec.digest, number)
        watch = Watch(around.store, attempt.key, number, Path(events), around.listener, writes=processes.leads)
        try:
            with advising(parameters):
                strategy_for(Work(spec, around, attempt, watch, device, processes), parameters).make()
        finally:
            watch.close()
    return number


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
