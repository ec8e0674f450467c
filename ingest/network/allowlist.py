"""Restricts the networks of sources: clients must not reach through the service what they cannot reach."""

import ipaddress
import re
import socket
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv6 addresses that a translator (RFC 6052, 2.1) maps to the IPv4 address in their last four bytes.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?", re.IGNORECASE)


class ForbiddenError(Exception):
    """A host that sources may not be on; the message is one line without the rest of the source's address."""


@dataclass(frozen=True, slots=True)
class Allowlist:
    """Networks that sources may be in: all, or the public ones and those that are named."""

    everywhere: bool = False
    ranges: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()  # of hosts, in lower case, with any address
    webcams: bool = False  # this machine's cameras may be sources

    def allows(self, host: str, address: str) -> bool:
        """Return whether a source may be on this host, one of whose addresses is `address`."""
        return self.everywhere or self.is_named(host, address) or is_public(ipaddress.ip_address(address))

    def is_named(self, host: str, address: str) -> bool:
        """Return whether the host or the address is named."""
        inner = unwrapped(ipaddress.ip_address(address))
        return host.lower() in self.names or any(inner in network for network in self.ranges)


EVERYWHERE = Allowlist(everywhere=True, webcams=True)

WEBCAMS = "webcam"  # in MIEN_SOURCE_NETWORKS
NO_WEBCAM = f"webcams are not allowed: add {WEBCAMS} to MIEN_SOURCE_NETWORKS"


def parse_allowlist(text: str) -> Allowlist:
    """Parse networks, addresses and hosts: `192.168.1.0/24, camera.example, webcam`. Raise ValueError."""
    ranges, names = [], set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            ranges.append(ipaddress.ip_network(part))
        except ValueError as error:
            # A part that looks like a network is one with a typing error in it.
            if "/" in part or ":" in part or not HOST_NAME.fullmatch(part) or part[-1].isdigit():
                raise ValueError(
                    f"{part!r} is neither a network such as 192.168.1.0/24 nor a host"
                ) from error
            names.add(part.lower())
    return Allowlist(ranges=tuple(ranges), names=frozenset(names), webcams=WEBCAMS in names)


def is_public(address: Address) -> bool:
    """Return whether the address can be reached from anywhere, and not just from this machine or network."""
    inner = unwrapped(address)
    special = inner.is_multicast or inner.is_reserved or inner.is_unspecified
    site = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
    return inner.is_global and not special and not site


def is_loopback(host: str) -> bool:
    """Return whether a host name or address can only mean this machine."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address in an IPv6 address that contains one, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, which may also be an address in any notation. Raise OSError."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def allowed_addresses(host: str, port: int, allowlist: Allowlist) -> list[str]:
    """Return the addresses of a host. Raise ForbiddenError if one is not allowed, and OSError."""
    addresses = resolve(host, port)
    for address in addresses:
        if not allowlist.allows(host, address):
            subject = host if host == address else f"{host} is {address}, which"
            raise ForbiddenError(
                f"{subject} is in a private network, which is not allowed: add it to MIEN_SOURCE_NETWORKS"
            )
    return addresses


def connect(host: str, port: int, allowlist: Allowlist, timeout: float) -> socket.socket:
    """Connect to an allowed address. The host is resolved once, so the address cannot change after the check.

    `timeout`: seconds for each address. Raise ForbiddenError and OSError.
    """
    failure: OSError | None = None
    for address in allowed_addresses(host, port, allowlist):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure or socket.gaierror(socket.EAI_NONAME, "no address")
