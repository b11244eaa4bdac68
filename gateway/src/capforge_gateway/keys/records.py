"""Stored key records to domain records, one bad entry at a time: a damaged record closes only its own key."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from pydantic import ValidationError

from capforge_contracts.apikeys import NAME_PATTERN, ApiKeyRecord

_log = structlog.get_logger()


def records_from(namespace: str, stored: Mapping[str, bytes]) -> dict[str, ApiKeyRecord]:
    """Parse `<key name> → JSON`; an entry that cannot be read is logged by name and left out."""
    records = {}
    for name, value in stored.items():
        if not NAME_PATTERN.match(name):
            _log.warning("key record cannot be read", namespace=namespace, key=name, error="the name is not allowed")
            continue
        try:
            records[name] = ApiKeyRecord.from_json(value)
        except ValidationError as error:
            fields = ", ".join(str(fault["loc"]) + " " + fault["type"] for fault in error.errors(include_input=False))
            _log.warning("key record cannot be read", namespace=namespace, key=name, error=fields)
    return records
