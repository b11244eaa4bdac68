"""The ledger: each decision about a capability, appended once, never changed. Status is a cache of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

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


class RunFailed(Stored):
    """A run ended for good without a model; kept so that `lastFailure` survives the resources."""

    kind: Literal["RunFailed"] = "RunFailed"
    sequence: int
    time: str
    run: str
    run_digest: str | None = None
    reason: str
    message: str


LedgerEntry = Annotated[VersionPublished | RunFailed, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[VersionPublished | RunFailed] = TypeAdapter(LedgerEntry)


def read_entry(data: bytes) -> VersionPublished | RunFailed:
    """Parse one ledger entry; raises pydantic.ValidationError."""
    return _ADAPTER.validate_json(data)
