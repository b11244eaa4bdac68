"""`capforge data push` of a folder that somebody else packed: nothing from outside it is sent, nothing odd ends it in a trace.

There is no input of archives: people unpack, so what an archive can still smuggle is links, pipes and names.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command import Ended, capforge
from tests.integration.cli.test_push import credentials, keys, write
from tests.support.objectstore import S3Server
from tests.unit.snapshot.cocofolder import CocoFolder, picture, three_images


@pytest.fixture
def prefix() -> str:
    return f"team-{uuid.uuid4().hex[:6]}/cells"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "cells", CocoFolder())


def push(s3: S3Server, folder: Path, prefix: str, *options: str) -> Ended:
    done = capforge("data", "push", folder, f"s3://capforge/{prefix}", *options, env=credentials(s3))
    assert "Traceback" not in done.err, done.err
    return done


def test_a_link_out_of_the_folder_is_never_followed(s3: S3Server, folder: Path, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(50))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.png").write_bytes(picture(51))
    (folder / "1.png").unlink()
    (folder / "1.png").symlink_to(tmp_path / "secret.png")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "2.png").unlink()
    (folder / "2.png").symlink_to("3.png")
    document = three_images()
    document["images"].append({"id": 4, "file_name": "linked/secret.png"})
    (folder / "train.json").write_text(json.dumps(document))
    done = push(s3, folder, prefix)
    assert done.code == 3
    assert done.err.count("links must stay inside the folder") == 2
    assert keys(s3, prefix) == []
    push(s3, folder, prefix, "--allow-faults")
    assert keys(s3, prefix) == ["2.png", "3.png", "train.json"]


def test_a_coco_file_that_is_a_link_out_is_none(s3: S3Server, folder: Path, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps(three_images()))
    (folder / "other.json").symlink_to(tmp_path / "other.json")
    assert push(s3, folder, prefix).code == 0
    assert "other.json" not in keys(s3, prefix)


def test_pipes_sockets_devices_and_folders_are_no_pictures(s3: S3Server, folder: Path, prefix: str) -> None:
    listening = socket.socket(socket.AF_UNIX)
    makers = {
        "pipe.png": os.mkfifo,
        "socket.png": lambda path: listening.bind(os.path.relpath(path)),
        "null.png": lambda path: path.symlink_to("/dev/zero"),
        "folder.png": lambda path: path.mkdir(),
        "loop.png": lambda path: path.symlink_to("loop.png"),
    }
    for name, make in makers.items():
        make(folder / name)
    images = [{"id": name, "file_name": name} for name in makers]
    (folder / "train.json").write_text(json.dumps({**three_images(), "images": images, "annotations": []}))
    done = push(s3, folder, prefix)
    assert done.code == 3, done.err
    assert done.err.count("there is no file") == len(makers)
    os.mkfifo(folder / "pipe.json")
    (folder / "train.json").write_text(json.dumps(three_images()))
    assert push(s3, folder, prefix).code == 0
    listening.close()


LEAD_ELSEWHERE: list[tuple[Any, str]] = [
    ("../cells/1.png", "leaves the images folder"),
    ("a/../../cells/1.png", "leaves the images folder"),
    ("..\\1.png", "leaves the images folder"),
    ("/etc/passwd", "absolute path"),
    ("\\\\server\\share\\1.png", "absolute path"),
    ("C:1.png", "absolute path"),
    ("file:///etc/passwd", "web address"),
    ("1.png\n", "unprintable"),
    ("\x1b]0;title\x07.png", "unprintable"),
    ("\ud800.png", "unprintable"),
    ("x" * 513, "longer than 512"),
    ("x" * 300, "there is no file"),
    ("é" * 200, "there is no file"),
    ("1.png/x", "there is no file"),
    ("", "not a text"),
    ([], "not a text"),
]


def test_names_that_lead_elsewhere_are_named_one_and_all(s3: S3Server, folder: Path, prefix: str) -> None:
    images = [{"id": f"case-{at}", "file_name": name} for at, (name, _) in enumerate(LEAD_ELSEWHERE)]
    (folder / "train.json").write_text(json.dumps({**three_images(), "images": images, "annotations": []}))
    done = push(s3, folder, prefix)
    assert done.code == 3, done.err
    for at, (name, told) in enumerate(LEAD_ELSEWHERE):
        (line,) = [line for line in done.err.splitlines() if f'image "case-{at}"' in line]
        assert told in line, (name, line)
    assert "\x1b" not in done.err
    assert keys(s3, prefix) == []


LOOK_DANGEROUS = ["<b>'\"&.png", "a b+%20?#.png", "[bold]x.png", "-rf", "猫.png", "{{7}}.png", "$(id).png", "a//1.png"]


def test_names_that_only_look_dangerous_are_sent_as_they_are(s3: S3Server, folder: Path, prefix: str) -> None:
    images = []
    for at, name in enumerate(LOOK_DANGEROUS):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(picture(70 + at))
        images.append({"id": at, "file_name": name})
    (folder / "train.json").write_text(json.dumps({**three_images(), "images": images, "annotations": []}))
    done = push(s3, folder, prefix)
    assert done.code == 0, done.err
    for at, name in enumerate(LOOK_DANGEROUS):
        assert s3.store().get(f"{prefix}/{(folder / name).relative_to(folder).as_posix()}") == picture(70 + at)


def test_a_coco_file_with_an_impossible_name_is_refused(s3: S3Server, folder: Path, prefix: str) -> None:
    for name in (b"\xff\xfe.json", b"a\x1b[2J.json"):
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.write_text(json.dumps(three_images()))
        done = push(s3, folder, prefix)
        assert done.code == 3, done.err
        assert "no name for a COCO file" in done.err
        assert "\x1b" not in done.err
        path.unlink()
