"""The adapter for MCP, with the official client and server: the call token goes along, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mcp
import pytest
import uvicorn
from mcp.server import MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send
from support.fake import FakeService, async_client_of

from dome import DomeError
from dome.adapters.mcp import transport


@contextmanager
def serving(path: str, seen: list[str | None]) -> Iterator[str]:
    """Serve one tool at this path, and note who is said to call. Yields the server's URL."""
    server = MCPServer("tickets")

    @server.tool()
    def create_ticket(subject: str) -> str:
        return f"created {subject}"

    app = _noting(server.streamable_http_app(streamable_http_path=path), seen)
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    # The socket listens before the thread starts, so that the first connection waits for the server.
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()
        listening.close()


def _noting(app: ASGIApp, seen: list[str | None]) -> ASGIApp:
    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            seen.append(headers.get("authorization"))
        await app(scope, receive, send)

    return note


def test_the_official_client_calls_a_tool_with_the_call_token_on_every_request() -> None:
    seen: list[str | None] = []

    async def call(url: str) -> Any:
        client = async_client_of(FakeService(), base_url=url)
        async with mcp.Client(transport(client, "zendesk")) as zendesk:
            result = await zendesk.call_tool("create_ticket", {"subject": "printer"})
        await client.close()
        return result

    with serving("/mcp/zendesk", seen) as url:
        result = asyncio.run(call(url))
    assert result.content[0].text == "created printer"
    assert set(seen) == {"Bearer token-1"}


def test_no_request_leaves_while_the_agent_takes_no_new_work() -> None:
    seen: list[str | None] = []

    async def call(url: str) -> None:
        client = async_client_of(FakeService(), base_url=url)
        client.drain(60)
        with pytest.RaisesGroup(DomeError, flatten_subgroups=True, allow_unwrapped=True):
            async with mcp.Client(transport(client, "zendesk")):
                pass
        await client.close()

    with serving("/mcp/zendesk", seen) as url:
        asyncio.run(call(url))
    assert seen == []


def test_without_a_tool_it_is_the_door_of_all_declared_tools() -> None:
    seen: list[str | None] = []

    async def names(url: str) -> list[str]:
        client = async_client_of(FakeService(), base_url=url + "/")
        async with mcp.Client(transport(client)) as every:
            listed = await every.list_tools()
        await client.close()
        return [tool.name for tool in listed.tools]

    with serving("/mcp", seen) as url:
        assert asyncio.run(names(url)) == ["create_ticket"]
