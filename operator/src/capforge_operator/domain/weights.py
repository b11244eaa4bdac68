"""Which file of weights a training run starts from."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts import layout
from capforge_contracts.ledger import VersionPublished
from capforge_contracts.store import StoreUri

MAX_WEIGHTS_BYTES = 2 << 30
"""What is larger is not read: the operator looks at each file once, to know what exactly a run starts from."""


@dataclass(frozen=True)
class Weights:
    """What a run asks to start from, as far as it was found."""

    origin: str
    """For people: `version 1.2`, or the address."""
    key: str = ""
    """In the object store."""
    fault: str = ""
    """Why there is nothing to start from; empty: there is a file."""


def weights_of_version(namespace: str, version: str, published: VersionPublished | None, known: list[str]) -> Weights:
    """Return the weights that a version's run left; `known` are the versions that there are, newest first."""
    origin = f"version {version}"
    if published is None:
        choice = ", ".join(known[:10]) or "none"
        return Weights(origin, fault=f"version: there is no version {version}; published versions: {choice}")
    return Weights(origin, layout.attempt_file(namespace, published.run_digest, published.attempt, layout.WEIGHTS))


def weights_of_uri(namespace: str, uri: str, store_uri: str) -> Weights:
    """Return the file that a person names. Only what is the namespace's own is ever looked for.

    The operator may read every tenant's folder, so this alone keeps one tenant from asking about another's files.
    """
    allowed = f"{store_uri}/{namespace}/<path>.safetensors"
    try:
        place = StoreUri.parse(uri)
    except ValueError:
        return Weights(uri, fault=f"uri: {uri} is no address of a file; allowed: {allowed}")
    parts = place.key.split("/")
    own = f"s3://{place.bucket}" == store_uri and parts[0] == namespace
    if not own or len(parts) == 1 or {"", ".", ".."} & set(parts):
        return Weights(uri, fault=f"uri: {uri} is not in the namespace's own folder; allowed: {allowed}")
    return Weights(uri, place.key)


def missing(weights: Weights) -> str:
    """Return why a file that is not there cannot be started from."""
    if weights.origin.startswith("version "):
        return f"version: {weights.origin} left no {layout.WEIGHTS}; name another version, or a file by uri"
    return f"uri: there is no file {weights.origin}"


def too_large(weights: Weights) -> str:
    """Return why a file is not read."""
    return f"{weights.origin} is larger than {MAX_WEIGHTS_BYTES >> 30} GiB"
