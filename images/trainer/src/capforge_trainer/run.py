"""The run contract from end to end: run.json in; model, golden request, metrics and, last, the card out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import structlog
import torch
from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.run import ModelCard, Phase, RunSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.attempt import Attempt, claim, succeeded
from capforge_trainer.card import Scores, model_card
from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.augment import Augmentation
from capforge_trainer.data.batches import Batches
from capforge_trainer.data.blobs import Blobs
from capforge_trainer.data.canvases import Canvases
from capforge_trainer.data.input_size import input_size
from capforge_trainer.data.pictures import Pictures
from capforge_trainer.data.selection import Selection, select
from capforge_trainer.errors import BadConfigurationError
from capforge_trainer.evaluate.coco import Found, evaluate
from capforge_trainer.evaluate.during import look
from capforge_trainer.export.artefact import Artefact, export, limits_of
from capforge_trainer.export.session import Session
from capforge_trainer.export.suppression import Limits
from capforge_trainer.fit.checkpoint import Checkpoints
from capforge_trainer.fit.device import choose_device
from capforge_trainer.fit.loop import Fit, FitPlan, Fitted
from capforge_trainer.fit.processes import Processes, joined
from capforge_trainer.fit.watch import Listener, Watch
from capforge_trainer.machine import usable_cores
from capforge_trainer.models.detector import Detector, Shape
from capforge_trainer.stopping import Stopping
from capforge_trainer.templates import TEMPLATES

_LOG = structlog.get_logger(__name__)
_DEFAULT_THRESHOLD = 0.5
"""Where dev says nothing (no object, or nothing found)."""

Exporter = Callable[[Detector, Limits, Canvases], Artefact]


@dataclass(frozen=True)
class Surroundings:
    """What a run is given besides its specification."""

    store: ObjectStore
    stopping: Stopping
    cache: Path
    """A local folder for image bytes."""
    listener: Listener = field(default=lambda _: None)
    exporter: Exporter = export
    clock: Callable[[], float] = time.monotonic
    """Seconds; what the time budget is measured with."""


def read_spec(store: ObjectStore, key: str) -> RunSpec:
    """Return the run at this key; raises BadConfigurationError naming what is wrong, StoreError."""
    try:
        return RunSpec.from_json(store.get(key))
    except NotFound as error:
        raise BadConfigurationError(f"there is no run {key} in {store.uri}") from error
    except ValidationError as error:
        raise BadConfigurationError(f"{key}: {_faults(error)}") from error


def parse_parameters(spec: RunSpec) -> DetectorParameters:
    """Return the template's parameters; raises BadConfigurationError naming each that is wrong."""
    template = TEMPLATES.get(spec.template)
    if template is None:
        raise BadConfigurationError(f"template {spec.template!r} is unknown; known: {', '.join(sorted(TEMPLATES))}")
    if spec.capability_type not in template.capability_types:
        known = ", ".join(template.capability_types)
        raise BadConfigurationError(f"template {spec.template} trains {known}, not {spec.capability_type}")
    return checked_parameters(spec.parameters)


def checked_parameters(parameters: dict[str, Any]) -> DetectorParameters:
    """Return the parameters of the detector; raises BadConfigurationError naming each that is wrong."""
    try:
        return DetectorParameters.model_validate(parameters)
    except ValidationError as error:
        raise BadConfigurationError(f"parameters: {_faults(error)}") from error


def run(spec: RunSpec, around: Surroundings) -> int:
    """Make one attempt at a run; return the number of the attempt that succeeded. Raises TrainerError, StoreError."""
    done = succeeded(around.store, spec)
    if done is not None:
        _LOG.info("this run has succeeded already", attempt=done)
        return done
    parameters = parse_parameters(spec)
    device = choose_device(spec.gpus)
    torch.set_num_threads(usable_cores())
    cv2.setNumThreads(1)  # the loader's threads are the parallelism
    with joined(device) as processes, TemporaryDirectory(prefix="capforge-events-") as events:
        number = 0
        if processes.leads:
            number = claim(around.store, spec).number
        number = int(processes.agreed(number, device=device)[0])
        attempt = Attempt(around.store, spec.namespace, spec.digest, number)
        watch = Watch(around.store, attempt.key, number, Path(events), around.listener, writes=processes.leads)
        try:
            _Run(spec, parameters, around, attempt, watch, device, processes).make()
        finally:
            watch.close()
    return number


class _Run:
    """One attempt: prepare, train, export, evaluate, publish."""

    def __init__(
        self,
        spec: RunSpec,
        parameters: DetectorParameters,
        around: Surroundings,
        attempt: Attempt,
        watch: Watch,
        device: torch.device,
        processes: Processes,
    ) -> None:
        self._spec, self._parameters, self._around = spec, parameters, around
        self._attempt, self._watch, self._device, self._processes = attempt, watch, device, processes

    def make(self) -> None:
        """Do everything; the card comes last."""
        self._watch.update(Phase.PREPARING, 0.0)
        selection = select(self._around.store, self._spec)
        pictures, width, height = self._pictures(selection)
        dev = Canvases(selection.dev, pictures, width, height)
        checkpoints = Checkpoints(self._around.store, self._spec.namespace, self._spec.digest, self._attempt.number)
        fitted = self._fit(selection, pictures, dev, checkpoints, Shape(height, width, len(selection.names)))
        if not self._processes.leads:
            return
        model = self._parameters.model
        limits = limits_of(fitted.network, model.nms_iou, model.max_detections)
        self._phase(Phase.EXPORTING, 0.0)
        artefact = self._around.exporter(fitted.network, limits, dev)
        self._phase(Phase.EVALUATING, 0.0)
        scores = self._scores(artefact, selection, dev, Canvases(selection.test, pictures, width, height))
        number = self._attempt.number
        card = model_card(
            self._spec, self._parameters, number, selection, fitted, artefact, limits, scores, self._device
        )
        self._publish(artefact, card)
        checkpoints.clear()

    def _phase(self, phase: Phase, share: float) -> None:
        self._around.stopping.check(phase.lower())
        self._watch.update(phase, share, remaining_seconds=None)

    def _pictures(self, selection: Selection) -> tuple[Pictures, int, int]:
        """Fetch all images; return them with the model's input width and height."""
        blobs = Blobs(self._around.store, self._spec.namespace, self._around.cache)
        items = [*selection.train, *selection.dev, *selection.test]
        blobs.fetch_all(items, lambda count: self._phase(Phase.PREPARING, count / len(items)))
        width, height = input_size(self._parameters.model, selection.train)
        zoom = self._parameters.augmentation.scale_max
        return Pictures(blobs.read, (round(width * zoom), round(height * zoom))), width, height

    def _fit(
        self, selection: Selection, pictures: Pictures, dev: Canvases, checkpoints: Checkpoints, shape: Shape
    ) -> Fitted:
        torch.manual_seed(self._spec.seed)
        parameters, device = self._parameters, self._device
        model = parameters.model
        batches = Batches(
            selection.train,
            pictures,
            Augmentation(parameters.augmentation, shape.width, shape.height),
            parameters.optimizer.batch_size,
            self._spec.seed,
            parameters.schedule.loader_threads,
        )
        plan = FitPlan(
            parameters=parameters,
            budget_seconds=self._spec.time_budget_seconds,
            device=device,
            processes=self._processes,
            stop_asked=self._around.stopping.asked,
            dev_images=len(dev),
            clock=self._around.clock,
        )
        network = Detector(model.backbone, model.neck_channels, shape)
        looked = look(dev, selection.names, model.nms_iou, model.max_detections, device)
        return Fit(plan, network, batches, looked, checkpoints, self._watch).run()

    def _scores(self, artefact: Artefact, selection: Selection, dev: Canvases, test: Canvases) -> Scores:
        """Evaluate the file that will be served: dev chooses the threshold, test is read once."""
        session = Session(artefact.model)
        on_dev = evaluate(dev.items, self._found(session, dev, 0.0), selection.names)
        threshold = on_dev.best_f1_threshold()
        chosen = _DEFAULT_THRESHOLD if threshold is None else round(threshold, 4)
        on_test = evaluate(test.items, self._found(session, test, 0.5), selection.names) if len(test) else None
        return Scores(chosen, on_dev.metrics(chosen), on_test.metrics(chosen) if on_test else None)

    def _found(self, session: Session, canvases: Canvases, start: float) -> list[Found]:
        """Return the detections on all images, telling the progress from share `start` on."""
        found = []
        for one in session.found(canvases):
            found.append(one)
            self._phase(Phase.EVALUATING, start + 0.5 * len(found) / len(canvases))
        return found

    def _publish(self, artefact: Artefact, card: ModelCard) -> None:
        self._phase(Phase.EVALUATING, 1.0)
        self._attempt.put(layout.MODEL, artefact.model)
        self._attempt.put(layout.GOLDEN, artefact.golden)
        self._watch.flush()
        self._attempt.put(layout.CARD, card.to_json())
        shown = {"map50": card.dev.map50, "map50_95": card.dev.map50_95} if card.dev else {}
        known = {name: value for name, value in shown.items() if value is not None}
        metrics = {**self._watch.progress.metrics, **known}
        self._watch.update(Phase.DONE, 1.0, remaining_seconds=0, metrics=metrics)
        _LOG.info("run finished", attempt=card.attempt, threshold=card.confidence_threshold, **known)


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def default_cache() -> Path:
    """Return the local folder for image bytes: `CAPFORGE_CACHE`, else one that is the user's own."""
    chosen = os.environ.get("CAPFORGE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "capforge" / "blobs"
