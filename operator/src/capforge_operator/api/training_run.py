"""TrainingRun: one training of one capability on locked datasets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from capforge_operator.api.base import Column, Kind, Resource, Status
from capforge_operator.api.initial_weights import InitialWeights
from capforge_operator.api.model import ApiModel
from capforge_operator.api.references import NameRef
from capforge_operator.api.resources import TrainingResources
from capforge_operator.api.schema import (
    ATOMIC,
    FREE_FORM,
    INT32,
    NAME_RULES,
    ClassName,
    Count,
    Decimal,
    Digest,
    Message,
    ObjectName,
    Percent,
    Reason,
    Rule,
    Seed,
    Uri,
    Version,
    checked,
    immutable,
    map_by,
    rules,
)
from capforge_operator.api.schema import Time as Timestamp

MAX_SELECTIONS = 16
NEW_RUN = "make a new TrainingRun"


class SplitChoice(StrEnum):
    """Which part of a dataset is taken."""

    ALL = "All"
    TRAIN = "Train"
    DEV = "Dev"
    TEST = "Test"


class Deploy(StrEnum):
    """What happens with the model of a run that succeeds."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class Stop(StrEnum):
    """Whether and how a run is ended early."""

    NONE = "None"
    CANCEL = "Cancel"


class DatasetRef(ApiModel):
    """A dataset of the same namespace, or one part of it."""

    name: ObjectName
    """The Dataset's name; it must be locked."""
    split: SplitChoice | None = None
    """Which part is taken: All (also where absent), Train, Dev or Test."""


Selections = Annotated[list[DatasetRef], Field(max_length=MAX_SELECTIONS), ATOMIC]


class RunDatasets(ApiModel):
    """What is read for what. No image may be in train and also in dev or test."""

    train: Annotated[Selections, Field(min_length=1)]
    """What the model learns from."""
    dev: Annotated[Selections, Field(min_length=1)]
    """What chooses the checkpoint and the confidence threshold."""
    test: Selections = []
    """What is looked at once, at the end."""


class TrainingRunSpec(ApiModel):
    """What people decide about a training run. All but suspend and stop is immutable."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "has(self.initialWeights) == has(oldSelf.initialWeights)"
                " && (!has(self.initialWeights) || self.initialWeights == oldSelf.initialWeights)",
                f"initialWeights is immutable; {NEW_RUN}",
            )
        )
    )

    capability_ref: Annotated[NameRef, checked(immutable("capabilityRef", NEW_RUN))]
    """The Capability of the same namespace that is trained; its outputs choose the classes."""
    datasets: Annotated[RunDatasets, checked(immutable("datasets", NEW_RUN))]
    """What is read for what."""
    template_ref: Annotated[NameRef, checked(immutable("templateRef", NEW_RUN))]
    """The ModelTemplate that is trained; `kubectl get modeltemplates` lists them."""
    overrides: Annotated[dict[str, Any], FREE_FORM, checked(immutable("overrides", NEW_RUN))] = {}
    """Parameters that differ from the template's defaults: objects merge, lists replace, null is refused."""
    initial_weights: InitialWeights | None = None
    """Weights that training starts from; as the template's parameters say where absent."""
    resources: Annotated[TrainingResources, checked(immutable("resources", NEW_RUN))] = TrainingResources()
    """What the training pod asks for and where it may run."""
    seed: Annotated[Seed, checked(immutable("seed", NEW_RUN))] = 0
    """Chooses initial weights, order and augmentation; another seed is another run."""
    time_budget_seconds: Annotated[
        int, Field(ge=10, le=30 * 86400), INT32, checked(immutable("timeBudgetSeconds", NEW_RUN))
    ] = 14400
    """Training stops after this many seconds and goes on with what it has; export and evaluation come on top."""
    deploy: Annotated[Deploy, checked(immutable("deploy", NEW_RUN))] = Deploy.AUTOMATIC
    """Automatic gives the model the capability's next version and serves it; Manual leaves it in the object store."""
    suspend: bool = False
    """True stops the pod after a checkpoint; false goes on from there."""
    stop: Stop = Stop.NONE
    """Cancel ends the run for good, without a model."""


class Metric(ApiModel):
    """One figure."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """What is measured, such as loss or map50."""
    value: Decimal
    """The figure as a decimal number."""


class Artifact(ApiModel):
    """The model that a run made."""

    uri: Uri
    """Address of the ONNX file."""
    sha256: Digest
    """Its digest."""
    card_uri: Uri
    """Address of the model card: lineage, metrics, thresholds, parity."""


class IgnoredClass(ApiModel):
    """A class of the data that is not an output of the capability."""

    name: ClassName
    """The class's name."""
    count: Count
    """How many entities were left out."""


class RunFailure(ApiModel):
    """Why the run ended without a model."""

    reason: Reason
    """Why, as one CamelCase word."""
    message: Message
    """Why, for people, with what to do."""
    exit_code: Annotated[int, Field(ge=0, le=255), INT32] | None = None
    """The trainer's exit code, where it got as far as that."""


class TrainingRunStatus(Status):
    """What is; computed from the Job and what it wrote."""

    run_digest: Digest | None = None
    """What makes it this run: data, parameters, outputs, seed, time budget, image. Equal runs share one result."""
    start_time: Timestamp | None = None
    """When the Job was made."""
    completion_time: Timestamp | None = None
    """When the run ended."""
    attempts: Annotated[int, Field(ge=0, le=1000), INT32] | None = None
    """How many pods have worked on it; each goes on from the last checkpoint."""
    progress_percent: Percent | None = None
    """How much of the whole run is done."""
    progress: Annotated[str, Field(max_length=128)] | None = None
    """The same for people: phase, epoch and percent."""
    estimated_remaining_seconds: Count | None = None
    """How long the rest will take."""
    remaining: Annotated[str, Field(max_length=32)] | None = None
    """The same for people, such as 12m30s."""
    epoch: Count | None = None
    """Finished epochs."""
    epochs: Count | None = None
    """Planned epochs."""
    metrics: Annotated[list[Metric], Field(max_length=32), map_by("name")] = []
    """The latest figures: while it trains those of the last epoch, in the end those of the served model on dev."""
    test_metrics: Annotated[list[Metric], Field(max_length=32), map_by("name")] = []
    """The figures of the served model on test."""
    warnings: Annotated[list[Message], Field(max_length=32), ATOMIC] = []
    """What is allowed but probably not meant."""
    ignored_classes: Annotated[list[IgnoredClass], Field(max_length=512), map_by("name")] = []
    """Classes of the data that are not outputs."""
    artifact: Artifact | None = None
    """The model that the run made."""
    version: Version | None = None
    """The capability's version that the model got."""
    failure: RunFailure | None = None
    """Why the run ended without a model."""


class TrainingRun(Resource):
    """One training of one capability. Equal content never trains twice: a second run takes the first one's result."""

    KIND: ClassVar[Kind] = Kind(
        kind="TrainingRun",
        plural="trainingruns",
        short="cfrun",
        namespaced=True,
        columns=(
            Column.of_condition(
                "Succeeded", "Succeeded", "status", "Whether it ended with a model; Unknown while active."
            ),
            Column.of_condition("Reason", "Succeeded", "reason", "Why."),
            Column("Progress", "string", ".status.progress", "Phase, epoch and percent."),
            Column("ETA", "string", ".status.remaining", "How long the rest will take."),
            Column("Version", "string", ".status.version", "The capability's version that the model got."),
            Column.age(),
            Column("Capability", "string", ".spec.capabilityRef.name", "What is trained.", wide=True),
            Column.of_condition("Message", "Succeeded", "message", "Why, for people.", wide=True),
        ),
        rules=NAME_RULES,
    )

    spec: TrainingRunSpec
    """What people decide about a training run."""
    status: TrainingRunStatus = TrainingRunStatus()
    """What is; computed from the Job and what it wrote."""
