"""What decides an image's tag, and how the engines are called."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from capforge_tools.cluster.bundled import docker_archive
from capforge_tools.errors import ToolError
from capforge_tools.images import docker, pipsettings, roots
from capforge_tools.images.build import Built, chart_values, pushed_reference, renewed
from capforge_tools.images.buildah import BuildahEngine
from capforge_tools.images.context import build_context
from capforge_tools.images.engine import Build
from capforge_tools.images.exported import ExportedImage
from capforge_tools.images.prune import outdated
from capforge_tools.images.table import Image, Table
from capforge_tools.places import REPOSITORY, Places

TOML = """
[roots.bookworm]
docker = "debian:bookworm-slim"
[images.base]
base = "bookworm"
[images.operator]
base = "base"
inputs = ["operator/src"]
chart = "operator"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("base", "operator"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    (tmp_path / "operator" / "src").mkdir(parents=True)
    (tmp_path / "operator" / "src" / "main.py").write_text("1")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "images.toml").write_text(TOML)
    return tmp_path


def tag(repository: Path, name: str = "operator") -> str:
    return Table.load(repository).tag(name)


def test_the_tag_is_the_same_while_nothing_changes(repository: Path) -> None:
    before = tag(repository)
    cache = repository / "operator" / "src" / "__pycache__"
    cache.mkdir()
    (cache / "main.pyc").write_bytes(b"compiled")
    assert tag(repository) == before


@pytest.mark.parametrize("path", ["operator/src/main.py", "images/operator/Dockerfile", "images/base/Dockerfile"])
def test_the_tag_changes_with_source_dockerfile_and_base(repository: Path, path: str) -> None:
    before = tag(repository)
    (repository / path).write_text("changed")
    assert tag(repository) != before


def test_the_tag_changes_when_a_file_is_renamed_or_becomes_executable(repository: Path) -> None:
    source = repository / "operator" / "src" / "main.py"
    seen = {tag(repository)}
    source.chmod(0o755)
    seen.add(tag(repository))
    source.rename(source.with_name("other.py"))
    seen.add(tag(repository))
    assert len(seen) == 3


def test_a_base_is_built_before_what_stands_on_it(repository: Path) -> None:
    assert [image.name for image in Table.load(repository).in_build_order(("operator",))] == ["base", "operator"]


def test_an_unknown_image_is_named_with_those_there_are(repository: Path) -> None:
    with pytest.raises(ToolError, match="no image candy; there are base, operator"):
        Table.load(repository).in_build_order(("candy",))


def test_a_missing_input_is_named(repository: Path) -> None:
    shutil.rmtree(repository / "operator")
    with pytest.raises(ToolError, match=r"the input operator/src of image 'operator' does not exist"):
        tag(repository)


def test_a_build_sees_its_inputs_and_nothing_else(repository: Path) -> None:
    (repository / "secret.txt").write_text("not for images")
    table = Table.load(repository)
    with build_context(table, table.images["operator"]) as context:
        assert [str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()] == [
            "operator/src/main.py"
        ]


def test_a_choice_decides_the_base_and_the_tag(repository: Path) -> None:
    table = repository / "tools" / "images.toml"
    choice = 'choice = {argument = "TORCH_FROM", bases = {apt = "base", pypi = "bookworm"}}'
    table.write_text(TOML.replace('base = "base"', choice))
    default, other = Table.load(repository, {}), Table.load(repository, {"TORCH_FROM": "pypi"})
    assert (default.images["operator"].base, other.images["operator"].base) == ("base", "bookworm")
    assert other.images["operator"].arguments == (("TORCH_FROM", "pypi"),)
    assert default.tag("operator") != other.tag("operator")
    with pytest.raises(ToolError, match="TORCH_FROM is 'conda'; allowed for image 'operator' are apt, pypi"):
        Table.load(repository, {"TORCH_FROM": "conda"})


def test_words_from_the_environment_are_given_to_the_build_and_change_the_tag(repository: Path) -> None:
    table = repository / "tools" / "images.toml"
    table.write_text(TOML.replace('base = "base"', 'base = "base"\nwords = ["LANGUAGES"]'))
    default, other = Table.load(repository, {}), Table.load(repository, {"LANGUAGES": "deu chi-sim"})
    assert default.images["operator"].arguments == ()
    assert other.images["operator"].arguments == (("LANGUAGES", "deu chi-sim"),)
    assert default.tag("operator") != other.tag("operator")
    with pytest.raises(ToolError, match="LANGUAGES is 'deu;id'; allowed: words of letters"):
        Table.load(repository, {"LANGUAGES": "deu;id"})


TABLE = Table.load(REPOSITORY)


@pytest.mark.parametrize("name", TABLE.images)
def test_every_image_of_the_table_takes_its_base_as_an_argument(name: str) -> None:
    text = TABLE.dockerfile(TABLE.images[name]).read_text()
    assert "ARG BASE_IMAGE" in text
    assert "FROM ${BASE_IMAGE}" in text


@pytest.mark.parametrize("name", TABLE.images)
def test_every_image_copies_only_what_the_table_declares(name: str) -> None:
    declared = TABLE.images[name].inputs
    lines = TABLE.dockerfile(TABLE.images[name]).read_text().splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    sources = [word.rstrip("/") for words in copies for word in words if not word.startswith("--")]
    for source in sources:
        assert any(Path(source).is_relative_to(entry) or fnmatch(entry, source) for entry in declared), source


def test_an_example_is_built_where_it_is_named_only() -> None:
    assert "own-trainer" not in {image.name for image in TABLE.in_build_order(())}
    assert [image.name for image in TABLE.in_build_order(("own-trainer",))] == ["base", "own-trainer"]


def test_the_chart_is_told_exactly_the_images_that_it_runs() -> None:
    built = [Built(Image("base", "bookworm"), "localhost/capforge/base:1")]
    built.append(Built(Image("object-store", "base", chart="objectStore"), "localhost/capforge/object-store:2"))
    assert chart_values(built) == {"images": {"objectStore": "localhost/capforge/object-store:2"}}


def test_an_image_that_is_built_alone_takes_its_place_among_the_others() -> None:
    alone = [Built(TABLE.images["operator"], "localhost/capforge/operator:2")]
    before = {"images": {"operator": "localhost/capforge/operator:1", "gateway": "localhost/capforge/gateway:1"}}
    after = {"images": {"operator": "localhost/capforge/operator:2", "gateway": "localhost/capforge/gateway:1"}}
    assert renewed(before, alone) == after


def test_only_our_own_outdated_builds_are_pruned(repository: Path) -> None:
    present = [
        "localhost/capforge/operator:old",
        "localhost/capforge/operator:new",
        "localhost/capforge/pause:1",
        "x:old",
    ]
    current = {"localhost/capforge/operator:new"}
    assert outdated(Table.load(repository), present, current) == ["localhost/capforge/operator:old"]


def test_a_pushed_image_is_called_by_the_registry() -> None:
    built = Built(Image("operator", "base"), "localhost/capforge/operator:abc")
    assert pushed_reference(built, "registry.example:5000/team/") == "registry.example:5000/team/capforge/operator:abc"


BUILD = Build("localhost/capforge/x:1", Path("/r/images/x/Dockerfile"), Path("/context"), Path("/bin-folder"), "base:1")


def test_docker_is_told_base_programs_and_context() -> None:
    assert docker.build_command(BUILD) == (
        *("docker", "build", "--progress", "plain", "--file", "/r/images/x/Dockerfile"),
        *("--tag", "localhost/capforge/x:1", "--build-arg", "BASE_IMAGE=base:1"),
        *("--build-context", "binaries=/bin-folder", "/context"),
    )


def test_buildah_builds_without_a_registry_and_lends_caches_and_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("certificates")
    monkeypatch.setenv("PIP_CERT", str(bundle))
    words = BuildahEngine(Places(tmp_path / "cache", tmp_path / "state")).build_command(BUILD)
    line = " ".join(words)
    assert "--storage-driver overlay --storage-opt overlay.skip_mount_home=true build" in line
    assert "--isolation chroot --layers --pull-never" in line
    assert "--build-arg BASE_IMAGE=base:1" in line
    assert f"--volume {bundle}:/run/capforge-build/ca-certificates.crt:ro" in line
    assert ":/root/.cache/pip" in line
    assert "--env" not in line, "would become part of the image"


def test_pip_inside_a_build_uses_the_machines_index_and_not_its_paths() -> None:
    env = {"PIP_INDEX_URL": "https://index.example/simple", "PIP_FIND_LINKS": "/opt/wheels", "PIP_CERT": "/etc/x.crt"}
    text = pipsettings.pip_conf(env, "/run/ca.crt")
    assert "index-url = https://index.example/simple" in text
    assert "cert = /run/ca.crt" in text
    assert "wheels" not in text
    assert "/etc/x.crt" not in text


@pytest.mark.parametrize(
    ("sources", "mirror"),
    [
        (
            "http://mirror.example/security bookworm-security main\nhttp://mirror.example/debian bookworm main",
            "http://mirror.example/debian",
        ),
        ("http://mirror.example/ubuntu noble main", None),
        ("", None),
    ],
    ids=["a Debian machine", "another distribution", "nothing"],
)
def test_the_mirror_comes_from_the_machines_own_sources(sources: str, mirror: str | None) -> None:
    assert roots.mirror("trixie", sources) == mirror


def exported(folder: Path) -> ExportedImage:
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": "sha256:c0"},
        "layers": [{"digest": "sha256:a1"}, {"digest": "sha256:b2"}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name in ("c0", "a1", "b2"):
        (folder / name).write_text(name)
    return ExportedImage(folder)


def names(archive: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return set(opened.getnames())


def test_an_archive_leaves_out_the_layers_that_the_node_has(tmp_path: Path) -> None:
    stream = io.BytesIO()
    exported(tmp_path).write_archive("localhost/x:1", stream, {"sha256:a1"})
    found = names(stream.getvalue())
    assert {"oci-layout", "index.json", "blobs/sha256/c0", "blobs/sha256/b2"} <= found
    assert "blobs/sha256/a1" not in found


def test_an_image_of_one_program_is_the_same_whenever_it_is_written() -> None:
    first = docker_archive("localhost/x:1", "pause", b"program")
    assert first == docker_archive("localhost/x:1", "pause", b"program")
    assert names(first) == {"config.json", "layer.tar", "manifest.json"}
