"""A run from run.json to model-card.json, in the order that the contract asks for. Read it from the top."""

from __future__ import annotations

import platform
import time

from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import ModelCard, Phase, RunSpec, TensorSpec
from capforge_contracts.store import NotFound, ObjectStore
from capforge_transforms import VERSION
from own_trainer import graph, judging
from own_trainer.attempt import Attempt, claim, has_succeeded
from own_trainer.ending import EndError, Stopping
from own_trainer.learner import Learnt, learn
from own_trainer.regions import Regions, regions
from own_trainer.settings import Settings, checked

MAX_BATCH_SIZE = 64
_GOLDEN_REGIONS = 4


def run(store: ObjectStore, key: str, stopping: Stopping) -> None:
    """Make one attempt; raises EndError, StoreError."""
    spec = _spec(store, key)
    if has_succeeded(store, spec):
        return  # a pod of the same Job was here before
    settings = checked(spec)
    attempt = claim(store, spec)
    attempt.tell(Phase.PREPARING, 0)
    train, dev, test = (
        regions(store, spec, chosen, settings.crop)
        for chosen in (spec.datasets.train, spec.datasets.dev, spec.datasets.test)
    )
    for role, data in (("train", train), ("dev", dev)):
        if not len(data):
            names = ", ".join(output.name for output in spec.outputs)
            raise EndError(ExitCode.BAD_DATA, f"datasets.{role}: no entity of {names}")
    began = time.monotonic()
    learnt = _learn(attempt, train, dev, settings, stopping)
    seconds = time.monotonic() - began
    stopping.check()
    _publish(attempt, settings, learnt, (train, dev, test), seconds)


def _spec(store: ObjectStore, key: str) -> RunSpec:
    try:
        return RunSpec.from_json(store.get(key))
    except (NotFound, ValidationError) as error:
        raise EndError(ExitCode.BAD_CONFIGURATION, f"{key} is no run: {error}") from error


def _learn(attempt: Attempt, train: Regions, dev: Regions, settings: Settings, stopping: Stopping) -> Learnt:
    until = time.monotonic() + attempt.spec.time_budget_seconds

    def told(step: int, loss: float, accuracy: float) -> bool:
        stopping.check()
        attempt.note(epoch=step, loss=loss, top1=accuracy)
        known = {"epoch": step, "epochs": settings.steps, "metrics": {"loss": loss, "top1": accuracy}}
        attempt.tell(Phase.TRAINING, 80 * step // settings.steps, **known)
        return time.monotonic() < until

    return learn(train, dev, len(attempt.spec.outputs), settings, told)


def _publish(
    attempt: Attempt, settings: Settings, learnt: Learnt, data: tuple[Regions, Regions, Regions], seconds: float
) -> None:
    train, dev, test = data
    spec, side = attempt.spec, settings.crop_side_pixels
    attempt.tell(Phase.EXPORTING, 80)
    file = graph.graph(learnt.model, side)
    passed = judging.parity(learnt.model, file, dev.crops)
    if not passed.passed:
        raise EndError(ExitCode.PARITY_FAILED, f"the ONNX file is off by {passed.heads_max_abs_error:.2g}")
    attempt.tell(Phase.EVALUATING, 90)
    golden = graph.golden_request(file, dev.crops[:_GOLDEN_REGIONS])
    attempt.put(layout.MODEL, file)
    attempt.put(layout.GOLDEN, golden)
    attempt.put_curves()
    card = ModelCard(
        namespace=spec.namespace,
        capability=spec.capability,
        capability_type=spec.capability_type,
        run=spec.run,
        run_digest=spec.digest,
        attempt=attempt.number,
        template=spec.template,
        parameters=spec.parameters,
        outputs=spec.outputs,
        datasets=spec.datasets,
        ignored_classes=dict(train.ignored),
        model_sha256=sha256_hex(file),
        model_size_bytes=len(file),
        golden_sha256=sha256_hex(golden),
        opset=graph.OPSET,
        inputs=[TensorSpec(name=graph.INPUT, datatype="UINT8", shape=[-1, side, side, 3])],
        model_outputs=[TensorSpec(name=graph.OUTPUT, datatype="FP32", shape=[-1, len(spec.outputs)])],
        max_batch_size=MAX_BATCH_SIZE,
        input_width=side,
        input_height=side,
        transforms_version=VERSION,
        confidence_threshold=judging.best_threshold(file, dev),
        crop=settings.crop,
        classification_dev=judging.judged(file, dev, spec.outputs),
        classification_test=judging.judged(file, test, spec.outputs) if len(test) else None,
        parity=passed,
        epochs=learnt.steps,
        best_epoch=learnt.step,
        train_seconds=seconds,
        environment={"image": spec.image, "python": platform.python_version()},
    )
    attempt.put(layout.CARD, card.to_json())  # last: an attempt with a card has succeeded
    attempt.tell(Phase.DONE, 100)
