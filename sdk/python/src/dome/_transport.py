"""The way out: httpx, with redirects off and every answer bounded in size and time."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import httpx
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse, connect_sse

from dome._core.flows import Send
from dome._core.secret import Secret
from dome._core.wire import MAX_ANSWER_BYTES, Answer, Outcome, Unanswered
from dome._tasks import within
from dome._version import __version__

_HEADERS: Final = {"Accept": "application/json", "User-Agent": f"dome-agent-sdk-python/{__version__}"}
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=32)
FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SSEError, OSError)


_NO_PROXY: Final = {"http://": None}
"""A proxy of the environment would be told the key in the clear. One for https:// carries only what is encrypted."""


def headers(send: Send) -> dict[str, str]:
    """Return the headers of a request. It is the only place where a credential becomes text for one."""
    return {
        "Authorization": f"Bearer {send.request.credential.reveal()}",
        "Content-Type": send.request.content_type,
    }


class Within(dict[str, float]):
    """The time of one attempt, as httpcore asks for it before each phase: what is left, and not all of it each time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(connect=seconds, write=seconds, read=seconds, pool=seconds)
        self._until = time.monotonic() + seconds

    def get(self, phase: str, _default: object = None) -> float:
        """Return what one phase may take, in seconds. To connect are two: TCP and TLS, each with the same time."""
        left = self._until - time.monotonic()
        return max(0.001, left / 2 if phase == "connect" else left)


def post(base_url: str, send: Send) -> dict[str, Any]:
    """Return a request as httpx takes it."""
    return {
        "method": "POST",
        "url": base_url + send.request.path,
        "headers": headers(send),
        "content": send.request.body,
        "extensions": {"timeout": Within(send.within)},
    }


def unanswered(fault: Exception, *, is_closed: bool) -> Unanswered:
    """Return what a failure was. Its own text is not kept: it is another package's, and may quote the request.

    Raises:
        Exception: the fault itself, if neither the network nor `close()` has made it.
    """
    if isinstance(fault, FAULTS):
        return Unanswered(isinstance(fault, httpx.TimeoutException), type(fault).__name__)
    if isinstance(fault, RuntimeError) and is_closed:
        return Unanswered(False, "the client was closed")
    raise fault


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

    def read(self, response: httpx.Response) -> Outcome:
        """Return the whole answer."""
        for chunk in response.iter_bytes():
            if (stopped := self.add(chunk)) is not None:
                return stopped
        return self._answer(response)

    async def read_asynchronously(self, response: httpx.Response) -> Outcome:
        """Return the whole answer."""
        async for chunk in response.aiter_bytes():
            if (stopped := self.add(chunk)) is not None:
                return stopped
        return self._answer(response)

    def _answer(self, response: httpx.Response) -> Answer:
        return Answer(response.status_code, response.headers, b"".join(self._chunks))


SILENCE: Final = 45.0
"""A stream that says nothing for so long has gone, in seconds: the service sends a comment every 15 s."""
_OPENING: Final = 5.0
"""The longest time until a stream is open, or its refusal has been read, in seconds."""
_STREAM_TIMEOUT: Final = httpx.Timeout(_OPENING, read=SILENCE)
EVENTS: Final = "/api/v1/agents/self/events"


def stream_headers(key: Secret, last_event_id: str | None) -> dict[str, str]:
    """Return the headers that open the event stream."""
    place = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    return {"Authorization": f"Bearer {key.reveal()}", **place}


def opened(response: httpx.Response) -> Answer | None:
    """Return the answer with which the event stream begins; None: it is a refusal, whose body is to be read."""
    return Answer(response.status_code, response.headers, b"") if response.status_code == 200 else None


class Transport:
    """The blocking way out."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None) -> None:
        self.base_url = base_url
        self.http = httpx.Client(
            headers=_HEADERS, limits=_LIMITS, transport=transport, mounts=_NO_PROXY, follow_redirects=False
        )
        self._stream: httpx.Response | None = None

    def send(self, send: Send) -> Outcome:
        """Send a request and wait for the whole answer."""
        body = Body(send.within)
        try:
            with self.http.stream(**post(self.base_url, send)) as response:
                return body.read(response)
        except Exception as fault:
            return unanswered(fault, is_closed=self.http.is_closed)

    @contextmanager
    def listen(self, key: Secret, last_event_id: str | None) -> Iterator[tuple[Outcome, Iterator[ServerSentEvent]]]:
        """Open the event stream. What it says comes until it ends, or `hang_up` is called."""
        headers = stream_headers(key, last_event_id)
        with connect_sse(self.http, "GET", self.base_url + EVENTS, headers=headers, timeout=_STREAM_TIMEOUT) as source:
            self._stream = source.response
            try:
                yield opened(source.response) or Body(_OPENING).read(source.response), source.iter_sse()
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
        self.http = httpx.AsyncClient(
            headers=_HEADERS, limits=_LIMITS, transport=transport, mounts=_NO_PROXY, follow_redirects=False
        )

    async def send(self, send: Send) -> Outcome:
        """Send a request and wait for the whole answer, all phases within one time."""
        return await within(self._send(send), send.within) or Unanswered(True, "no answer")

    async def _send(self, send: Send) -> Outcome:
        body = Body(send.within)
        try:
            async with self.http.stream(**post(self.base_url, send)) as response:
                return await body.read_asynchronously(response)
        except Exception as fault:
            return unanswered(fault, is_closed=self.http.is_closed)

    @asynccontextmanager
    async def listen(
        self, key: Secret, last_event_id: str | None
    ) -> AsyncIterator[tuple[Outcome, AsyncIterator[ServerSentEvent]]]:
        """Open the event stream. What it says comes until it ends."""
        headers = stream_headers(key, last_event_id)
        url = self.base_url + EVENTS
        async with aconnect_sse(self.http, "GET", url, headers=headers, timeout=_STREAM_TIMEOUT) as source:
            answer = opened(source.response) or await Body(_OPENING).read_asynchronously(source.response)
            yield answer, source.aiter_sse()

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()
