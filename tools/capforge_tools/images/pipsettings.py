"""How pip reaches its index from inside a build: as it does on this machine, by the same settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_KEPT = ("index_url", "extra_index_url", "trusted_host", "proxy", "default_timeout", "retries", "no_index")
"""Settings that mean the same inside; paths of this machine do not."""


def certificates(env: Mapping[str, str]) -> Path | None:
    """Return this machine's bundle of trusted certificates, if there is one."""
    named = (env.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    candidates = [*(Path(name) for name in named if name), _SYSTEM_BUNDLE]
    return next((path for path in candidates if path.is_file()), None)


def pip_conf(env: Mapping[str, str], certificates_inside: str | None) -> str:
    """Return a pip.conf made from the PIP_* variables that make sense inside a build."""
    lines = ["[global]", "disable-pip-version-check = true", "root-user-action = ignore"]
    values = {name: env.get(f"PIP_{name.upper()}") for name in _KEPT}
    lines += [f"{name.replace('_', '-')} = {value}" for name, value in values.items() if value]
    if certificates_inside:
        lines.append(f"cert = {certificates_inside}")
    return "\n".join(lines) + "\n"
