"""Capability: what a model takes and gives, and which of its versions answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from capforge_operator.api.base import Column, Kind, Resource
from capforge_operator.api.capability_status import MAX_HISTORY, CapabilityStatus
from capforge_operator.api.data_model import NEW_CAPABILITY, DataModel
from capforge_operator.api.inputs import INPUT_RULES, NOT_ITSELF, InputFilter, InputFrom
from capforge_operator.api.model import ApiModel
from capforge_operator.api.notifications import Notifications
from capforge_operator.api.schema import (
    INT32,
    NAME_RULES,
    ClassName,
    Percent,
    Rule,
    Text,
    checked,
    immutable,
    map_by,
    rules,
)
from capforge_operator.api.training import CapabilityTraining

MAX_OUTPUTS = 400


class CapabilityType(StrEnum):
    """What a capability does; a type is added here when it acts."""

    DETECTOR = "DetectorElement"
    BOX_CLASSIFIER = "BoxClassifierElement"
    BOX_EMBEDDER = "BoxEmbedderElement"
    FIELD_EXTRACTOR = "FieldExtractorElement"


class Output(ApiModel):
    """One class that the model tells from the others."""

    position: Annotated[int, Field(ge=0, le=MAX_OUTPUTS - 1), INT32]
    """The class index in the model's output; positions are 0, 1, 2 … without a gap."""
    name: Annotated[
        ClassName,
        checked(
            Rule(
                r"self.matches('^\\S([^\\r\\n\\t]*\\S)?$')",
                "name: a class name on one line without spaces at its ends is allowed",
            ),
            immutable("name", f"outputs may only be appended; to rename or move one, {NEW_CAPABILITY}"),
        ),
    ]
    """The class's name, spelt as in the data."""
    head: (
        Annotated[
            int,
            Field(ge=0, le=63),
            INT32,
            checked(Rule("self == 0", "head: only 0 is allowed, models with several heads are not supported")),
        ]
        | None
    ) = None
    """The model head that gives this output: 0, the only one."""
    confidence_threshold_percent: Percent | None = None
    """Entities (of a classifier: observations) of this class below this confidence are left out; where absent, the
    model card's threshold counts. Not of a BoxEmbedderElement."""


class ModelParameters(ApiModel):
    """The interface between the data's classes and the model."""

    outputs: Annotated[
        list[Output],
        Field(min_length=1, max_length=MAX_OUTPUTS),
        map_by("position"),
        checked(
            Rule(
                "self.all(o, o.position < size(self))",
                "outputs: positions must be 0, 1, 2 … without a gap, the highest one less than the number of outputs",
            ),
            Rule(
                "self.all(o, self.exists_one(p, p.name == o.name))",
                "outputs: each name is allowed once",
            ),
            Rule(
                "size(self) >= size(oldSelf)",
                f"outputs may only be appended; to remove one, {NEW_CAPABILITY}",
            ),
        ),
    ]
    """The classes, by position. Later ones may be appended, none may be removed, renamed or moved."""


class Gates(ApiModel):
    """What a new model must not fall short of."""

    max_regression_percent: Percent = 10
    """A model is kept back that is right in so many percent points fewer decisions than the one that answers, on the
    same dev documents; one that is certainly worse is kept back in any case."""


class Rollout(ApiModel):
    """Which version answers."""

    pinned_version: Annotated[str, Field(max_length=16, pattern=r"^1\.[1-9][0-9]*$")] | None = None
    """Serve this version (such as 1.2) instead of the newest; remove it to follow the newest again."""
    revision_history_limit: Annotated[int, Field(ge=1, le=MAX_HISTORY), INT32] = MAX_HISTORY
    """How many of the latest versions `status.history` lists."""
    gates: Gates | None = None
    """Of a FieldExtractorElement: what a new model must not fall short of; the defaults where absent."""


class Serving(ApiModel):
    """What is kept loaded."""

    keep_loaded: Annotated[int, Field(ge=1, le=MAX_HISTORY), INT32] = 2
    """How many of the newest versions answer by their own number, besides the current and the pinned one."""


class CapabilitySpec(ApiModel):
    """What people decide about a capability."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.type == 'FieldExtractorElement'"
                " ? has(self.dataModel) && !has(self.modelParameters)"
                " : has(self.modelParameters) && !has(self.dataModel)",
                "dataModel, modelParameters: allowed is dataModel for type FieldExtractorElement,"
                " modelParameters for every other type",
            ),
            Rule(
                "self.type == 'FieldExtractorElement' || !has(self.training)",
                "training: allowed for type FieldExtractorElement only; others are trained by a TrainingRun",
            ),
            Rule(
                "self.type == 'FieldExtractorElement' || !has(self.rollout.gates)",
                "rollout.gates: allowed for type FieldExtractorElement only",
            ),
            *INPUT_RULES,
        )
    )

    type: Annotated[CapabilityType, checked(immutable("type", NEW_CAPABILITY))]
    """What the model does: DetectorElement finds objects in an image and gives each a box and a class;
    BoxClassifierElement tells the class of regions, BoxEmbedderElement gives each region a vector to compare it by;
    FieldExtractorElement reads typed fields from documents."""
    description: Text | None = None
    """For the people who use it; shown in the API's documentation."""
    model_parameters: ModelParameters | None = None
    """The interface between the data's classes and the model; not of a FieldExtractorElement. Of a BoxEmbedderElement:
    the classes that it learns from."""
    input_from: InputFrom | None = None
    """Of a BoxClassifierElement or BoxEmbedderElement: where its entities come from when a request brings none."""
    input_filter: InputFilter | None = None
    """Which of the entities of inputFrom it takes; all where absent."""
    data_model: DataModel | None = None
    """Of a FieldExtractorElement: the fields that are read from each document."""
    training: CapabilityTraining | None = None
    """Of a FieldExtractorElement: how it is trained as documents are annotated; the defaults where absent."""
    rollout: Rollout = Rollout()
    """Which version answers."""
    serving: Serving = Serving()
    """What is kept loaded."""
    notifications: Notifications | None = None
    """Who is told when a training run of this capability has ended; nobody where absent."""


class Capability(Resource):
    """What a model takes and gives. Train it with a TrainingRun; it is then served under its own address."""

    KIND: ClassVar[Kind] = Kind(
        kind="Capability",
        plural="capabilities",
        short="cfcap",
        namespaced=True,
        columns=(
            Column.of_condition("Ready", "Ready", "status", "Whether everything possible at this stage works."),
            Column.of_condition("Reason", "Ready", "reason", "Why."),
            Column("Version", "string", ".status.version", "The version that answers; 1.0 means no model yet."),
            Column("Annotations", "string", ".status.annotations.progress", "Annotated documents, and the next run's."),
            Column("URL", "string", ".status.url", "Where to send predict requests."),
            Column.age(),
            Column.of_condition("Message", "Ready", "message", "Why, for people.", wide=True),
            Column("Target", "string", ".status.targetVersion", "The version that should answer.", wide=True),
            Column("LastTrained", "date", ".status.lastTrainedTime", "When the newest version was made.", wide=True),
        ),
        rules=(*NAME_RULES, NOT_ITSELF),
    )

    spec: CapabilitySpec
    """What people decide about a capability."""
    status: CapabilityStatus = CapabilityStatus()
    """What is; computed from the ledger and the serving pods."""
