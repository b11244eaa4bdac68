"""Where the API keys come from, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from capforge_gateway.keys.cluster import cluster_from
from capforge_gateway.keys.folder import FolderKeys
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.kubernetes import KubernetesKeys
from capforge_gateway.keys.source import KeySource
from capforge_gateway.settings import Settings

_FILE_SCHEME = "file:"


def key_source(settings: Settings, environment: Mapping[str, str], keyring: Keyring) -> KeySource:
    """Return what fills the keyring: a folder, or the cluster; raises SettingsError."""
    if settings.keys.startswith(_FILE_SCHEME):
        return FolderKeys(Path(settings.keys.removeprefix(_FILE_SCHEME).removeprefix("//")), keyring)
    return KubernetesKeys(cluster_from(settings, environment), keyring)
