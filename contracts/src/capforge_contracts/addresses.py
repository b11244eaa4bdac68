"""Which IP addresses may be reached for a stranger: an image by its address, a webhook. Pure.

Only addresses of the public Internet, seen through every form that carries an IPv4 address inside an IPv6 one. What
`ipaddress` counts as public but answers only inside a cloud is listed by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier NAT; Alibaba's metadata 100.100.100.200
        "168.63.129.16/32",  # Azure's wire server
        "169.254.0.0/16",  # link-local; the metadata address of most clouds
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata 192.0.0.192
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "64:ff9b:1::/48",  # local NAT64
        "2001::/23",  # protocol assignments, Teredo
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_LOW_32_BITS = 0xFFFFFFFF


def may_fetch_from(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Tell whether an address is public, or in a network that the installation allows."""
    plain = _unwrapped(address)
    if any(_inside(plain, network) for network in allowed):
        return True
    if any(_inside(plain, network) for network in _NEVER):
        return False
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 form stands for: mapped, compatible, NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & _LOW_32_BITS)
    return IPv6Address(int(address))  # without its scope


def _inside(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
