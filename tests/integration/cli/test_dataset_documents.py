"""`capforge dataset stats | diff | export` of annotated documents: from the object store, and through a gateway."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import Split
from capforge_contracts.model import sha256_hex
from tests.integration.cli.command import Ended, capforge
from tests.integration.gateway.datasets.world import Shelves, pdf
from tests.integration.gateway.process import NAMESPACE, capability, gateway_process, opened, version
from tests.support.objectstore import S3Server
from tests.unit.contracts.locked_documents import chosen, picked


@pytest.fixture
def shelves(s3: S3Server, request: pytest.FixtureRequest) -> Shelves:
    return Shelves(s3.store(), f"team-{sha256_hex(request.node.name.encode())[:8]}")


@pytest.fixture
def papers(shelves: Shelves) -> tuple[str, str]:
    """Two datasets: one document is labelled otherwise, one is new."""
    first = shelves.document(1, picked("total", "5.00", "7.00"), picked("supplier"), chosen("receipt"))
    dev = shelves.document(2, picked("total"), split=Split.DEV, name="\x1b[31m=cmd.pdf")
    changed = shelves.document(1, picked("total", "5.00"), picked("supplier"), chosen("receipt"))
    before = shelves.lock_documents("papers", [first, dev])
    return before, shelves.lock_documents("papers-2", [changed, dev, shelves.document(3)])


def run(s3: S3Server, shelves: Shelves, *arguments: str | Path) -> Ended:
    return capforge("dataset", *arguments, "--namespace", shelves.namespace, env=s3.environment)


def test_figures_and_differences(s3: S3Server, shelves: Shelves, papers: tuple[str, str]) -> None:
    told = json.loads(run(s3, shelves, "stats", papers[0], "-o", "json").out)
    total = told["splits"]["Train"]["byField"]["total"]
    assert total == {"withValue": 1, "absent": 0, "notSaid": 0, "values": 2}
    shown = run(s3, shelves, "stats", papers[0]).out
    assert "1 / 0 / 0 (2)" in shown
    assert "receipt" in shown
    differs = run(s3, shelves, "diff", *papers)
    assert "1 documents are the same; 1 added, 1 relabelled." in differs.out, differs.err
    assert "relabelled 1.pdf total" in differs.out
    assert "\x1b" not in differs.out
    assert json.loads(run(s3, shelves, "diff", *papers, "-o", "json").out)["counts"] == {"added": 1, "relabelled": 1}
    images = shelves.lock("images", [shelves.item(1, Split.TRAIN)])
    kinds = run(s3, shelves, "diff", papers[0], images)
    assert (kinds.code, "one of the two is a dataset of images" in kinds.err) == (2, True)


def test_an_export_is_what_was_locked_and_goes_on_after_a_stop(
    s3: S3Server, shelves: Shelves, papers: tuple[str, str], tmp_path: Path
) -> None:
    done = run(s3, shelves, "export", papers[0], tmp_path)
    assert "4 files" in done.err, done.err
    assert sha256_hex((tmp_path / "manifest.jsonl").read_bytes()) == papers[0]
    document = tmp_path / "documents" / f"{sha256_hex(pdf(1))}.pdf"
    assert document.read_bytes() == pdf(1)
    document.write_bytes(b"half")
    assert "(1 fetched, 3 were there)" in run(s3, shelves, "export", papers[0], tmp_path).err


def test_a_table_for_spreadsheets(s3: S3Server, shelves: Shelves, papers: tuple[str, str], tmp_path: Path) -> None:
    done = run(s3, shelves, "export", papers[0], tmp_path, "--format", "csv")
    assert f"fields.csv in {tmp_path}" in done.err, done.err
    with (tmp_path / "fields.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(one["field"], one["said"], one["value"]) for one in rows if one["split"] == "Train"] == [
        ("total", "Value", "5.00"),
        ("total", "Value", "7.00"),
        ("supplier", "Absent", ""),
        ("kind", "Value", "receipt"),
    ]
    refused = run(s3, shelves, "export", papers[0], tmp_path, "--format", "coco")
    assert (refused.code, "allowed: manifest, csv" in refused.err) == (2, True)


def test_a_purged_document_is_named(s3: S3Server, shelves: Shelves, papers: tuple[str, str], tmp_path: Path) -> None:
    shelves.store.delete(layout.blob(shelves.namespace, sha256_hex(pdf(1))))
    done = run(s3, shelves, "export", papers[0], tmp_path)
    assert (done.code, f"documents/{sha256_hex(pdf(1))}.pdf" in done.err, "purged" in done.err) == (1, True, True)
    assert not (tmp_path / "manifest.jsonl").exists()


def test_through_a_gateway_an_api_key_is_enough(s3: S3Server, tmp_path: Path) -> None:
    shelves = Shelves(s3.store())
    digest = shelves.lock_documents("cli-papers", [shelves.document(n, picked("total", f"{n}")) for n in (1, 2)])
    with gateway_process(tmp_path / "gateway", plain=s3.environment) as process:
        opened(process, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1"))
        known = {"CAPFORGE_GATEWAY_URL": process.url, "CAPFORGE_API_KEY": process.key}

        def asked(*arguments: str | Path) -> Ended:
            return capforge("dataset", *arguments, "--namespace", NAMESPACE, env=known)

        assert json.loads(asked("stats", "cli-papers", "-o", "json").out)["digest"] == digest
        assert "nothing differs" in asked("diff", "cli-papers", digest).out
        done = asked("export", "cli-papers", tmp_path / "files")
        assert "4 files" in done.err, done.err
        assert sha256_hex((tmp_path / "files" / "manifest.jsonl").read_bytes()) == digest
