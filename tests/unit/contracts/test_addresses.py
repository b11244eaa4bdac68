"""Which addresses an image may be fetched from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.addresses import may_fetch_from

REFUSED = {
    "loopback": "127.0.0.1",
    "the whole loopback net": "127.255.255.254",
    "this host": "0.0.0.0",
    "private class A": "10.1.2.3",
    "private class B": "172.31.255.255",
    "private class C": "192.168.0.1",
    "carrier NAT": "100.64.0.1",
    "metadata of most clouds": "169.254.169.254",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Oracle": "192.0.0.192",
    "wire server of Azure": "168.63.129.16",
    "documentation": "203.0.113.5",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "6to4 relay": "192.88.99.1",
    "v6 loopback": "::1",
    "v6 unspecified": "::",
    "v6 link-local": "fe80::1",
    "v6 link-local with a scope": "fe80::1%eth0",
    "v6 unique local": "fd12:3456::1",
    "v6 metadata of AWS": "fd00:ec2::254",
    "v6 site-local": "fec0::1",
    "v6 multicast": "ff02::1",
    "v6 documentation": "2001:db8::1",
    "v6 new documentation": "3fff::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible loopback": "::127.0.0.1",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "local NAT64": "64:ff9b:1::1",
    "6to4 loopback": "2002:7f00:1::1",
    "Teredo": "2001:0:7f00:1::1",
}
ALLOWED = {
    "v4": "93.184.216.34",
    "v6": "2606:2800:220:1::1",
    "mapped": "::ffff:93.184.216.34",
    "NAT64": "64:ff9b::5db8:d822",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_public_is_refused(text: str) -> None:
    assert not may_fetch_from(ip_address(text))


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_is_public_is_allowed(text: str) -> None:
    assert may_fetch_from(ip_address(text))


def test_a_network_that_the_installation_allows_counts_in_every_form() -> None:
    allowed = [ip_network("10.0.0.0/8")]
    assert may_fetch_from(ip_address("10.1.2.3"), allowed)
    assert may_fetch_from(ip_address("::ffff:10.1.2.3"), allowed)
    assert not may_fetch_from(ip_address("192.168.0.1"), allowed)


@given(st.ip_addresses(v=4))
def test_no_wrapping_makes_an_address_more_public(address: IPv4Address) -> None:
    number = int(address)
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert may_fetch_from(IPv6Address(prefix | number)) == may_fetch_from(address)


@given(st.ip_addresses(v=4))
def test_private_is_never_allowed(address: IPv4Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not may_fetch_from(address)
