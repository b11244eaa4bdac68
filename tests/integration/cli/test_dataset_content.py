"""`capforge dataset list | stats | diff | export`: on a real S3 server, and through a gateway alone."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, read_manifest, write_manifest
from capforge_contracts.model import sha256_hex
from tests.integration.cli.command import Ended, capforge
from tests.integration.gateway.datasets.world import Shelves
from tests.integration.gateway.process import NAMESPACE, capability, gateway_process, opened, version
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server

CLASSES = ("cat", "dog")


def picture(seed: int) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (30, 40, 3), dtype=np.uint8)).save(target, "PNG")
    return target.getvalue()


def entity(name: str = "cat", x0: float = 1) -> ManifestEntity:
    return ManifestEntity(class_name=name, box=[x0, 2, x0 + 10, 12])


@dataclass(frozen=True)
class Shelf:
    """Locked datasets of one namespace."""

    s3: S3Server
    namespace: str

    def lock(self, *items: ManifestItem) -> str:
        """Write the manifest; return its digest."""
        data = write_manifest(CLASSES, items)
        digest = sha256_hex(data)
        self.s3.store().put(layout.manifest(self.namespace, digest), data)
        return digest

    def item(self, seed: int, split: Split, *entities: ManifestEntity, name: str = "") -> ManifestItem:
        """Put a picture there; return its line."""
        data = picture(seed)
        sha256 = sha256_hex(data)
        self.s3.store().put(layout.blob(self.namespace, sha256), data)
        named = name or f"{seed}.png"
        return ManifestItem(sha256=sha256, name=named, width=40, height=30, split=split, entities=list(entities))

    @property
    def environment(self) -> Mapping[str, str]:
        return self.s3.environment

    def run(self, *arguments: str | Path, kube: KubeApi | None = None) -> Ended:
        return capforge("dataset", *arguments, "--namespace", self.namespace, env=self.environment, kube=kube)


@pytest.fixture
def shelf(s3: S3Server, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(s3, f"team-{sha256_hex(request.node.name.encode())[:8]}")


def test_figures_by_split_and_class(shelf: Shelf):
    digest = shelf.lock(
        shelf.item(1, Split.TRAIN, entity(), entity(x0=5)),
        shelf.item(2, Split.TRAIN),
        shelf.item(3, Split.DEV, entity("dog")),
    )
    told = json.loads(shelf.run("stats", digest, "--output", "json").out)
    assert told["digest"] == digest
    train, dev = told["splits"]["Train"], told["splits"]["Dev"]
    assert (train["images"], train["imagesWithoutObjects"], train["objects"]) == (2, 1, 2)
    assert train["byClass"] == {"cat": {"objects": 2, "images": 1}, "dog": {"objects": 0, "images": 0}}
    assert dev["byClass"]["dog"] == {"objects": 1, "images": 1}
    assert train["medianObjectSidePixels"] == 10.0
    shown = shelf.run("stats", digest).out
    assert "2 (1)" in shown
    assert digest[:12] in shown


def test_what_differs_is_told_by_content(shelf: Shelf):
    kept = shelf.item(1, Split.TRAIN, entity())
    old = shelf.lock(kept, shelf.item(2, Split.TRAIN), shelf.item(3, Split.DEV, entity()), shelf.item(4, Split.DEV))
    new = shelf.lock(
        kept.model_copy(update={"name": "renamed.png"}),
        shelf.item(3, Split.DEV, entity("dog")),
        shelf.item(4, Split.TRAIN),
        shelf.item(5, Split.TRAIN),
    )
    told = json.loads(shelf.run("diff", old, new, "--output", "json").out)
    assert told["same"] == 1
    found = [(one["what"], one["name"], one["detail"]) for one in told["changes"]]
    assert found == [
        ("added", "5.png", ""),
        ("moved", "4.png", "Dev to Train"),
        ("relabelled", "3.png", "1 objects out, 1 in"),
        ("removed", "2.png", ""),
    ]
    assert told["objects"] == {"cat": {"before": 2, "after": 1}, "dog": {"before": 0, "after": 1}}
    shown = shelf.run("diff", old, new, "--limit", "1")
    assert "1 images are the same; 1 added, 1 moved, 1 relabelled, 1 removed." in shown.out
    assert "3 more" in shown.err
    assert "nothing differs" in shelf.run("diff", old, old).out


def test_an_export_is_whole_and_goes_on_after_a_stop(shelf: Shelf, tmp_path: Path):
    items = [shelf.item(seed, Split.TRAIN, entity()) for seed in (1, 2)]
    digest = shelf.lock(*items)
    done = shelf.run("export", digest, tmp_path, "--format", "manifest")
    assert done.code == 0, done.err
    assert "2 images" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "2.png", "manifest.jsonl"]
    assert (tmp_path / "1.png").read_bytes() == picture(1)
    assert sha256_hex((tmp_path / "manifest.jsonl").read_bytes()) == digest
    (tmp_path / "1.png").write_bytes(b"half")
    (tmp_path / "manifest.jsonl").unlink()
    again = shelf.run("export", digest, tmp_path, "--format", "manifest")
    assert "(1 fetched, 1 were there)" in again.err
    assert (tmp_path / "1.png").read_bytes() == picture(1)
    _, found = read_manifest((tmp_path / "manifest.jsonl").read_bytes())
    assert len(list(found)) == 2


def test_one_split_alone(shelf: Shelf, tmp_path: Path):
    digest = shelf.lock(shelf.item(1, Split.TRAIN, entity()), shelf.item(2, Split.DEV, entity()))
    assert shelf.run("export", digest, tmp_path, "--split", "dev").code == 0
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == ["dev.json", "images/2.png"]
    refused = shelf.run("export", digest, tmp_path, "--split", "test")
    assert (refused.code, "no item of split Test" in refused.err) == (2, True)


def test_a_purged_picture_is_named(shelf: Shelf, tmp_path: Path):
    item = shelf.item(1, Split.TRAIN, entity())
    digest = shelf.lock(item)
    shelf.s3.store().delete(layout.blob(shelf.namespace, item.sha256))
    done = shelf.run("export", digest, tmp_path)
    assert done.code == 1
    assert "images/1.png" in done.err
    assert "purged" in done.err
    assert not list(tmp_path.rglob("*.json"))


def test_a_damaged_picture_is_not_written(shelf: Shelf, tmp_path: Path):
    item = shelf.item(1, Split.TRAIN, entity())
    digest = shelf.lock(item)
    shelf.s3.store().put(layout.blob(shelf.namespace, item.sha256), b"something else")
    done = shelf.run("export", digest, tmp_path)
    assert (done.code, "is damaged" in done.err) == (1, True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_unknown_digest_and_what_is_no_manifest_are_refused_in_words(shelf: Shelf):
    unknown = shelf.run("stats", "0" * 64)
    assert (unknown.code, "there is no manifest" in unknown.err) == (1, True)
    data = b'{"format":"capforge.pages/v1"}\n'
    shelf.s3.store().put(layout.manifest(shelf.namespace, sha256_hex(data)), data)
    strange = shelf.run("stats", sha256_hex(data))
    assert (strange.code, "'capforge.pages/v1' is unknown" in strange.err) == (3, True)


def test_a_dataset_by_its_name(shelf: Shelf, kube: KubeApi):
    kube.apply_crds()
    namespace = kube.create_namespace("team")
    named = Shelf(shelf.s3, namespace)
    digest = named.lock(named.item(1, Split.TRAIN, entity()))
    source = {"coco": {"annotationsUri": f"s3://capforge/{namespace}/a.json"}}
    metadata = {"name": "cells", "namespace": namespace}
    kube.apply(
        {"apiVersion": "capforge.dev/v1alpha1", "kind": "Dataset", "metadata": metadata, "spec": {"source": source}}
    )
    waits = named.run("stats", "cells", kube=kube)
    assert (waits.code, "is not locked" in waits.err) == (1, True)
    kube.write_status("Dataset", namespace, "cells", {"digest": digest})
    assert digest[:12] in named.run("stats", "cells", kube=kube).out
    missing = named.run("stats", "nothing", kube=kube)
    assert (missing.code, "datasets" in missing.err) == (1, True)


def test_through_a_gateway_an_api_key_is_enough(s3: S3Server, tmp_path: Path):
    shelves = Shelves(s3.store())
    items = [shelves.item(700 + number, Split.TRAIN, entity()) for number in range(3)]
    before, after = shelves.lock("cli-1", items[:2]), shelves.lock("cli-2", items)
    with gateway_process(tmp_path / "gateway", plain=s3.environment) as process:
        opened(process, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1"))
        known = {"CAPFORGE_GATEWAY_URL": process.url, "CAPFORGE_API_KEY": process.key}

        def run(*arguments: str | Path) -> Ended:
            return capforge("dataset", *arguments, "--namespace", NAMESPACE, env=known)

        listed = run("list")
        assert listed.code == 0, listed.err
        assert ["cli-1", "Locked", "2", "0", before[:12]] in [line.split()[:5] for line in listed.out.splitlines()]
        assert json.loads(run("stats", "cli-2", "-o", "json").out)["digest"] == after
        assert "2 images are the same; 1 added." in run("diff", "cli-1", after).out
        folder = tmp_path / "files"
        done = run("export", "cli-2", folder, "--format", "yolo")
        assert "3 images" in done.err, done.err
        assert [sha256_hex(path.read_bytes()) for path in sorted(folder.rglob("*.png"))] == [
            one.sha256 for one in items
        ]
        (folder / "images" / "train" / "700.png").write_bytes(b"half")
        assert "(1 fetched, 2 were there)" in run("export", "cli-2", folder, "--format", "yolo").err
        missing = run("stats", "nothing")
        assert (missing.code, "NotFound: there is no such dataset" in missing.err) == (1, True)


def test_a_class_that_a_stranger_named_is_shown_as_it_is(shelf: Shelf) -> None:
    names = ["[/red]", "[bold]x[/bold]", "[link=https://example.org]here[/link]", "\x9b31m", "\u202egnp"]
    one = shelf.item(1, Split.TRAIN, *(entity(name) for name in names), name="[/]/\x9b.png")
    digests = []
    for items in ([one], [one.model_copy(update={"entities": one.entities[:1]})]):
        data = write_manifest(names, items)
        digests.append(sha256_hex(data))
        shelf.s3.store().put(layout.manifest(shelf.namespace, digests[-1]), data)
    for told in (shelf.run("stats", digests[0]), shelf.run("diff", *digests)):
        assert told.code == 0, told.err
        for name in ("[/red]", "[bold]x[/bold]", "[link=https://example.org]here[/link]", "\\x9b31m"):
            assert name in told.out, told.out
        assert "\x9b" not in told.out
