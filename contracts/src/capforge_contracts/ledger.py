"""The ledger: each decision about a capability, appended once, never changed. Status is a cache of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from capforge_contracts.model import Stored


class VersionPublished(Stored):
    """A model was given a version number; numbers are never reused."""

    kind: Literal["VersionPublished"] = "VersionPublished"
    sequence: int
    time: str
    version: str
    """`1.N`."""
    run: str
    run_digest: str
    attempt: int
    dataset_digests: list[str]
    model_sha256: str
    gate: str = ""
    """What the gate said, for people; empty: there was no champion to compare with."""


class ChallengerHeld(Stored):
    """A model that was trained but is worse than the version that answers: it gets no number."""

    kind: Literal["ChallengerHeld"] = "ChallengerHeld"
    sequence: int
    time: str
    run: str
    run_digest: str
    attempt: int
    model_sha256: str
    champion: str
    """The version it was compared with."""
    reason: str
    message: str


class AutomaticTraining(Stored):
    """A run was created because enough documents were annotated: the watermark. Never fires below it again."""

    kind: Literal["AutomaticTraining"] = "AutomaticTraining"
    sequence: int
    time: str
    threshold: int
    """The count that was reached: 20, 40, …"""
    documents: int
    """With a current annotation, when it fired."""
    as_of_sequence: int
    """The newest submission that the dataset holds."""
    dataset: str
    run: str


class RunFailed(Stored):
    """A run ended for good without a model; kept so that `lastFailure` survives the resources."""

    kind: Literal["RunFailed"] = "RunFailed"
    sequence: int
    time: str
    run: str
    run_digest: str | None = None
    reason: str
    message: str


class Delivery(Stored):
    """One recipient of a notification, and what became of it."""

    target: str
    """`mail:<address>` or `webhook:<name>`."""
    message_id: str
    """Of the e-mail (Message-ID) or the request (webhook-id): the same however often it is sent."""
    refused: str = ""
    """Why it is not sent and never will be; empty: it was sent."""


class Notified(Stored):
    """People were told how a run ended: appended after sending, so that a crash in between sends twice, never less."""

    kind: Literal["Notified"] = "Notified"
    sequence: int
    time: str
    run: str
    end: str
    """Digest of which end this is: of a success the run digest, of a failure also the run's name and the reason."""
    outcome: Literal["Succeeded", "Failed"]
    deliveries: list[Delivery]
    """Only those that were settled since the last entry about the same end."""
    complete: bool
    """Nothing more is to be sent about this end, whoever is added later."""


class UnknownEntry(Stored):
    """An entry of a kind that a newer release writes: it counts as an entry, and says nothing more to this one."""

    kind: str
    sequence: int
    time: str = ""


KnownEntry = VersionPublished | RunFailed | ChallengerHeld | AutomaticTraining | Notified
AnyEntry = KnownEntry | UnknownEntry
LedgerEntry = Annotated[KnownEntry, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[KnownEntry] = TypeAdapter(LedgerEntry)
_UNKNOWN_TAG = "union_tag_invalid"


def read_entry(data: bytes) -> AnyEntry:
    """Parse one ledger entry; raises pydantic.ValidationError for one that is damaged."""
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False, include_context=False)[0]["type"] != _UNKNOWN_TAG:
            raise
        return UnknownEntry.from_json(data)
