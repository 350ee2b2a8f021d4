"""`Dome-Context`: who calls a server through Dome, for whom and through whom, signed by Dome for this server alone.

For the programs behind tools; agents have no use for it. It needs the extra `context`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dome._core.context import (
    ContextAgent,
    ContextLink,
    ContextRequest,
    ContextUser,
    ContextWorkspace,
    DomeContext,
    Expected,
    read_claims,
    read_header,
)
from dome._core.endpoint import checked_url
from dome._core.key_book import KeyBook
from dome._core.wire import Outcome
from dome._transport import Body, unanswered
from dome._version import __version__
from dome.errors import ContextError

__all__ = [
    "AsyncDomeKeys",
    "ContextAgent",
    "ContextError",
    "ContextLink",
    "ContextRequest",
    "ContextUser",
    "ContextWorkspace",
    "DomeContext",
    "DomeKeys",
    "verify_dome_context",
    "verify_dome_context_async",
]

_PATH: Final = "/.well-known/jwks.json"
_HEADERS: Final = {"Accept": "application/json", "User-Agent": f"dome-agent-sdk-python/{__version__}"}
_TIMEOUT: Final = 5.0
_TOLERANCE: Final = 5.0


class _Keys:
    """What both kinds have in common."""

    def __init__(
        self, issuer: str, *, insecure_http: bool, wall: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._base = checked_url(issuer, insecure_http=insecure_http)
        self.issuer = issuer
        """The service that signs."""
        self._book = KeyBook()
        self._monotonic = monotonic
        self._wall = wall

    def now(self) -> float:
        """Return the time of day, in seconds since the epoch."""
        return self._wall()


class DomeKeys(_Keys):
    """The keys of one service, for threads. Make one and keep it: it is the cache."""

    def __init__(
        self,
        issuer: str,
        *,
        insecure_http: bool = False,
        transport: httpx.BaseTransport | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the service. Nothing is fetched before a key is needed.

        Args:
            issuer: the public URL of the service, exactly as it says it itself.
            insecure_http: allow `http://` to another machine, where the network between is trusted.
            transport: what sends requests, instead of the network: for tests.
            wall: seconds since the epoch, for tests.
            monotonic: seconds since an unknown moment, for tests.

        Raises:
            ConfigurationError: the URL is none.
        """
        super().__init__(issuer, insecure_http=insecure_http, wall=wall, monotonic=monotonic)
        self._http = httpx.Client(headers=_HEADERS, timeout=_TIMEOUT, transport=transport, follow_redirects=False)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def find(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return a key; None: the service has no such key.

        Raises:
            ContextError: `keys_unavailable`: nobody can say.
        """
        if self._book.must_fetch(kid, self._monotonic()):
            with self._lock:  # one fetch at a time
                now = self._monotonic()
                if self._book.must_fetch(kid, now):
                    self._book.take(self._fetch(), now)
        return self._book.find(kid, self._monotonic())

    def _fetch(self) -> Outcome:
        try:
            with self._http.stream("GET", self._base + _PATH) as response:
                return Body(_TIMEOUT).read(response)
        except Exception as fault:
            return unanswered(fault, is_closed=self._http.is_closed)


class AsyncDomeKeys(_Keys):
    """The keys of one service, for asyncio. Make one per event loop and keep it: it is the cache."""

    def __init__(
        self,
        issuer: str,
        *,
        insecure_http: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the service, as `DomeKeys` does.

        Raises:
            ConfigurationError: the URL is none.
        """
        super().__init__(issuer, insecure_http=insecure_http, wall=wall, monotonic=monotonic)
        self._http = httpx.AsyncClient(headers=_HEADERS, timeout=_TIMEOUT, transport=transport, follow_redirects=False)
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return a key; None: the service has no such key.

        Raises:
            ContextError: `keys_unavailable`: nobody can say.
        """
        if self._book.must_fetch(kid, self._monotonic()):
            async with self._lock:  # one fetch at a time
                now = self._monotonic()
                if self._book.must_fetch(kid, now):
                    self._book.take(await self._fetch(), now)
        return self._book.find(kid, self._monotonic())

    async def _fetch(self) -> Outcome:
        try:
            async with self._http.stream("GET", self._base + _PATH) as response:
                return await Body(_TIMEOUT).read_asynchronously(response)
        except Exception as fault:
            return unanswered(fault, is_closed=self._http.is_closed)


def verify_dome_context(
    token: str | None, *, keys: DomeKeys, audience: str, clock_tolerance: float = _TOLERANCE
) -> DomeContext:
    """Return who calls, for whom and through whom.

    Args:
        token: the value of the header `Dome-Context`; None: there is none, which is refused.
        keys: of the service that signs.
        audience: the name of this server: the URL of the tool, or the audience that the tool's entry names.
        clock_tolerance: by how much the clocks may differ, in seconds; at most 30.

    Raises:
        ContextError: the call must not be let in; `code` says why.
        ConfigurationError: an argument cannot be meant.
    """
    expected = Expected(keys.issuer, audience, clock_tolerance)
    signed = read_header(token)
    key = None if signed.kid is None else keys.find(signed.kid)
    return read_claims(signed, key, expected, keys.now())


async def verify_dome_context_async(
    token: str | None, *, keys: AsyncDomeKeys, audience: str, clock_tolerance: float = _TOLERANCE
) -> DomeContext:
    """Do the same for asyncio: see `verify_dome_context`.

    Raises:
        ContextError: the call must not be let in; `code` says why.
        ConfigurationError: an argument cannot be meant.
    """
    expected = Expected(keys.issuer, audience, clock_tolerance)
    signed = read_header(token)
    key = None if signed.kid is None else await keys.find(signed.kid)
    return read_claims(signed, key, expected, keys.now())
