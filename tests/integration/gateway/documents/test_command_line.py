"""`capforge predict` with documents: what is read, or what could be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.command import Ended, capforge
from tests.integration.gateway.documents.conftest import TRAINED
from tests.integration.gateway.documents.world import RECEIPTS, DocumentGateway, receipt
from tests.integration.gateway.process import NAMESPACE


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(receipt())
    return path


def predict(documents: DocumentGateway, *arguments: str | Path) -> Ended:
    settings = {"CAPFORGE_GATEWAY_URL": documents.process.url, "CAPFORGE_API_KEY": documents.process.key}
    return capforge("predict", *arguments, "-n", NAMESPACE, env=settings)


def test_before_any_model_the_candidates_of_each_field_are_listed(documents: DocumentGateway, paper: Path) -> None:
    done = predict(documents, RECEIPTS, paper)
    assert done.code == 0, done.err
    head, total, *_ = done.out.splitlines()
    assert head.split() == ["FIELD", "VALUE", "CONFIDENCE", "PAGE", "CANDIDATES"]
    assert total.split()[:4] == ["total", "-", "-", "-"]
    assert "105.87" in total
    assert "version 1.0, which has no model: candidates alone" in done.err


def test_what_a_model_reads_is_listed_by_field(documents: DocumentGateway, paper: Path) -> None:
    done = predict(documents, TRAINED, paper)
    assert done.code == 0, done.err
    assert [line.split()[0] for line in done.out.splitlines()] == ["FIELD", "total", "issued", "supplier", "kind"]
    assert f"Read by {NAMESPACE}/{TRAINED} version 1.2 (run " in done.err


def test_boxes_are_not_drawn_in_documents(documents: DocumentGateway, paper: Path, tmp_path: Path) -> None:
    done = predict(documents, TRAINED, paper, "--out", tmp_path / "drawn.png")
    assert done.code == 2
    assert "leave it out" in done.err


def test_a_document_for_a_detector_is_refused_in_the_gateways_words(documents: DocumentGateway, paper: Path) -> None:
    done = predict(documents, "cells", paper)
    assert done.code == 1
    assert "UnsupportedMediaType" in done.err
