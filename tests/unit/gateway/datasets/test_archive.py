"""Archives as other programs read them, also those that are larger than 4 GiB or have many files."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from capforge_gateway.datasets.archive import Archive, ArchiveFormat, Member, Zip, archive

FILES = {
    "images/ä b.png": bytes(range(256)) * 5000,
    "empty.txt": b"",
    f"{'deep/' * 60}a.txt": b"x",
    "labels/1.txt": b"0 .5 .5 .1 .1\n",
}


def member(data: bytes) -> Member:
    return Member(BytesIO(data), len(data), zlib.crc32(data))


def written(packed: Archive, files: dict[str, bytes]) -> Iterator[bytes]:
    for path, data in files.items():
        yield from packed.member(path, member(data))
    yield from packed.end()


def test_a_zip_and_a_tar_hold_every_file_under_its_name(tmp_path: Path):
    for form in ArchiveFormat:
        (tmp_path / form).write_bytes(b"".join(written(archive(form), FILES)))
    with zipfile.ZipFile(tmp_path / "zip") as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == FILES
    with tarfile.open(tmp_path / "tar") as tar:
        assert {one.name: tar.extractfile(one).read() for one in tar} == FILES  # type: ignore[union-attr]


@pytest.mark.parametrize("form", list(ArchiveFormat))
def test_the_same_files_give_the_same_bytes(form: ArchiveFormat):
    assert b"".join(written(archive(form), FILES)) == b"".join(written(archive(form), FILES))


def test_a_cut_off_archive_is_known_as_one(tmp_path: Path):
    paths = {form: tmp_path / form for form in ArchiveFormat}
    for form, path in paths.items():
        path.write_bytes(b"".join(written(archive(form), FILES))[:100_000])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(paths[ArchiveFormat.ZIP])
    with tarfile.open(paths[ArchiveFormat.TAR]) as tar, pytest.raises(tarfile.ReadError):
        tar.extractall(tmp_path / "out", filter="data")


def test_more_files_than_the_old_format_counts():
    many = {f"{number}.txt": b"" for number in range(70_000)}
    with zipfile.ZipFile(BytesIO(b"".join(written(Zip(), many)))) as packed:
        assert len(packed.namelist()) == len(many)


def test_files_behind_four_gibibytes_are_found(tmp_path: Path):
    begin, path = 5 * 2**30, tmp_path / "large.zip"
    with path.open("wb") as file:  # what is before the archive takes no room on the disk
        file.seek(begin)
        file.writelines(written(Zip(begin), FILES))
    with zipfile.ZipFile(path) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == FILES


def test_the_unzip_of_people_takes_it(tmp_path: Path):
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("there is no unzip on this machine")
    (tmp_path / "a.zip").write_bytes(b"".join(written(Zip(), FILES)))
    done = subprocess.run([program, "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
