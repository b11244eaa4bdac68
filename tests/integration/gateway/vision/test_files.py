"""Images over HTTP: kept once by content, found, listed, deleted."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator

import pytest

from capforge_contracts import layout
from tests.integration.gateway.documents.world import error_of
from tests.integration.gateway.process import NAMESPACE
from tests.integration.gateway.vision.conftest import OpenGateway
from tests.integration.gateway.vision.world import HEIGHT, WIDTH, VisionGateway, picture
from tests.support.objectstore import S3Server

NUMBERS: Iterator[int] = iter(range(1000, 2000))


def fresh() -> bytes:
    """An image that no other test has."""
    return picture(next(NUMBERS))


def test_an_image_is_kept_under_its_digest_with_what_is_told_about_it(shared: VisionGateway, s3: S3Server) -> None:
    data = fresh()
    answer = shared.upload(data, name="north.png", source="camera-1", metadata='{"site": "north"}')
    assert answer.status_code == 201, answer.text
    file = answer.json()["file"]
    digest = hashlib.sha256(data).hexdigest()
    assert s3.store().get(layout.blob(NAMESPACE, digest)) == data
    expected = {
        "name": "north.png",
        "content_type": "image/png",
        "sha256": digest,
        "size_bytes": len(data),
        "width": WIDTH,
        "height": HEIGHT,
        "source": "camera-1",
        "metadata": {"site": "north"},
        "uploader": "test",
        "submission": None,
    }
    assert {name: file[name] for name in expected} == expected
    for name in (file["id"], digest, file["id"].upper()):
        assert shared.call("GET", f"files/{name}").json()["file"] == file
    content = shared.call("GET", f"files/{digest}/content")
    assert content.content == data
    assert content.headers["content-type"] == "image/png"
    assert content.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("form", ["raw", "json", "form"])
def test_each_way_to_send_an_image_says_the_same(shared: VisionGateway, form: str) -> None:
    data, told = fresh(), {"name": "x", "source": "s"}
    if form == "raw":
        query = {**told, "metadata": '{"a": "b"}'}
        answer = shared.call("POST", "files", content=data, params=query, headers={"Content-Type": "image/png"})
    elif form == "json":
        body = {"image": base64.b64encode(data).decode(), **told, "metadata": {"a": "b"}}
        answer = shared.call("POST", "files", json=body)
    else:
        answer = shared.upload(data, **told, metadata='{"a": "b"}')
    assert answer.status_code == 201, answer.text
    file = answer.json()["file"]
    assert (file["name"], file["source"], file["metadata"]) == ("x", "s", {"a": "b"})


def test_the_same_bytes_are_one_file_however_often_they_are_sent(shared: VisionGateway) -> None:
    data = fresh()
    first = shared.upload(data, source="a", metadata='{"k": "v"}')
    again = shared.upload(data, source="a", metadata='{"k": "v"}', name="another name")
    silent = shared.upload(data)
    assert [one.status_code for one in (first, again, silent)] == [201, 200, 200]
    assert first.json()["file"] == again.json()["file"] == silent.json()["file"]
    for told in ({"source": "b"}, {"metadata": '{"k": "w"}'}):
        other = shared.upload(data, **told)
        assert other.status_code == 409
        assert error_of(other)["code"] == "FileExists"
        assert error_of(other)["details"] == {"file": first.json()["file"]["id"]}


def test_the_size_is_that_of_the_upright_image(shared: VisionGateway) -> None:
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for number, kind in enumerate(("JPEG", "PNG", "WEBP")):
        file = shared.kept(picture(2000 + number, (100, 40), kind, exif=exif))
        assert (file["width"], file["height"], file["content_type"]) == (40, 100, f"image/{kind.lower()}")


def test_the_list_is_newest_first_and_goes_on_where_a_page_ends(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(DOCUMENTS_ON_PAGE=2)
    kept = [gateway.kept(picture(number))["id"] for number in range(5)]
    listed, cursor = [], None
    while True:
        answer = gateway.call("GET", "files", params={"cursor": cursor} if cursor else {}).json()
        listed += [file["id"] for file in answer["files"]]
        cursor = answer["pagination"]["next"]
        if cursor is None:
            break
    assert listed == kept[::-1]


def test_a_deleted_file_is_nowhere_and_its_bytes_can_come_again(shared: VisionGateway) -> None:
    data = fresh()
    file = shared.kept(data, source="first")
    shared.submitted(file["id"], [])
    assert shared.call("DELETE", f"files/{file['id']}").status_code == 200
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content"), ("GET", "/submissions")):
        assert shared.call(method, f"files/{file['id']}{path}").status_code == 404
        assert shared.call(method, f"files/{file['sha256']}{path}").status_code == 404
    assert shared.submit(file["id"], []).status_code == 404
    assert shared.found({"files": [file["id"], file["sha256"]]})["results"] == []
    again = shared.upload(data, source="second")
    assert again.status_code == 201
    assert again.json()["file"]["id"] != file["id"]
    assert again.json()["file"]["submission"] is None


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 400, "the file is empty"),
        (b"hello", 400, "not an image"),
        (b"%PDF-1.4", 400, "allowed: JPEG, PNG, WebP"),
        (picture()[:20], 400, "ends inside its header"),
        (picture(kind="GIF"), 400, "allowed: JPEG, PNG, WebP"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff" + b"x" * 50, 400, "pixels"),
    ],
    ids=["nothing", "text", "pdf", "cut off", "gif", "a billion pixels"],
)
def test_what_is_no_image_is_refused_and_nothing_is_kept(
    shared: VisionGateway, s3: S3Server, data: bytes, status: int, says: str
) -> None:
    answer = shared.upload(data)
    assert answer.status_code == status, answer.text
    assert says in error_of(answer)["message"]
    assert not s3.store().exists(layout.blob(NAMESPACE, hashlib.sha256(data).hexdigest()))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"metadata": "no json"}, "metadata"),
        ({"metadata": "[]"}, "metadata"),
        ({"metadata": '{"a": 1}'}, "metadata.a"),
        ({"metadata": json.dumps({str(at): "x" for at in range(33)})}, "metadata"),
        ({"metadata": '{"a": "' + "x" * 257 + '"}'}, "metadata.a"),
        ({"metadata": '{"": "x"}'}, "metadata"),
        ({"name": "a\x00b"}, "name"),
        ({"nmae": "a"}, "nmae"),
        ({"source": "x" * 300}, "source"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_told_wrongly_is_refused_by_name(shared: VisionGateway, told: dict[str, str], field: str) -> None:
    answer = shared.upload(fresh(), **told)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    places = [fault["path"] for fault in error["details"].get("faults", [])] + [error["details"].get("field", "")]
    assert any(place.startswith(field) for place in places), error


def test_a_file_that_is_too_large_is_refused_before_it_is_read(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(MAX_IMAGE_BYTES=100_000)
    for size in (100_001, 3_000_000):
        answer = gateway.call("POST", "files", content=b"\xff" * size, headers={"Content-Type": "image/png"})
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "FileTooLarge"


def test_without_a_key_of_the_namespace_nobody_learns_anything(shared: VisionGateway) -> None:
    file = shared.kept(fresh())
    other = shared.process.create_key("elsewhere")
    calls = [
        ("POST", "files"),
        ("GET", "files"),
        ("GET", f"files/{file['id']}"),
        ("DELETE", f"files/{file['id']}"),
        ("GET", f"files/{file['id']}/content"),
        ("POST", f"files/{file['id']}/submissions"),
        ("GET", f"files/{file['id']}/submissions"),
        ("POST", f"files/{file['id']}/pre-annotations"),
        ("POST", "search"),
        ("GET", "drafts"),
        ("POST", "drafts"),
        ("PUT", "drafts/a"),
        ("POST", "drafts/a/dataset"),
    ]
    for key in ("wrong", other):
        answers = {(shared.call(method, path, key=key).status_code) for method, path in calls}
        assert answers == {401}
    nowhere = VisionGateway(shared.process, namespace="no-such")
    assert nowhere.call("GET", "files").status_code == 401


@pytest.mark.parametrize("name", ["nonsense", "0" * 64, "00000000-0000-0000-0000-000000000000", "%00", "a%2Fb"])
def test_a_file_that_is_none_is_not_found(shared: VisionGateway, name: str) -> None:
    assert shared.call("GET", f"files/{name}").status_code == 404
    assert shared.submit(name, []).status_code == 404
