"""`capforge data push` against a real S3 server."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capforge.data.finding import looked_through
from capforge.data.plan import etag_of
from capforge.data.push import send
from capforge_contracts.dataset import Fault, SnapshotOutcome, SnapshotRequest
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VocSource, YoloSource
from capforge_contracts.store import StoreUri
from capforge_snapshot.snapshot import take_snapshot
from tests.integration.cli.command import capforge, environment
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually
from tests.support.faults.kinds import NeverAnswers
from tests.support.faults.proxy import Proxy
from tests.support.faults.words import s3_words
from tests.support.objectstore import S3Server
from tests.support.ports import refusing_port
from tests.unit.snapshot.cocofolder import CocoFolder, broken, picture


def write(folder: Path, source: CocoFolder) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.json").write_text(json.dumps(source.document))
    for name, data in source.files.items():
        (folder / name).write_bytes(data)
    return folder


def credentials(s3: S3Server) -> dict[str, str]:
    return {name: value for name, value in s3.environment.items() if name.startswith("AWS_")}


def keys(s3: S3Server, prefix: str) -> list[str]:
    return [info.key.removeprefix(f"{prefix}/") for info in s3.store().list(f"{prefix}/")]


@pytest.fixture
def prefix() -> str:
    return f"team-{uuid.uuid4().hex[:6]}/cells"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "cells", CocoFolder())


def test_a_folder_is_sent_and_its_address_printed(s3: S3Server, folder: Path, prefix: str):
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    assert done.code == 0, done.err
    assert done.out.split() == [f"s3://capforge/{prefix}/train.json"]
    assert keys(s3, prefix) == ["1.png", "2.png", "3.png", "train.json"]
    assert s3.store().get(f"{prefix}/2.png") == (folder / "2.png").read_bytes()
    assert "4 files sent" in done.err
    assert "100%" not in done.out


def test_what_is_there_already_is_not_sent_again(s3: S3Server, folder: Path, prefix: str):
    for expected in ("4 files sent", "0 files sent (0.0 MB), 4 were there already"):
        assert expected in capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3)).err


def test_only_what_changed_is_sent(s3: S3Server, folder: Path, prefix: str):
    capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    (folder / "2.png").write_bytes(picture(99))
    s3.store().delete(f"{prefix}/3.png")
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    assert "2 files sent" in done.err
    assert s3.store().get(f"{prefix}/2.png") == picture(99)


def test_files_that_no_coco_file_names_are_not_sent(s3: S3Server, folder: Path, prefix: str):
    (folder / "secret.txt").write_text("x")
    (folder / "settings.json").write_text('{"theme": "dark"}')
    capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    assert keys(s3, prefix) == ["1.png", "2.png", "3.png", "train.json"]


@pytest.mark.parametrize("size", [0, 1, 8 * 1024 * 1024 - 1, 8 * 1024 * 1024, 20 * 1024 * 1024])
def test_digests_of_files_are_those_of_the_server(s3: S3Server, tmp_path: Path, prefix: str, size: int):
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    s3.store().put_file(f"{prefix}/file", path)
    (info,) = s3.store().list(f"{prefix}/file")
    assert info.etag == etag_of(path)


def test_faults_are_listed_and_nothing_is_sent(s3: S3Server, tmp_path: Path, prefix: str):
    def faulty(folder: CocoFolder) -> None:
        folder.document["annotations"][0]["bbox"] = [0, 0, 0, 9]
        del folder.files["3.png"]

    folder = write(tmp_path / "cells", broken(faulty))
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    assert done.code == 3
    assert "annotation 11: ZeroAreaBox" in done.err
    assert "image 3 (3.png): MissingImage" in done.err
    assert "2 faulty records" in done.err
    assert "--allow-faults" in done.err
    assert keys(s3, prefix) == []


def test_faulty_data_is_sent_when_asked_for(s3: S3Server, tmp_path: Path, prefix: str):
    folder = write(tmp_path / "cells", broken(lambda f: f.files.pop("3.png")))
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", "--allow-faults", env=credentials(s3))
    assert done.code == 0, done.err
    assert keys(s3, prefix) == ["1.png", "2.png", "train.json"]


def test_a_push_that_was_killed_goes_on_and_never_shows_half_a_data_set(s3: S3Server, tmp_path: Path, prefix: str):
    numbers = range(300)
    document = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 30} for n in numbers],
        "categories": [],
        "annotations": [],
    }
    folder = write(tmp_path / "many", CocoFolder(document=document, files={f"{n}.png": picture(n) for n in numbers}))
    command = [sys.executable, "-m", "capforge", "data", "push", str(folder), f"s3://capforge/{prefix}"]
    with Proxy(s3.endpoint_url, s3_words).running() as proxy:
        proxy.rules.add(NeverAnswers(), method="PUT", when=lambda number: number > 40)
        known = {**credentials(s3), "AWS_ENDPOINT_URL": proxy.url}
        with subprocess.Popen(command, env=environment(known), stderr=subprocess.DEVNULL) as process:
            eventually(lambda: len(proxy.journal.successful("PUT", "")) == 40, 60)
            process.kill()
    there = keys(s3, prefix)
    assert len(there) == 40
    assert "train.json" not in there
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", env=credentials(s3))
    assert done.code == 0, done.err
    assert "261 files sent" in done.err
    assert len(keys(s3, prefix)) == 301


@pytest.mark.parametrize(
    ("destination", "change", "code", "says"),
    [
        ("/tmp/x", {}, 2, "allowed: s3://<bucket>/<key>"),  # noqa: S108 - not used
        ("s3://no-such-bucket-at-all/x", {}, 1, "is there a bucket s3://no-such-bucket-at-all?"),
        ("s3://capforge/x", {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, 1, "Are the credentials right"),
        ("s3://capforge/x", {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{refusing_port()}"}, 1, "goes on where it stopped"),
        ("s3://capforge/x", {"AWS_ACCESS_KEY_ID": ""}, 1, "Name a prepared namespace by --namespace"),
    ],
    ids=["no address", "no bucket", "wrong secret", "server away", "no credentials"],
)
def test_errors_say_what_to_do(
    s3: S3Server, folder: Path, destination: str, change: dict[str, str], code: int, says: str
):
    done = capforge("data", "push", folder, destination, env={**credentials(s3), **change})
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    assert "wrong-secret" not in done.err


def test_a_folder_without_a_coco_file_is_named(s3: S3Server, tmp_path: Path):
    done = capforge("data", "push", tmp_path, "s3://capforge/x", env=credentials(s3))
    assert done.code == 3
    assert "there is no COCO file in" in done.err
    missing = capforge("data", "push", tmp_path / "nothing", "s3://capforge/x", env=credentials(s3))
    assert missing.code == 2


# -- other formats


LABELS = b"0 0.5 0.5 0.25 0.25\n"
XML = b"""<annotation><filename>a.png</filename><size><width>40</width><height>30</height></size>
<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"""
LINE = {"name": "a.png", "entities": [{"className": "cat", "box": [1, 1, 9, 9]}]}
FORMATS = {
    "yolo": {"data.yaml": b"names: [cat]\ntrain: images\n", "images/a.png": picture(1), "labels/a.txt": LABELS},
    "voc": {"Annotations/a.xml": XML, "JPEGImages/a.png": picture(1)},
    "image-folder": {"cat/a.png": picture(1)},
    "manifest": {
        "own.jsonl": b'{"format":"capforge.dataset/v1","classes":["cat"]}\n' + json.dumps(LINE).encode(),
        "a.png": picture(1),
    },
}
SOURCES: dict[str, Callable[[str], dict[str, Any]]] = {
    "yolo": lambda uri: {"yolo": YoloSource(data_uri=uri)},
    "voc": lambda uri: {"voc": VocSource(annotations_uri=uri)},
    "image-folder": lambda uri: {"image_folder": ImageFolderSource(images_uri=uri)},
    "manifest": lambda uri: {"manifest": ManifestSource(manifest_uri=uri)},
}


@pytest.mark.parametrize("form", list(FORMATS))
def test_what_is_sent_in_any_format_a_snapshot_reads_at_the_address_that_is_printed(
    s3: S3Server, tmp_path: Path, prefix: str, form: str
):
    for name, data in FORMATS[form].items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    labelled = looked_through(tmp_path / "in")
    assert (labelled.form, labelled.faults) == (form, [])
    place = StoreUri("capforge", prefix)
    sent = send(s3.store(), place, tmp_path / "in", labelled, lambda _: None)
    assert sent.files == len(FORMATS[form])
    assert send(s3.store(), place, tmp_path / "in", labelled, lambda _: None).unchanged == sent.files
    (uri,) = sent.uris
    namespace = prefix.partition("/")[0]
    told = SOURCES[form](uri)
    request = SnapshotRequest(
        namespace=namespace, dataset="a", spec_hash="a" * 64, as_of="2026-01-01T00:00:00Z", **told
    )
    result = take_snapshot(request, s3.store(), tmp_path)
    assert (result.outcome, result.items, result.entities) == (SnapshotOutcome.LOCKED, 1, 1), result


def test_every_fault_of_every_label_is_told_and_written_before_a_byte_is_sent(
    s3: S3Server, tmp_path: Path, prefix: str
):
    folder = tmp_path / "in"
    for name, data in FORMATS["yolo"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "labels/a.txt").write_bytes(b"7 0.5 0.5 0.1 0.1\n" * 30)
    listed = tmp_path / "faults.jsonl"
    command = ("data", "push", folder, f"s3://capforge/{prefix}", "--faults", listed)
    done = capforge(*command, env=credentials(s3))
    assert done.code == 3
    assert "labels/a.txt: line 20: UndeclaredCategory" in done.err
    assert "10 more" in done.err
    found = [Fault.from_json(line) for line in listed.read_bytes().splitlines()]
    assert [(one.file, one.record) for one in found] == [("labels/a.txt", f"line {n}") for n in range(1, 31)]
    assert keys(s3, prefix) == []
    assert capforge(*command[:-1], tmp_path / "no" / "where", env=credentials(s3)).code == 2


# -- credentials of a namespace


def store_secret(s3: S3Server, namespace: str, **changes: str) -> dict[str, object]:
    values = {
        "store": "s3://capforge",
        "accessKeyId": s3.access_key,
        "secretAccessKey": s3.secret_key,
        "endpointUrl": s3.endpoint_url,
        "region": "us-east-1",
        "pathStyle": "true",
        **changes,
    }
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": "capforge-object-store", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def test_a_namespaces_secret_gives_the_credentials(s3: S3Server, kube: KubeApi, kube_namespace: str, folder: Path):
    kube.apply(store_secret(s3, kube_namespace))
    prefix = f"{kube_namespace}/cells"
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", "-n", kube_namespace, kube=kube)
    assert done.code == 0, done.err
    assert len(keys(s3, prefix)) == 4


def test_a_place_that_a_dataset_of_the_namespace_could_not_read_is_refused(
    s3: S3Server, kube: KubeApi, kube_namespace: str, folder: Path
):
    kube.apply(store_secret(s3, kube_namespace))
    done = capforge("data", "push", folder, "s3://capforge/other/cells", "-n", kube_namespace, kube=kube)
    assert done.code == 2
    assert f"allowed: s3://capforge/{kube_namespace}/" in done.err


def test_a_namespace_that_is_not_prepared_is_named(kube: KubeApi, kube_namespace: str, folder: Path):
    done = capforge("data", "push", folder, "s3://capforge/x", "-n", kube_namespace, kube=kube)
    assert done.code == 1
    assert f"namespace {kube_namespace} has no Secret capforge-object-store" in done.err
    assert f"helm install capforge-tenant charts/capforge-tenant -n {kube_namespace}" in done.err
