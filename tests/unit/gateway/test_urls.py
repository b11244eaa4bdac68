"""An address in a request against the installation's policy, before any name is resolved."""

from __future__ import annotations

import pytest

from capforge_gateway.errors import ApiError
from capforge_gateway.predict.fetch import Policy, checked_url
from capforge_gateway.settings import UrlInput


def policy(mode: UrlInput = UrlInput.ALLOWLIST, *hosts: str, allow_http: bool = False) -> Policy:
    return Policy(mode, hosts, (), allow_http, 1000, 1.0)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://example.org/a.png", ("example.org",)),
        ("https://EXAMPLE.org./a.png", ("example.org",)),
        ("https://example.org:443/a.png", ("example.org",)),
        ("https://example.org/a.png", ("example.org:443",)),
        ("https://a.b.example.org/a.png", ("*.example.org",)),
        ("https://example.org:8443/a.png", ("example.org:8443",)),
    ],
)
def test_a_host_in_the_list_is_allowed(url: str, hosts: tuple[str, ...]) -> None:
    assert checked_url(url, policy(UrlInput.ALLOWLIST, *hosts)).host


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://example.org.evil.net/", ("example.org",)),
        ("https://evilexample.org/", ("*.example.org",)),
        ("https://example.org/", ("*.example.org",)),
        ("https://example.org:8443/", ("example.org",)),
        ("https://example.org/", ("example.org:8443",)),
        ("https://example.org@evil.net/", ("example.org",)),
        ("https://evil.net#example.org", ("example.org",)),
        ("https://evil.net/?example.org", ("example.org",)),
        ("https://evil.net\\@example.org/", ("evil.net",)),
        ("http://example.org/", ("example.org",)),
        ("https://example.org/", ()),
        ("https://127.0.0.1/", ("127.0.0.1",)),
        ("https://[::1]/", ("::1",)),
    ],
)
def test_what_only_looks_like_it_is_refused(url: str, hosts: tuple[str, ...]) -> None:
    with pytest.raises(ApiError):
        checked_url(url, policy(UrlInput.ALLOWLIST, *hosts))


def test_in_public_mode_only_the_schemes_own_port_is_allowed() -> None:
    public = policy(UrlInput.PUBLIC, allow_http=True)
    assert checked_url("http://example.org/", public)
    assert checked_url("https://example.org/", public)
    for port in (22, 80, 6379, 8080):
        with pytest.raises(ApiError):
            checked_url(f"https://example.org:{port}/", public)
