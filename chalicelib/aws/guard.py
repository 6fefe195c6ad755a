"""Where an outgoing call may go: reads a URL strictly and judges the addresses that its host resolves to.

It must never let a call reach an inner network by any spelling of an address, nor trust a second reading of the URL by
somebody else's parser: what is dialled is built from the parts found here. No I/O.
Facts: the IANA special-purpose address registries (RFC 6890 and what amended it), the "calling out" list of the
security checklist, RFC 3986, the WHATWG URL standard on hosts that end in a number.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(Exception):
    """The call may not go there. The text names the rule and, at most, the host."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in checked parts. `host` is normalised (ASCII, lower case, no brackets), `path` holds path and query."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None
    allowed: bool

    def __repr__(self) -> str:
        return f"Target({self.origin})"

    @property
    def origin(self) -> str:
        """`scheme://host:port`, which is all of a URL that may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


INNER = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier (CGNAT)",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "metadata (Azure's wire server)",
    "169.254.0.0/16": "link-local, metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments, metadata",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmark",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, broadcast",
    "::/96": "unspecified, loopback, IPv4-compatible",
    "::ffff:0.0.0.0/96": "IPv4-mapped",
    "::ffff:0:0.0.0.0/96": "IPv4-translated",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64 for local use",
    "100::/64": "discard",
    "100:0:0:1::/64": "dummy",
    "2001::/23": "protocol assignments: Teredo, benchmark, ORCHID",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "5f00::/16": "SRv6",
    "fc00::/7": "unique local, metadata",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
"""Every range that no outgoing call may reach, and what it is for."""

_INNER = [(ipaddress.ip_network(text), use) for text, use in INNER.items()]
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\[\]@]*\]|[^\[\]:@]*)(?::([0-9]{0,5}))?")
# Only what RFC 3986 allows, so that nobody on the way rewrites the bytes that a platform's signature covers.
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


def why_inner(address: Address) -> str | None:
    """What an address that must not be reached is for, or None for one of the open internet."""
    for network, use in _INNER:
        if address in network:
            return use
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return "not global unicast"
    return None


def normal_host(text: str) -> str:
    """A host as people write it -> the one form that is compared, resolved, shown in SNI and matched by a certificate.

    Names: IDNA (UTS 46), lower case, without the root's full stop. Addresses: their canonical form, without brackets.
    Raises Forbidden, also for an address in any form but the strict ones (decimal, octal, hexadecimal, short, zoned).
    """
    if text.startswith("[") or ":" in text:
        literal = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if "%" in literal:
            raise Forbidden("an address with a zone, wanted one without")
        try:
            return str(ipaddress.IPv6Address(literal))
        except ValueError:
            raise Forbidden("a host in brackets that is no IPv6 address") from None
    try:
        name = idna.encode(text, uts46=True).decode() if not text.isascii() else text.lower()
    except UnicodeError:
        raise Forbidden("a host that is no valid international name") from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Forbidden("a host that is no valid name")
    if _NUMBER_LABEL.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise Forbidden("a host that is a number, wanted four decimal parts without leading zeros") from None
    return name


def read_hosts(text: str) -> frozenset[str]:
    """A comma-separated list of hosts (the setting of hosts that may be inner) -> their normal forms.

    Raises ValueError that names the entry's place.
    """
    hosts: set[str] = set()
    for number, entry in enumerate(text.split(","), start=1):
        if not entry.strip():
            continue
        try:
            hosts.add(normal_host(entry.strip()))
        except Forbidden as error:
            raise ValueError(f"entry {number}: found {error}, wanted a host name or an address") from None
    return frozenset(hosts)


def read_url(url: str, allow_hosts: frozenset[str] = frozenset(), ports: frozenset[int] = frozenset({443})) -> Target:
    """A URL -> its checked parts. Raises Forbidden.

    https to `ports` of names and outer addresses; hosts of `allow_hosts` (normal forms) also by http, on any port.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Forbidden("a URL that is not absolute, wanted https://host/path")
    scheme, authority, path, query, fragment = (part or "" for part in parts.groups())
    scheme = scheme.lower()
    if "@" in authority:
        raise Forbidden("a URL with user-info, wanted the host alone")
    if fragment:
        raise Forbidden("a URL with a fragment, wanted one without")
    place = _AUTHORITY.fullmatch(authority)
    if place is None or not place[1]:
        raise Forbidden("a URL whose host or port cannot be read")
    host = normal_host(place[1])
    allowed = host in allow_hosts
    if scheme != "https" and not (scheme == "http" and allowed):
        raise Forbidden("a URL that is not https")
    port = int(place[2]) if place[2] else 443 if scheme == "https" else 80
    if not 0 < port < 65536 or (port not in ports and not allowed):
        raise Forbidden(f"port {port}, wanted one of {', '.join(map(str, sorted(ports)))}")
    if not _PATH.fullmatch(path + query):
        raise Forbidden("a path or query with characters that must be percent-encoded")
    address = _literal(host)
    if address is not None:
        check_addresses([address], allowed)
    elif "." not in host and not allowed:
        raise Forbidden("a host without a domain, which can only be an inner one")
    return Target(scheme, host, port, (path or "/") + query, address, allowed)


def check_addresses(addresses: Iterable[Address], allowed: bool) -> None:
    """Raises Forbidden if any one is inner, unless the host is allowed to be."""
    for address in addresses:
        use = None if allowed else why_inner(address)
        if use is not None:
            raise Forbidden(f"a host with an inner address ({use})")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
