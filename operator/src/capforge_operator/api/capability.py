"""Capability: what a model takes and gives, and which of its versions answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from capforge_operator.api.base import Column, Kind, Resource, Status
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import (
    INT32,
    NAME_RULES,
    SET,
    ClassName,
    Count,
    Digest,
    Message,
    ObjectName,
    Percent,
    Reason,
    Rule,
    Text,
    Time,
    Uri,
    Version,
    checked,
    immutable,
    map_by,
)

MAX_OUTPUTS = 400
MAX_HISTORY = 10
NEW_CAPABILITY = "make a new Capability"


class CapabilityType(StrEnum):
    """What a capability does; a type is added here when it acts."""

    DETECTOR = "DetectorElement"


class Output(ApiModel):
    """One class that the model finds."""

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
    """Entities of this class below this confidence are left out; where absent, the model card's threshold counts."""


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


class Rollout(ApiModel):
    """Which version answers."""

    pinned_version: Annotated[str, Field(max_length=16, pattern=r"^1\.[1-9][0-9]*$")] | None = None
    """Serve this version (such as 1.2) instead of the newest; remove it to follow the newest again."""
    revision_history_limit: Annotated[int, Field(ge=1, le=MAX_HISTORY), INT32] = MAX_HISTORY
    """How many of the latest versions `status.history` lists."""


class Serving(ApiModel):
    """What is kept loaded."""

    keep_loaded: Annotated[int, Field(ge=1, le=MAX_HISTORY), INT32] = 2
    """How many of the newest versions answer by their own number, besides the current and the pinned one."""


class CapabilitySpec(ApiModel):
    """What people decide about a capability."""

    type: Annotated[CapabilityType, checked(immutable("type", NEW_CAPABILITY))]
    """What the model does: DetectorElement finds objects in an image and gives each a box and a class."""
    description: Text | None = None
    """For the people who use it; shown in the API's documentation."""
    model_parameters: ModelParameters
    """The interface between the data's classes and the model."""
    rollout: Rollout = Rollout()
    """Which version answers."""
    serving: Serving = Serving()
    """What is kept loaded."""


class Interface(ApiModel):
    """What the capability takes and gives; it follows from the type."""

    inputs: Annotated[list[Reason], Field(max_length=8), SET] = []
    """What a request carries."""
    outputs: Annotated[list[Reason], Field(max_length=8), SET] = []
    """What an answer carries."""


class Traffic(ApiModel):
    """One version that answers now."""

    version: Version
    """The version's number."""
    percent: Percent
    """Its share of the requests that name no version."""
    ready_replicas: Annotated[int, Field(ge=0, le=10_000), INT32]
    """Serving pods that have it loaded and proven."""


class HistoryEntry(ApiModel):
    """One published version."""

    version: Version
    """The version's number."""
    run: ObjectName
    """The TrainingRun that made it."""
    run_digest: Digest
    """What made the run the run that it is: data, parameters, outputs, seed, image."""
    model_sha256: Digest
    """The model file's digest."""
    published_time: Time
    """When it got its number."""


class CapabilityFailure(ApiModel):
    """The last thing that went wrong; it stays until something newer works."""

    reason: Reason
    """Why, as one CamelCase word."""
    message: Message
    """Why, for people."""
    version: Version | None = None
    """The version that failed, if it had got a number."""
    run: ObjectName | None = None
    """The TrainingRun that failed or made the version."""
    time: Time
    """When it was first seen."""


class CapabilityStatus(Status):
    """What is; computed from the ledger and the serving pods."""

    interface: Interface | None = None
    """What the capability takes and gives."""
    version: Version | None = None
    """The version that answers now; 1.0 means that there is no model yet."""
    target_version: Version | None = None
    """The version that should answer: the pinned one or the newest."""
    url: Uri | None = None
    """Where to send predict requests."""
    last_trained_time: Time | None = None
    """When the newest version was published."""
    traffic: Annotated[list[Traffic], Field(max_length=MAX_HISTORY + 2), map_by("version")] = []
    """The versions that are loaded and how many pods have them."""
    history: Annotated[list[HistoryEntry], Field(max_length=MAX_HISTORY), map_by("version")] = []
    """The latest versions, newest first; all of them are in the ledger."""
    version_count: Count | None = None
    """How many versions the ledger holds."""
    last_failure: CapabilityFailure | None = None
    """The last thing that went wrong since the newest version."""


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
            Column("URL", "string", ".status.url", "Where to send predict requests."),
            Column.age(),
            Column.of_condition("Message", "Ready", "message", "Why, for people.", wide=True),
            Column("Target", "string", ".status.targetVersion", "The version that should answer.", wide=True),
            Column("LastTrained", "date", ".status.lastTrainedTime", "When the newest version was made.", wide=True),
        ),
        rules=NAME_RULES,
    )

    spec: CapabilitySpec
    """What people decide about a capability."""
    status: CapabilityStatus = CapabilityStatus()
    """What is; computed from the ledger and the serving pods."""
