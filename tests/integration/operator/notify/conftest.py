"""Certificates for mail servers and webhooks on this machine."""

from __future__ import annotations

import pytest

from capforge_tools.certificates import Authority, KeyPair


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority")).create()


@pytest.fixture(scope="session")
def pair(authority: Authority) -> KeyPair:
    return authority.issue("server", "localhost", hosts=("localhost", "127.0.0.1"))
