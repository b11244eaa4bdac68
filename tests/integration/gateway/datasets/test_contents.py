"""What is in datasets, over HTTP: the list, one, figures, differences, images."""

from __future__ import annotations

import json

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, Split
from capforge_contracts.model import sha256_hex
from tests.integration.gateway.datasets.world import Reader, Shelves, entity
from tests.integration.gateway.process import TOKEN
from tests.support.eventually import eventually


def test_datasets_of_every_state_are_listed_a_page_at_a_time(shelves: Shelves, reader: Reader) -> None:
    listed = Shelves(shelves.store, "listed")
    asking = Reader(reader.process, "listed")
    key = reader.process.create_key(namespace="listed")
    eventually(lambda: reader.process.accepts(key, "listed"))
    digest = listed.lock("boxes", [listed.item(1, Split.TRAIN, entity())])
    listed.ended("broken", SnapshotOutcome.FAULTY_RECORDS)
    listed.asked("cells")
    listed.asked("cells-2")
    pages, cursor = [], ""
    while cursor is not None:
        answer = asking.call("", key=key, params={"limit": "2", "cursor": cursor}).json()
        pages.append([(one["name"], one["state"], one["digest"]) for one in answer["datasets"]])
        cursor = answer["pagination"]["next"]
    assert pages == [
        [("boxes", "Locked", digest), ("broken", "FaultyRecords", None)],
        [("cells-2", "Snapshotting", None), ("cells", "Snapshotting", None)],
    ]
    one = asking.call("/broken", key=key).json()["datasets"][0]
    assert one["faults"] == [
        {"code": "ZeroAreaBox", "file": "train.json", "record": "annotation 1", "message": "no area"}
    ]
    assert (one["source"], one["as_of"]) == ("coco", "2026-01-01T00:00:00Z")
    refused = asking.refused("/broken/stats", 409, key=key)
    assert (refused["code"], refused["details"]["state"]) == ("NotLocked", "FaultyRecords")
    assert asking.refused("/cells/stats", 409, key=key)["details"]["state"] == "Snapshotting"


def test_figures_by_split_and_class(shelves: Shelves, reader: Reader) -> None:
    items = [
        shelves.item(1, Split.TRAIN, entity(), entity(x0=5)),
        shelves.item(2, Split.TRAIN),
        shelves.item(3, Split.DEV, entity("dog")),
    ]
    digest = shelves.lock("figures", items)
    by_name, by_digest = (reader.found(f"/{one}/stats")["stats"] for one in ("figures", digest))
    assert by_name == by_digest
    train, dev = by_name["splits"]
    assert (train["split"], train["images"], train["images_without_objects"], train["objects"]) == ("Train", 2, 1, 2)
    assert train["median_object_side_pixels"] == 10.0
    assert train["classes"] == [{"name": "cat", "objects": 2, "images": 1}, {"name": "dog", "objects": 0, "images": 0}]
    assert dev["classes"][1] == {"name": "dog", "objects": 1, "images": 1}
    assert [one["name"] for one in reader.found(f"/{digest}")["datasets"]] == ["figures"]


def test_what_differs_is_told_by_content_a_page_at_a_time(shelves: Shelves, reader: Reader) -> None:
    kept = shelves.item(11, Split.TRAIN, entity())
    old = shelves.lock(
        "old", [kept, shelves.item(12, Split.TRAIN), shelves.item(13, Split.DEV, entity()), shelves.item(14, Split.DEV)]
    )
    changed = [shelves.item(13, Split.DEV, entity("dog")), shelves.item(14, Split.TRAIN), shelves.item(15, Split.TRAIN)]
    new = shelves.lock("new", [kept.model_copy(update={"name": "renamed.png"}), *changed])
    found = reader.found("/old/diff/new")
    told = found["difference"]
    assert (told["before"], told["after"], told["same"]) == (old, new, 1)
    assert told["counts"] == {"added": 1, "moved": 1, "relabelled": 1, "removed": 1}
    assert [(one["what"], one["name"], one["detail"]) for one in told["changes"]] == [
        ("added", "15.png", ""),
        ("moved", "14.png", "Dev to Train"),
        ("relabelled", "13.png", "1 objects out, 1 in"),
        ("removed", "12.png", ""),
    ]
    assert told["objects"][0] == {"name": "cat", "before": 2, "after": 1}
    assert found["pagination"]["next"] is None
    first = reader.found("/old/diff/new", limit=3)
    rest = reader.found("/old/diff/new", limit=3, cursor=first["pagination"]["next"])
    assert first["difference"]["changes"] + rest["difference"]["changes"] == told["changes"]
    assert rest["difference"]["counts"] == told["counts"], "the counts are of everything"
    assert reader.found("/old/diff/old")["difference"]["changes"] == []


def test_images_are_listed_by_digest_and_filtered(shelves: Shelves, reader: Reader) -> None:
    items = [
        shelves.item(20 + n, Split.DEV if n % 2 else Split.TRAIN, entity("dog" if n < 2 else "cat")) for n in range(6)
    ]
    shelves.lock("listed-items", items)
    ordered = sorted(items, key=lambda item: item.sha256)
    first = reader.found("/listed-items/items", limit=4)
    rest = reader.found("/listed-items/items", limit=4, cursor=first["pagination"]["next"])
    assert [one["sha256"] for one in first["items"] + rest["items"]] == [item.sha256 for item in ordered]
    assert rest["pagination"]["next"] is None
    dev = reader.found("/listed-items/items", split="Dev")["items"]
    assert {one["name"] for one in dev} == {"21.png", "23.png", "25.png"}
    dogs = reader.found("/listed-items/items", **{"class": "dog"})["items"]
    assert {one["name"] for one in dogs} == {"20.png", "21.png"}
    assert reader.found("/listed-items/items", **{"class": "zebra"})["items"] == []


def test_one_image_with_everything_that_was_locked(shelves: Shelves, reader: Reader) -> None:
    polygon = [1.0, 2.0, 11.0, 2.0, 11.0, 12.0]
    full = entity(polygon=polygon, id="tom", attributes={"pose": "left"})
    item = shelves.item(30, Split.TEST, full)
    shelves.lock("one", [item])
    (found,) = reader.found(f"/one/items/{item.sha256}")["items"]
    assert found["entities"] == [
        {"class": "cat", "box": [1, 2, 11, 12], "polygon": polygon, "id": "tom", "attributes": {"pose": "left"}}
    ]
    assert (found["name"], found["width"], found["height"], found["split"]) == ("30.png", 64, 48, "Test")
    data = reader.process.http.get(found["content"], headers=reader.process.authorization())
    assert (sha256_hex(data.content), data.headers["content-type"]) == (item.sha256, "image/png")
    assert data.headers["content-length"] == str(len(data.content))


def test_a_name_of_several_contents_is_named_by_digest(shelves: Shelves, reader: Reader) -> None:
    older = shelves.lock("twice", [shelves.item(40, Split.TRAIN)], spec="a", day=1)
    newer = shelves.lock("twice", [shelves.item(41, Split.TRAIN)], spec="b", day=2)
    refused = reader.refused("/twice/stats", 409)
    assert (refused["code"], refused["details"]["digests"]) == ("AmbiguousName", [newer, older])
    assert [one["digest"] for one in reader.found("/twice")["datasets"]] == [newer, older]
    assert reader.found(f"/{older}/stats")["stats"]["digest"] == older
    same = shelves.lock("same", [shelves.item(40, Split.TRAIN)], spec="a")
    shelves.lock("same", [shelves.item(40, Split.TRAIN)], spec="b")
    assert reader.found("/same/stats")["stats"]["digest"] == same, "one content under two specs is one content"


def test_strangers_and_other_tenants_learn_nothing(shelves: Shelves, reader: Reader) -> None:
    digest = shelves.lock("any", [shelves.item(1, Split.TRAIN)])
    rival, unknown = reader.process.create_key(namespace="rival"), Reader(reader.process, "nobody")
    eventually(lambda: reader.process.accepts(rival, "rival"))
    image = f"/any/items/{'0' * 64}"
    calls = ["", "/any", "/any/stats", "/any/diff/any", "/any/items", image, f"{image}/content", "/any/export"]
    for path in [*calls, "/any/manifest.jsonl", "/nothing/stats", f"/{digest}/stats", "/any/stats?wrong=1"]:
        for key in ("cf_wrong", TOKEN, rival):
            assert reader.refused(path, 401, key=key)["code"] == "Unauthorized"
        assert unknown.refused(path, 401)["code"] == "Unauthorized"
    assert reader.refused("/any/files", 401, method="POST", key=rival, json={})["code"] == "Unauthorized"


def test_another_tenants_dataset_is_not_there(shelves: Shelves, reader: Reader) -> None:
    rival = Shelves(shelves.store, "rival")
    item = rival.item(50, Split.TRAIN)
    digest = rival.lock("theirs", [item])
    shelves.lock("ours", [shelves.item(51, Split.TRAIN)])
    for path in (f"/{digest}/stats", "/theirs/stats", f"/ours/diff/{digest}", f"/{digest}/export", f"/{digest}"):
        assert reader.refused(path, 404)["code"] == "NotFound"
    assert reader.refused(f"/ours/items/{item.sha256}", 404)["code"] == "NotFound"
    assert reader.refused(f"/ours/items/{item.sha256}/content", 404)["code"] == "NotFound"


def test_what_is_not_there_is_not_found(reader: Reader) -> None:
    names = ["nothing", "0" * 64, "Nothing", "..%2e", "nothing%00", "x" * 300, "%C3%BC", "-nothing", "a" * 63]
    for path in [f"/{name}/stats" for name in names] + ["/nothing", "/nothing/diff/nothing", "/nothing/export"]:
        assert reader.refused(path, 404)["code"] == "NotFound"


def test_a_wrong_query_is_refused_with_what_is_allowed(shelves: Shelves, reader: Reader) -> None:
    shelves.lock("any", [shelves.item(1, Split.TRAIN)])
    for path, says in [
        ("/any/export?format=voc", "'coco', 'yolo', 'manifest' or 'csv'"),
        ("/any/export?format=csv", "allowed: coco, yolo, manifest"),
        ("/any/items?field=total", "class"),
        ("/any/items?said=Absent", "class"),
        ("/any/items?said=no", "'Value', 'Absent' or 'NotSaid'"),
        ("/any/export?archive=rar", "'zip' or 'tar'"),
        ("/any/export?split=dev", "'Train', 'Dev' or 'Test'"),
        ("/any/export?splits=Dev", "splits"),
        ("/any/items?split=All", "'Train', 'Dev' or 'Test'"),
        ("/any/items?limit=0", "limit"),
        ("/any/items?limit=100000", "limit"),
        ("/any/items?cursor=zzz", "cursor"),
        ("/any/items?cursor=ImEi", "cursor"),
        ("/any/items?cursor=LTE=", "cursor"),
        ("/any/diff/any?cursor=MQ==", "cursor"),
        ("?cursor=MQ==", "cursor"),
        ("/any/stats?split=Dev", "split"),
    ]:
        refused = reader.refused(path, 400)
        assert refused["code"] == "BadRequest"
        assert says in refused["message"], path


def test_what_was_damaged_is_told_in_words(shelves: Shelves, reader: Reader) -> None:
    changed = shelves.lock("changed", [shelves.item(60, Split.TRAIN)])
    key = layout.manifest("acme", changed)
    shelves.store.put(key, shelves.store.get(key).replace(b"60.png", b"61.png"))
    refused = reader.refused("/changed/stats", 503)
    assert "another digest" in refused["details"]["reason"]
    shelves.store.put(layout.snapshot_result("acme", "swollen", "a" * 64), b" " * (2 * 2**20))
    assert reader.refused("/swollen/stats", 409)["code"] == "NotLocked", "a tenant's program may write anything there"
    strange = json.dumps({"format": "capforge.dataset/v1", "classes": []}).encode() + b"\n[]\n"
    shelves.store.put(layout.manifest("acme", sha256_hex(strange)), strange)
    assert "line 2" in reader.refused(f"/{sha256_hex(strange)}/stats", 503)["details"]["reason"]
