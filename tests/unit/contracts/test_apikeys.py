from __future__ import annotations

import pytest

from capforge_contracts.apikeys import NAME_PATTERN, ApiKeyRecord, hash_key, matches, new_key


def test_a_key_matches_its_own_record_only():
    key, other = new_key(), new_key()
    record = ApiKeyRecord(hash=hash_key(key), created="2026-01-01T00:00:00Z")
    assert matches(key, record)
    assert not matches(other, record)
    assert not matches("", record)


def test_keys_are_long_and_never_repeat():
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(key.startswith("cf_") and len(key) > 40 for key in keys)


def test_a_record_does_not_hold_its_key():
    key = new_key()
    assert key.encode() not in ApiKeyRecord(hash=hash_key(key), created="").to_json()


@pytest.mark.parametrize("name", ["a", "demo", "ci.key-1", "a" * 63])
def test_names_that_are_allowed(name: str):
    assert NAME_PATTERN.match(name)


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a_b", "a b", "a" * 64])
def test_names_that_are_not_allowed(name: str):
    assert not NAME_PATTERN.match(name)


@pytest.mark.parametrize("hashed", ["", "ä" * 64, "A" * 64, "a" * 63, "a" * 64 + "\n", "a" * 65])
def test_a_hash_that_is_none_is_refused(hashed: str):
    with pytest.raises(ValueError, match="hash"):
        ApiKeyRecord(hash=hashed, created="")
