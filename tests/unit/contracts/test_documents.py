from __future__ import annotations

import pytest
from pydantic import ValidationError

from capforge_contracts.coco.records import file_name_problem
from capforge_contracts.dataset import SnapshotRequest
from capforge_contracts.ledger import RunFailed, VersionPublished, read_entry
from capforge_contracts.model import canonical_json
from capforge_contracts.names import model_name
from capforge_contracts.store import StoreUri

ENTRY = VersionPublished(
    sequence=1, time="t", version="1.1", run="r", run_digest="d", attempt=1, dataset_digests=["x"], model_sha256="m"
)


@pytest.mark.parametrize("entry", [ENTRY, RunFailed(sequence=2, time="t", run="r", reason="BadData", message="m")])
def test_ledger_entries_are_read_back_as_what_they_were(entry: VersionPublished | RunFailed):
    assert read_entry(entry.to_json()) == entry


def test_a_newer_writers_field_does_not_break_an_older_reader():
    assert read_entry(ENTRY.to_json().replace(b'{"attempt"', b'{"new":1,"attempt"')) == ENTRY


def test_a_missing_field_is_named():
    with pytest.raises(ValidationError, match="specHash"):
        SnapshotRequest.from_json(b'{"namespace": "a"}')


def test_canonical_json_refuses_what_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_model_names_carry_the_digest():
    assert model_name("cells", "0123456789abcdef") == "cells--0123456789ab"


@pytest.mark.parametrize("text", ["", "s3://", "http://b/k", "s3://b/../k", "s3://b/k?x=1", "/tmp/a"])  # noqa: S108
def test_addresses_that_are_none_say_what_is_allowed(text: str):
    with pytest.raises(ValueError, match="allowed: s3://<bucket>/<key>"):
        StoreUri.parse(text)


def test_an_address_is_bucket_and_key():
    assert StoreUri.parse("s3://bucket/a/b.json") == StoreUri("bucket", "a/b.json")
    assert str(StoreUri("bucket", "a/b.json")) == "s3://bucket/a/b.json"


@pytest.mark.parametrize("name", ["a.png", "a/b/c.png", "a..b.png", "..a/b", "ü x.png"])
def test_file_names_that_are_allowed(name: str):
    assert file_name_problem(name) is None
