"""Dataset: labelled data, frozen when its snapshot succeeds."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from capforge_operator.api.base import Column, Kind, Resource, Status
from capforge_operator.api.dataset_source import Source
from capforge_operator.api.model import ApiModel
from capforge_operator.api.preprocessing import MAX_OPERATIONS, Operation
from capforge_operator.api.schema import (
    ATOMIC,
    NAME_RULES,
    ClassName,
    Count,
    Digest,
    Message,
    Percent,
    Reason,
    Rule,
    Seed,
    Text,
    Time,
    Uri,
    map_by,
    rules,
)

MAX_FAULTS = 20
MAX_CLASSES = 512


class OnFault(StrEnum):
    """What to do about a faulty record."""

    REJECT = "Reject"
    SKIP = "Skip"


class Split(ApiModel):
    """Shares of the items, drawn by content hash; what is left is the train part."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.devPercent + self.testPercent <= 99",
                "split: devPercent + testPercent may be at most 99, so that something is left to train on",
            )
        )
    )

    dev_percent: Percent = 0
    """Percent of the items that choose checkpoint and threshold."""
    test_percent: Percent = 0
    """Percent of the items that are looked at once, at the end."""
    seed: Seed = 0
    """Another seed draws another split."""


class DatasetSpec(ApiModel):
    """What people decide about a dataset."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(oldSelf.expectedDigest)"
                " || (has(self.expectedDigest) && self.expectedDigest == oldSelf.expectedDigest)",
                "expectedDigest may be added once and is then immutable; for other data make a new Dataset",
            ),
            Rule(
                "!has(self.source.submissions) || !has(self.source.submissions.capabilityRef) || !has(self.split)",
                "split: not allowed with source.submissions.capabilityRef, whose documents have their roles",
            ),
            Rule(
                "!has(self.source.submissions) || !has(self.source.submissions.capabilityRef)"
                " || !has(self.preprocessing)",
                "preprocessing: not allowed with source.submissions.capabilityRef: documents have no objects",
            ),
        )
    )

    description: Text | None = None
    """For the people who use it."""
    source: Source
    """Where the data comes from: exactly one member is set."""
    preprocessing: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS), ATOMIC] | None = None
    """What is done to the objects, in this order, before the items are divided. An image that is left without any
    object is dropped."""
    split: Split | None = None
    """Divides the items; if absent, they stay as the source divides them, and all are train items where it does not."""
    on_fault: OnFault = OnFault.REJECT
    """What to do about faulty records: Reject the whole dataset or Skip them. Either way every fault is listed."""
    expected_digest: Digest | None = None
    """Lock only if the data has this digest, as `status.digest` showed it before: pins data in Git."""


class ClassCount(ApiModel):
    """How often a class occurs."""

    name: ClassName
    """The class's name."""
    count: Count
    """How many entities have it."""


class Fault(ApiModel):
    """One thing that is wrong with one record of the source."""

    code: Reason
    """Which kind of fault, in CamelCase."""
    file: Uri
    """The file that holds the record."""
    record: Annotated[str, Field(max_length=512)]
    """Which record of the file."""
    message: Message
    """What is wrong and what is allowed."""


class DatasetStatus(Status):
    """What is; computed from the snapshot."""

    digest: Digest | None = None
    """The sha256 of the locked content; once set, neither it nor the spec changes."""
    short_digest: Annotated[str, Field(max_length=12)] | None = None
    """The digest's first 12 digits."""
    items: Count | None = None
    """How many images or documents it holds."""
    entities: Count | None = None
    """How many labelled objects or values it holds."""
    class_count: Count | None = None
    """How many classes it declares."""
    classes: Annotated[list[ClassCount], Field(max_length=MAX_CLASSES), map_by("name")] = []
    """How often each class occurs, the most frequent first; at most 512 are listed."""
    train_items: Count | None = None
    """Items of the train part."""
    dev_items: Count | None = None
    """Items of the dev part."""
    test_items: Count | None = None
    """Items of the test part."""
    purged_items: Count | None = None
    """Of annotated documents or images: how many of them people deleted since, and their bytes are gone."""
    fault_count: Count | None = None
    """How many faults the source has."""
    faults: Annotated[list[Fault], Field(max_length=MAX_FAULTS), ATOMIC] = []
    """The first 20 faults."""
    faults_uri: Uri | None = None
    """Where the complete list of faults lies, one JSON object per line."""
    manifest_uri: Uri | None = None
    """Where the canonical list of items lies."""
    as_of_time: Time | None = None
    """The time that the source was asked for."""
    as_of_sequence: Count | None = None
    """Of submissions: the newest one that counts."""
    progress_percent: Percent | None = None
    """How far the snapshot has come."""


class Dataset(Resource):
    """Labelled data for training. It locks itself when its snapshot succeeds; new data needs a new name."""

    KIND: ClassVar[Kind] = Kind(
        kind="Dataset",
        plural="datasets",
        short="cfds",
        namespaced=True,
        columns=(
            Column.of_condition("Ready", "Ready", "status", "Whether it is locked and can be trained on."),
            Column.of_condition("Reason", "Ready", "reason", "Why."),
            Column("Items", "integer", ".status.items", "How many images or documents it holds."),
            Column("Classes", "integer", ".status.classCount", "How many classes it declares."),
            Column("Digest", "string", ".status.shortDigest", "The first 12 digits of the content's sha256."),
            Column.age(),
            Column.of_condition("Message", "Ready", "message", "Why, for people.", wide=True),
        ),
        rules=(
            *NAME_RULES,
            Rule(
                "!has(oldSelf.status) || !has(oldSelf.status.digest) || ("
                "self.spec.source == oldSelf.spec.source"
                " && has(self.spec.split) == has(oldSelf.spec.split)"
                " && (!has(self.spec.split) || self.spec.split == oldSelf.spec.split)"
                " && has(self.spec.preprocessing) == has(oldSelf.spec.preprocessing)"
                " && (!has(self.spec.preprocessing) || self.spec.preprocessing == oldSelf.spec.preprocessing)"
                " && self.spec.onFault == oldSelf.spec.onFault)",
                "spec: preprocessing, source, split and onFault are immutable once the dataset is locked"
                " (status.digest is set);"
                " for other data make a new Dataset",
            ),
            Rule(
                "!has(oldSelf.status) || !has(oldSelf.status.digest)"
                " || (has(self.status) && has(self.status.digest) && self.status.digest == oldSelf.status.digest)",
                "status.digest is immutable once it is set",
            ),
        ),
    )

    spec: DatasetSpec
    """What people decide about a dataset."""
    status: DatasetStatus = DatasetStatus()
    """What is; computed from the snapshot."""
