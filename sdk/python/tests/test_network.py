"""Where requests go, how long they take, and how much of an answer is read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from support.fake import KEY, URL, FakeService, FakeTime, async_client_of, client_of, problem
from support.server import two_free_ports

import dome
from dome import _transport
from dome._core.secret import Secret
from dome._core.wire import Answer, Unanswered


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Return a proxy of the environment that answers nobody."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listening.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield listening


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_the_key_goes_to_this_machine_alone_although_the_environment_names_a_proxy(
    proxy: socket.socket, kind: str
) -> None:
    """P4: `http://` is allowed to this machine because nobody else sees it."""
    config = dome.DomeConfig(f"http://127.0.0.1:{two_free_ports()}", KEY, timeout=1, retries=0, listen=False)
    if kind == "blocking":
        with dome.DomeClient(config) as client:
            assert client.check(tool="zendesk").reason == "unavailable"
    else:

        async def case() -> None:
            async with dome.AsyncDomeClient(config) as client:
                assert (await client.check(tool="zendesk")).reason == "unavailable"

        asyncio.run(case())
    with pytest.raises(BlockingIOError):
        proxy.accept()


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is far too long, and counts what was read of it."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.read < 64 * 1024 * 1024:
            self.read += 64 * 1024
            yield b" " * 64 * 1024

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        for chunk in self:
            yield chunk


def test_of_the_refusal_of_a_stream_no_more_is_read_than_of_any_answer() -> None:
    body = Endless()
    transport = _transport.Transport(URL, httpx.MockTransport(lambda _request: httpx.Response(503, stream=body)))
    with transport.listen(Secret(KEY), None) as (answer, _messages):
        assert isinstance(answer, Unanswered)
    transport.close()
    assert body.read < 2 * 1024 * 1024

    async def case() -> None:
        body = Endless()
        mock = httpx.MockTransport(lambda _request: httpx.Response(503, stream=body))
        transport = _transport.AsyncTransport(URL, mock)
        async with transport.listen(Secret(KEY), None) as (answer, _messages):
            assert isinstance(answer, Unanswered)
        await transport.close()
        assert body.read < 2 * 1024 * 1024

    asyncio.run(case())


def test_the_refusal_of_a_stream_is_read() -> None:
    transport = _transport.Transport(URL, httpx.MockTransport(problem(403, "forbidden")))
    with transport.listen(Secret(KEY), None) as (answer, _messages):
        assert isinstance(answer, Answer)
        assert b"forbidden" in answer.body
    transport.close()


def test_the_phases_of_an_attempt_share_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(_transport, "time", SimpleNamespace(monotonic=lambda: now[0]))
    left: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        phases = request.extensions["timeout"]
        for phase in ("connect", "connect", "write", "read"):
            left.append(phases.get(phase, None))
            now[0] += left[-1] / 2
        return FakeService()(request)

    with client_of(FakeService(checks=[answer]), timeout=16) as client:
        assert client.check(tool="zendesk").allowed
    assert left == [4.0, 3.0, 4.5, 2.25]


def test_an_attempt_ends_in_time_although_each_of_its_phases_would() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def case() -> None:
        config = dome.DomeConfig(URL, KEY, timeout=0.2, listen=False)
        async with dome.AsyncDomeClient(config, transport=Silent()) as client:
            assert (await client.check(tool="zendesk")).reason == "unavailable"

    asyncio.run(asyncio.wait_for(case(), 20))


def test_a_token_that_is_fetched_for_a_check_has_the_time_that_the_check_has_left() -> None:
    time = FakeTime()
    service = FakeService()

    def late(request: httpx.Request) -> httpx.Response:
        time.now += 8
        service.tokens = [problem(503, "unavailable", retry_after="5")]
        return problem(401, "invalid_token")(request)

    service.checks = [late]
    with client_of(service, time, timeout=10) as client:
        begun = time.now
        assert not client.check(tool="zendesk")
        assert time.now - begun <= 10


def test_start_uses_the_token_that_is_there() -> None:
    service = FakeService()
    client = client_of(service)
    assert client.check(tool="zendesk").allowed
    client.start()
    client.close()
    assert len(service.to("/auth/token")) == 1

    async def case() -> None:
        service = FakeService()
        client = async_client_of(service)
        assert await client.check(tool="zendesk")
        await client.start()
        await client.close()
        assert len(service.to("/auth/token")) == 1

    asyncio.run(case())
