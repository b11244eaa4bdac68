"""One contract for every object store: a real S3 server, a folder, and the twin in memory."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from capforge_contracts.files import FileObjectStore
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import (
    AlreadyExists,
    NotFound,
    ObjectInfo,
    ObjectStore,
    Refused,
    StoreError,
    open_store,
)
from tests.support.objectstore import S3Server
from tests.support.ports import free_port

WRITERS = 8


@pytest.fixture(params=["s3", "folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        s3: S3Server = request.getfixturevalue("s3")
        return s3.store()
    return FileObjectStore(tmp_path / "store") if request.param == "folder" else MemoryObjectStore()


@pytest.fixture
def prefix() -> str:
    return f"contract-{uuid.uuid4().hex[:8]}"


def test_what_is_put_can_be_got(store: ObjectStore, prefix: str):
    store.put(f"{prefix}/a", b"1")
    assert store.get(f"{prefix}/a") == b"1"
    store.put(f"{prefix}/a", b"22")
    assert store.get(f"{prefix}/a") == b"22"


def test_an_empty_object_is_an_object(store: ObjectStore, prefix: str):
    store.put(f"{prefix}/empty", b"")
    assert store.get(f"{prefix}/empty") == b""
    assert store.exists(f"{prefix}/empty")


def test_a_stream_reads_in_pieces(store: ObjectStore, prefix: str):
    data = bytes(range(256)) * 4000
    store.put(f"{prefix}/a", data)
    with store.open(f"{prefix}/a") as stream:
        assert stream.read(10) == data[:10]
        assert stream.read() == data[10:]
        assert stream.read(1) == b""


def test_a_file_can_be_put(store: ObjectStore, prefix: str, tmp_path: Path):
    data = bytes(9 * 1024 * 1024)  # more than one part of a multipart upload
    (tmp_path / "file").write_bytes(data)
    store.put_file(f"{prefix}/file", tmp_path / "file")
    assert store.get(f"{prefix}/file") == data


def test_an_absent_object_is_not_found_and_named(store: ObjectStore, prefix: str):
    for read in (store.get, store.open):
        with pytest.raises(NotFound, match=prefix):
            read(f"{prefix}/nothing")
    assert not store.exists(f"{prefix}/nothing")


def test_put_new_writes_once(store: ObjectStore, prefix: str):
    store.put_new(f"{prefix}/once", b"first")
    with pytest.raises(AlreadyExists):
        store.put_new(f"{prefix}/once", b"second")
    assert store.get(f"{prefix}/once") == b"first"


def test_of_many_writers_at_once_exactly_one_wins(store: ObjectStore, prefix: str):
    def write(number: int) -> bool:
        try:
            store.put_new(f"{prefix}/race", str(number).encode())
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(write, range(WRITERS)))
    assert won.count(True) == 1
    assert store.get(f"{prefix}/race") == str(won.index(True)).encode()


def test_a_listing_has_the_keys_below_a_prefix_in_order_with_sizes(store: ObjectStore, prefix: str):
    for key in ("b/2", "a", "b/10", "b-c", "c"):
        store.put(f"{prefix}/{key}", key.encode())
    everything = [ObjectInfo(f"{prefix}/{key}", len(key)) for key in ("a", "b-c", "b/10", "b/2", "c")]
    assert list(store.list(f"{prefix}/")) == everything
    assert list(store.list(f"{prefix}/b")) == everything[1:4]
    assert list(store.list(f"{prefix}/b/")) == everything[2:4]
    assert list(store.list(f"{prefix}/nothing/")) == []


def test_a_long_listing_is_complete(store: ObjectStore, prefix: str):
    keys = [f"{prefix}/{number:05d}" for number in range(1100)]  # more than one page of S3
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    assert [info.key for info in store.list(f"{prefix}/")] == keys


def test_deleting_twice_is_no_error(store: ObjectStore, prefix: str):
    store.put(f"{prefix}/a", b"1")
    store.delete(f"{prefix}/a")
    store.delete(f"{prefix}/a")
    assert not store.exists(f"{prefix}/a")


@pytest.mark.parametrize("name", ["with space", "ümlaut", "a+b", "100%", "q?x=1", "#"])
def test_names_that_need_quoting_work(store: ObjectStore, prefix: str, name: str):
    store.put(f"{prefix}/{name}", b"1")
    assert store.get(f"{prefix}/{name}") == b"1"
    assert [info.key for info in store.list(f"{prefix}/")] == [f"{prefix}/{name}"]


# -- what only one of them does


def test_a_server_that_is_away_is_a_store_error(s3: S3Server):
    env = {**s3.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(StoreError) as raised:
        S3ObjectStore.from_environment("capforge", env).get("a")
    assert not isinstance(raised.value, NotFound | Refused)


@pytest.fixture
def cutting_server() -> Iterator[str]:
    """Announces 1000 bytes, sends 10 and hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"0123456789")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_that_breaks_off_is_a_store_error(s3: S3Server, cutting_server: str):
    store = S3ObjectStore.from_environment("capforge", {**s3.environment, "AWS_ENDPOINT_URL": cutting_server})
    with pytest.raises(StoreError):
        store.get("a")
    with store.open("a") as stream, pytest.raises(StoreError):
        stream.read()


@pytest.mark.parametrize(
    "act",
    [lambda s3: s3.store("no-such-bucket").get("a"), lambda s3: list(s3.store("no-such-bucket").list(""))],
    ids=["get", "list"],
)
def test_an_unknown_bucket_is_refused(s3: S3Server, act: Callable[[S3Server], object]):
    with pytest.raises(Refused, match="NoSuchBucket"):
        act(s3)


def test_wrong_credentials_are_refused_and_not_shown(s3: S3Server):
    env = {**s3.environment, "AWS_SECRET_ACCESS_KEY": "my-secret-value"}
    with pytest.raises(Refused) as raised:
        S3ObjectStore.from_environment("capforge", env).get("a")
    assert "my-secret-value" not in str(raised.value)


def test_a_folder_refuses_keys_that_leave_it(tmp_path: Path):
    with pytest.raises(ValueError, match="leaves the store"):
        FileObjectStore(tmp_path).put("../a", b"")


def test_a_store_is_opened_by_its_address(s3: S3Server, tmp_path: Path):
    assert open_store(s3.environment).uri == "s3://capforge"
    assert open_store({"CAPFORGE_STORE": tmp_path.as_uri()}).uri == tmp_path.as_uri()


@pytest.mark.parametrize("uri", ["", "s3://", "http://x", "file://"])
def test_a_wrong_address_names_the_variable(uri: str):
    with pytest.raises(ValueError, match=r"CAPFORGE_STORE is .*allowed: s3://<bucket> or file:///<folder>"):
        open_store({"CAPFORGE_STORE": uri})
