"""LangChain tools that Dome is asked about before they run, with the extra `langchain`."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic_core import PydanticSerializationError, to_jsonable_python

from dome.asynchronous import AsyncDomeClient
from dome.client import DomeClient
from dome.errors import DeniedError


def guard_tool(
    client: DomeClient | AsyncDomeClient, tool: BaseTool, resource: str, *, tell_model: bool = True
) -> BaseTool:
    """Return a tool that checks before it runs, and counts as running work.

    The arguments of the call are those of the check.

    Args:
        client: a `DomeClient` also serves asynchronous agents, on a thread; an `AsyncDomeClient` serves only those.
        tool: the tool; it is not changed.
        resource: what Dome calls it, `<tool>/<operation>`.
        tell_model: True: the model reads why it was denied, and can go on. False: a denial raises `DeniedError`.
    """

    def denial(error: DeniedError) -> Exception:
        return ToolException(f"Denied ({error.code}): {error.message}") if tell_model else error

    def run(**arguments: Any) -> Any:
        if not isinstance(client, DomeClient):
            raise NotImplementedError("an AsyncDomeClient needs ainvoke; give a DomeClient for invoke")
        try:
            with client.call(tool=resource, arguments=_as_json(arguments)):
                return tool.invoke(arguments)
        except DeniedError as error:
            raise denial(error) from None

    async def run_asynchronously(**arguments: Any) -> Any:
        if not isinstance(client, AsyncDomeClient):
            raise NotImplementedError("a DomeClient runs on a thread")
        try:
            async with client.call(tool=resource, arguments=_as_json(arguments)):
                return await tool.ainvoke(arguments)
        except DeniedError as error:
            raise denial(error) from None

    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.args_schema or tool.get_input_schema(),
        func=run,
        coroutine=run_asynchronously if isinstance(client, AsyncDomeClient) else None,
        return_direct=tool.return_direct,
        tags=tool.tags,
        metadata=tool.metadata,
        handle_tool_error=tool.handle_tool_error or tell_model,
    )


def _as_json(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments as plain JSON: nested ones are models by now. What has no JSON stays, and is denied."""
    try:
        plain: dict[str, Any] = to_jsonable_python(arguments)
    except PydanticSerializationError:
        return arguments
    return plain
