"""Which addresses a source may lie at, so that nobody reaches through the service what only it can reach."""

import ipaddress
import re
import socket
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv4 addresses within IPv6: a translator (RFC 6052, 2.1) takes the connection to the one inside.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?", re.IGNORECASE)


class ForbiddenError(Exception):
    """A host that no source may lie at; the message is one line without the rest of the source's address."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Where sources may lie: everywhere, or at public addresses and what is named."""

    everywhere: bool = False
    ranges: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()  # hosts, in lower case; whatever they resolve to
    webcams: bool = False  # whether this machine's own cameras may be sources

    def allow(self, host: str, address: str) -> bool:
        """Whether a source may lie at this address, to which its host resolves."""
        return self.everywhere or self.name(host, address) or is_public(ipaddress.ip_address(address))

    def name(self, host: str, address: str) -> bool:
        """Whether the host or the address is one of those that were named."""
        inner = unwrapped(ipaddress.ip_address(address))
        return host.lower() in self.names or any(inner in network for network in self.ranges)


EVERYWHERE = Networks(everywhere=True, webcams=True)

WEBCAMS = "webcam"  # how MIEN_SOURCE_NETWORKS names this machine's cameras
NO_WEBCAM = f"this machine's cameras are no sources: MIEN_SOURCE_NETWORKS can name {WEBCAMS}"


def parse_networks(text: str) -> Networks:
    """`192.168.1.0/24, camera.example, webcam`: networks, single addresses, host names. Raises ValueError."""
    ranges, names = [], set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            ranges.append(ipaddress.ip_network(part))
        except ValueError as error:
            # What looks like a network is meant to be one, also with a slip of the pen in it.
            if "/" in part or ":" in part or not HOST_NAME.fullmatch(part) or part[-1].isdigit():
                raise ValueError(
                    f"expected networks such as 192.168.1.0/24 or host names, actual {part!r}"
                ) from error
            names.add(part.lower())
    return Networks(ranges=tuple(ranges), names=frozenset(names), webcams=WEBCAMS in names)


def is_public(address: Address) -> bool:
    """Whether everybody could reach it, not this machine or its network alone."""
    inner = unwrapped(address)
    special = inner.is_multicast or inner.is_reserved or inner.is_unspecified
    site = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
    return inner.is_global and not special and not site


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or address


def resolved(host: str, port: int) -> list[str]:
    """All addresses of a host: also of one that is written as a number. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked(host: str, port: int, networks: Networks) -> list[str]:
    """The addresses of a host, all of which are allowed. Raises ForbiddenError and OSError."""
    addresses = resolved(host, port)
    for address in addresses:
        if not networks.allow(host, address):
            shown = host if host == address else f"{host} is {address}, which"
            raise ForbiddenError(
                f"{shown} lies in a network that sources may not lie in: MIEN_SOURCE_NETWORKS can name it"
            )
    return addresses


def connected(host: str, port: int, networks: Networks, patience: float) -> socket.socket:
    """A connection to a checked address: the name is not asked for again, so it cannot turn into another.

    `patience`: seconds for each address. Raises ForbiddenError and OSError.
    """
    failure: OSError | None = None
    for address in checked(host, port, networks):
        try:
            return socket.create_connection((address, port), patience)
        except OSError as error:
            failure = error
    raise failure or socket.gaierror(socket.EAI_NONAME, "no address")
