"""A private certificate authority and what it signs, through the openssl command (≥ 3.0)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from capforge_tools.commands import run

_VALID_DAYS = 3650


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path

    def exists(self) -> bool:
        """Tell whether both files are there."""
        return self.certificate.is_file() and self.key.is_file()


@dataclass(frozen=True)
class Authority:
    """A certificate authority whose files live in one folder; what exists already is used again."""

    folder: Path

    @property
    def own(self) -> KeyPair:
        """The authority's self-signed certificate."""
        return self._pair("ca")

    def create(self) -> Authority:
        """Make the authority's own certificate if there is none."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.own.exists():
            extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
            self._request(self.own, {"CN": "capforge-local"}, extensions)
        return self

    def issue(self, name: str, common_name: str, organization: str = "", hosts: tuple[str, ...] = ()) -> KeyPair:
        """Return the named key pair, signing it first if there is none. `hosts` are DNS names and IP addresses."""
        pair = self._pair(name)
        if not pair.exists():
            subject = {"O": organization, "CN": common_name}
            extensions = (
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature,keyEncipherment",
                "extendedKeyUsage=serverAuth,clientAuth",
                *((f"subjectAltName={','.join(map(_alternative_name, hosts))}",) if hosts else ()),
            )
            self._request(pair, subject, extensions, "-CA", self.own.certificate, "-CAkey", self.own.key)
        return pair

    def signing_key(self, name: str) -> KeyPair:
        """Return an RSA pair whose `certificate` is a bare public key (for service account tokens)."""
        pair = KeyPair(self.folder / f"{name}.pub", self.folder / f"{name}.key")
        if not pair.exists():
            run("openssl", "genrsa", "-out", pair.key, "2048")
            run("openssl", "rsa", "-in", pair.key, "-pubout", "-out", pair.certificate)
        return pair

    def _pair(self, name: str) -> KeyPair:
        return KeyPair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    def _request(
        self, pair: KeyPair, subject: dict[str, str], extensions: tuple[str, ...], *signer: str | Path
    ) -> None:
        config = self.folder / "openssl.cnf"
        # An empty configuration, so that the machine's own defaults add no extensions.
        config.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        run(
            *("openssl", "req", "-x509", "-config", config, "-days", str(_VALID_DAYS), "-nodes"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", "".join(f"/{key}={value}" for key, value in subject.items() if value)),
            *(word for extension in extensions for word in ("-addext", extension)),
            *signer,
            *("-keyout", pair.key, "-out", pair.certificate),
        )


def _alternative_name(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return f"DNS:{host}"
    return f"IP:{host}"
