"""`capforge data push`: a checked folder into the object store, sending only what is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from capforge.data.labelled import Labelled
from capforge.data.plan import Upload, is_there, uploads
from capforge.errors import CliError
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import ObjectInfo, Refused, StoreError, StoreUri

THREADS = 16
Advance = Callable[[Upload], object]


@dataclass(frozen=True)
class Sent:
    """What a push did."""

    files: int
    size_bytes: int
    unchanged: int
    uris: list[str]
    """What a Dataset takes."""


def send(store: S3ObjectStore, place: StoreUri, folder: Path, labelled: Labelled, advance: Advance) -> Sent:
    """Send what is not there yet: pictures and labels first, what names them after all of them.

    `advance` is called with each file that is there. Running it again after a stop goes on where it stopped.
    """
    prefix = prefix_of(place)
    files = uploads(folder, prefix, labelled)
    with _explained(store):
        listed = {info.key: info for info in store.list(prefix)}
    naming = set(labelled.named)
    sent: list[Upload] = []
    for is_naming in (False, True):
        group = [file for file in files if (file.path in naming) is is_naming]
        sent += _send_group(store, group, listed, advance)
    uris = [f"{store.uri}/{prefix}{one}" for one in labelled.addresses]
    return Sent(len(sent), sum(file.size_bytes for file in sent), len(files) - len(sent), uris)


def prefix_of(place: StoreUri) -> str:
    """Return the prefix of the keys below a place: empty or ending in a slash."""
    return f"{place.key.strip('/')}/" if place.key.strip("/") else ""


def _send_group(
    store: S3ObjectStore, files: list[Upload], listed: Mapping[str, ObjectInfo], advance: Advance
) -> list[Upload]:
    """Send files in several threads; return those that were not there yet."""
    with ThreadPoolExecutor(THREADS) as pool, _explained(store):
        running = {pool.submit(_send_one, store, file, listed): file for file in files}
        sent: list[Upload] = []
        try:
            for future in as_completed(running):
                sent += [running[future]] if future.result() else []
                advance(running[future])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return sent


def _send_one(store: S3ObjectStore, file: Upload, listed: Mapping[str, ObjectInfo]) -> bool:
    if is_there(file, listed):
        return False
    store.put_file(file.key, file.path)
    return True


@contextmanager
def _explained(store: S3ObjectStore) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        hint = f"Are the credentials right, and is there a bucket {store.uri}?"
        raise CliError(f"the object store refuses: {error}", hint) from error
    except StoreError as error:
        hint = "Run the same command again: it goes on where it stopped."
        raise CliError(f"the object store does not answer: {error}", hint) from error
