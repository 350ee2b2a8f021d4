"""The way out: httpx, with redirects off and every answer bounded in size and time."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import httpx
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse, connect_sse

from dome._core.flows import Send
from dome._core.secret import Secret
from dome._core.wire import MAX_ANSWER_BYTES, Answer, Outcome, Unanswered
from dome._version import __version__

_HEADERS: Final = {"Accept": "application/json", "User-Agent": f"dome-agent-sdk-python/{__version__}"}
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=32)
FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SSEError, OSError)


def headers(send: Send) -> dict[str, str]:
    """Return the headers of a request. It is the only place where a credential becomes text for one."""
    return {
        "Authorization": f"Bearer {send.request.credential.reveal()}",
        "Content-Type": send.request.content_type,
    }


def unanswered(fault: Exception) -> Unanswered:
    """Return what a failure was. Its own text is not kept: it is somebody else's, and may quote the request."""
    return Unanswered(isinstance(fault, httpx.TimeoutException), type(fault).__name__)


class Body:
    """The bytes of an answer as they come. It says stop when there are too many, or the time is over."""

    def __init__(self, within: float) -> None:
        self._until = time.monotonic() + within
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> Unanswered | None:
        """Take a chunk; returns why there is no answer, if so."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        if self._size > MAX_ANSWER_BYTES:
            return Unanswered(False, f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        return Unanswered(True, "the answer did not end") if time.monotonic() > self._until else None

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self._chunks)


SILENCE: Final = 45.0
"""A stream that says nothing for so long has gone, in seconds: the service sends a comment every 15 s."""
_STREAM_TIMEOUT: Final = httpx.Timeout(5.0, read=SILENCE)
EVENTS: Final = "/api/v1/agents/self/events"


def stream_headers(key: Secret, last_event_id: str | None) -> dict[str, str]:
    """Return the headers that open the event stream."""
    place = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    return {"Authorization": f"Bearer {key.reveal()}", **place}


class Transport:
    """The blocking way out."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None) -> None:
        self.base_url = base_url
        self.http = httpx.Client(headers=_HEADERS, limits=_LIMITS, transport=transport, follow_redirects=False)
        self._stream: httpx.Response | None = None

    def send(self, send: Send) -> Outcome:
        """Send a request and wait for the whole answer."""
        body = Body(send.within)
        try:
            with self.http.stream(
                "POST",
                self.base_url + send.request.path,
                headers=headers(send),
                content=send.request.body,
                timeout=send.within,
            ) as response:
                for chunk in response.iter_bytes():
                    if (stopped := body.add(chunk)) is not None:
                        return stopped
                return Answer(response.status_code, response.headers, body.whole())
        except FAULTS as fault:
            return unanswered(fault)
        except RuntimeError:
            if not self.http.is_closed:
                raise
            return Unanswered(False, "the client was closed")

    @contextmanager
    def listen(self, key: Secret, last_event_id: str | None) -> Iterator[tuple[Outcome, Iterator[ServerSentEvent]]]:
        """Open the event stream. What it says comes until it ends, or `hang_up` is called."""
        headers = stream_headers(key, last_event_id)
        with connect_sse(self.http, "GET", self.base_url + EVENTS, headers=headers, timeout=_STREAM_TIMEOUT) as source:
            self._stream = source.response
            try:
                refusal = b"" if source.response.status_code == 200 else source.response.read()
                yield Answer(source.response.status_code, source.response.headers, refusal), source.iter_sse()
            finally:
                self._stream = None

    def hang_up(self) -> None:
        """End the event stream from another thread, which waits for what it says next."""
        stream = self._stream
        network = stream.extensions.get("network_stream") if stream is not None else None
        sock = network.get_extra_info("socket") if network is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        self.hang_up()
        self.http.close()


class AsyncTransport:
    """The way out that does not block."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self.base_url = base_url
        self.http = httpx.AsyncClient(headers=_HEADERS, limits=_LIMITS, transport=transport, follow_redirects=False)

    async def send(self, send: Send) -> Outcome:
        """Send a request and wait for the whole answer."""
        body = Body(send.within)
        try:
            async with self.http.stream(
                "POST",
                self.base_url + send.request.path,
                headers=headers(send),
                content=send.request.body,
                timeout=send.within,
            ) as response:
                async for chunk in response.aiter_bytes():
                    if (stopped := body.add(chunk)) is not None:
                        return stopped
                return Answer(response.status_code, response.headers, body.whole())
        except FAULTS as fault:
            return unanswered(fault)
        except RuntimeError:
            if not self.http.is_closed:
                raise
            return Unanswered(False, "the client was closed")

    @asynccontextmanager
    async def listen(
        self, key: Secret, last_event_id: str | None
    ) -> AsyncIterator[tuple[Outcome, AsyncIterator[ServerSentEvent]]]:
        """Open the event stream. What it says comes until it ends."""
        headers = stream_headers(key, last_event_id)
        url = self.base_url + EVENTS
        async with aconnect_sse(self.http, "GET", url, headers=headers, timeout=_STREAM_TIMEOUT) as source:
            refusal = b"" if source.response.status_code == 200 else await source.response.aread()
            yield Answer(source.response.status_code, source.response.headers, refusal), source.aiter_sse()

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()
