"""What the operator says about a capability."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from capforge_operator.api.base import Status
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import (
    ATOMIC,
    INT32,
    SET,
    Count,
    Digest,
    Message,
    ObjectName,
    Percent,
    Reason,
    Time,
    Uri,
    Version,
    map_by,
)

MAX_HISTORY = 10


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


class HeldChallenger(ApiModel):
    """A model that was trained and kept back."""

    run: ObjectName
    """The TrainingRun that made it."""
    model_sha256: Digest
    """The model file's digest."""
    champion: Version
    """The version that it was compared with."""
    reason: Reason
    """Why, as one CamelCase word."""
    message: Message
    """Why, for people, with both figures."""
    time: Time
    """When it was kept back."""


class Annotations(ApiModel):
    """How far the annotation of a FieldExtractorElement is."""

    documents: Count
    """Documents with a current annotation."""
    sequence: Count
    """Number of the newest submission."""
    progress: Annotated[str, Field(max_length=32)]
    """Documents and the count at which the next run is made, such as 17/20."""
    next_threshold: Count
    """The count at which the next run is made."""
    trained_threshold: Count | None = None
    """The count at which the newest automatic run was made; no run is made at it again."""
    changed_time: Time
    """When the count was last seen to change."""
    reached_time: Time | None = None
    """When the next threshold was seen to be reached; absent while it is not."""
    waiting_until_time: Time | None = None
    """When the run that is due will be made at the latest; absent while none waits for time."""


class CapabilityStatus(Status):
    """What is; computed from the ledger and the serving pods."""

    interface: Interface | None = None
    """What the capability takes and gives."""
    version: Version | None = None
    """The version that answers now; 1.0 means that there is no model yet."""
    target_version: Version | None = None
    """The version that should answer: the pinned one or the newest; where there is none such, the one that answers."""
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
    annotations: Annotations | None = None
    """Of a FieldExtractorElement: how far the annotation is."""
    held_challenger: HeldChallenger | None = None
    """The newest model that was kept back since the newest version."""
    warnings: Annotated[list[Message], Field(max_length=8), ATOMIC] = []
    """What is allowed but probably not meant."""
    last_failure: CapabilityFailure | None = None
    """The last thing that went wrong since the newest version."""
