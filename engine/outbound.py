"""Send a request to an address that somebody typed in, and never to a machine inside: what webhooks are sent with.

The name is resolved once, every address it has must be a public one, and the connection goes to that very address: a name
that resolves to something else a moment later (DNS rebinding) is never asked again. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from engine.errors import TierwiseError

SECONDS = 10
LONGEST_URL = 2_000
_READ = 4_096

Resolve = Callable[[str, int], Sequence[str]]
"""Every address of a name."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_HIDDEN_V4 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"), ipaddress.ip_network("::/96"))
"""IPv6 networks that carry an IPv4 address: NAT64, 6to4, and the old compatible form."""


class Refused(TierwiseError):
    """An address is not one that may be reached from here."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, the beginning of the answer as words, and the first 4 KB of it."""

    status: int
    words: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL with the address to connect to."""

    host: str
    port: int
    path: str
    secure: bool
    address: str


def resolved(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system resolves it."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, allowed: Sequence[str] = ()) -> SplitResult:
    """Refuse what is no URL for a webhook, before any name is resolved. allowed: networks inside that may be reached."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(f"url: {url[:80]!r} is no address; expected https://host/path") from None
    plain_text = not url.isascii() or any(c.isspace() or not c.isprintable() for c in url) or "\\" in url
    if len(url) > LONGEST_URL or plain_text or not parts.hostname or port == 0:
        raise Refused(f"url: {url[:80]!r} is no address; expected https://host/path, in ASCII")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("url: a name, password or fragment has no place in the address of a webhook")
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        raise Refused(f"url: found {parts.scheme[:20]}://; expected https://")
    return parts


def target(url: str, allowed: Sequence[str] = (), resolve: Resolve = resolved) -> Target:
    """Where a URL leads, checked. Raises `Refused` when any of its addresses is not public."""
    parts = check_url(url, allowed)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = list(resolve(host, port))
    except (OSError, UnicodeError):
        raise Refused(f"url: the name {host} cannot be resolved") from None
    if not addresses:
        raise Refused(f"url: the name {host} has no address")
    networks = [ipaddress.ip_network(each) for each in allowed]
    inside = False
    for address in addresses:
        found = ipaddress.ip_address(address.partition("%")[0])
        if any(found in network for network in networks if network.version == found.version):
            inside = True
        elif not is_public(found):
            raise Refused(f"url: {host} leads to an address that is not public; webhooks are not sent to machines inside")
    if parts.scheme == "http" and not inside:
        raise Refused("url: found http://; expected https://")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, path, parts.scheme == "https", addresses[0])


def is_public(address: _Address) -> bool:
    """Whether an address belongs to the internet, whatever it is written as."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.is_site_local or any(address in network for network in _HIDDEN_V4):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the name resolves to by now."""

    def __init__(self, where: Target) -> None:
        super().__init__(where.host, where.port, timeout=SECONDS)
        self._where = where

    def connect(self) -> None:
        """Connect to the address that was checked; the certificate must still be the name's."""
        self.sock = socket.create_connection((self._where.address, self._where.port), SECONDS)
        if self._where.secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._where.host)


def post(where: Target, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Reply:
    """Send a body and return what came back. Raises `OSError` when nothing did."""
    connection = _Pinned(where)
    try:
        connection.request(method, where.path, body or None, dict(headers))
        answer = connection.getresponse()
        found = answer.read(_READ)
        return Reply(answer.status, found.decode("utf-8", "replace")[:200], found)
    except http.client.HTTPException as error:
        raise OSError(f"no answer of HTTP: {type(error).__name__}") from None
    finally:
        connection.close()
