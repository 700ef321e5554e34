"""Which addresses a webhook may be sent to: public ones, whatever way they are written or found.

IPv6 is an allowed list: the global unicast block without what IANA gave special purposes in it. So addresses that wrap
an IPv4 address (mapped, NAT64, 6to4, Teredo) are refused without a list of their kinds. Sources:
https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_V4_SPECIAL = tuple(
    IPv4Network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's own services, at a public address
    )
)
_V6_GLOBAL = IPv6Network("2000::/3")
_V6_SPECIAL = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether an address, as a resolver gives it, is that of a host on the public internet."""
    parsed = _parse(address)
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not any(parsed in block for block in _V4_SPECIAL)
    return (
        parsed is not None
        and parsed.is_global
        and parsed in _V6_GLOBAL
        and not any(parsed in block for block in _V6_SPECIAL)
    )


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
