"""An MCP server on the official Python SDK, on a port of this machine: both eras on one endpoint.

Prints its URL when it listens.
"""

from __future__ import annotations

import socket

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("python", version="1")


@server.tool()
def test_simple_text() -> str:
    """Answer with one text."""
    return "This is a simple text response for testing."


@server.tool()
async def test_tool_with_progress(context: Context) -> str:
    """Report progress three times to whoever asked for it."""
    for progress in (0, 50, 100):
        await context.report_progress(progress, 100, f"Step {progress} of 100")
    return "done"


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """Hold one text."""
    return "This is the content of the static text resource."


@server.prompt()
def test_simple_prompt() -> str:
    """Take nothing."""
    return "This is a simple prompt for testing."


listening = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)  # noqa: T201
config = uvicorn.Config(server.streamable_http_app(), log_level="warning", timeout_graceful_shutdown=1)
uvicorn.Server(config).run(sockets=[listening])
