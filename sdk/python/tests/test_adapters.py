"""The adapters, with the real libraries: the check comes first, and a denial reaches the model or the program."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from agents import Agent, FunctionTool, ModelResponse, RunConfig, Runner, Usage, function_tool
from agents.items import TResponseInputItem
from agents.models.interface import Model
from langchain_core.tools import tool as langchain_tool
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from pydantic import BaseModel
from support.fake import FakeService, async_client_of, client_of, deny, reply

import dome
from dome.adapters import langchain, openai_agents

NO = [reply(deny())]


def ran() -> tuple[list[str], Any]:
    """Return a LangChain tool, and what it did."""
    did: list[str] = []

    @langchain_tool
    def create_ticket(subject: str, urgent: bool = False) -> str:
        """Create a ticket."""
        did.append(subject)
        return f"created {subject} {urgent}"

    return did, create_ticket


def test_a_langchain_tool_asks_with_its_arguments_and_then_runs() -> None:
    did, tool = ran()
    service = FakeService()
    with client_of(service) as client:
        guarded = langchain.guard_tool(client, tool, "zendesk/create_ticket")
        assert (guarded.name, guarded.description, guarded.args) == (tool.name, tool.description, tool.args)
        assert guarded.invoke({"subject": "printer", "urgent": True}) == "created printer True"
    assert did == ["printer"]
    question = json.loads(service.to("/check")[0].content)
    assert question == {"tool": "zendesk/create_ticket", "arguments": {"subject": "printer", "urgent": True}}


def test_a_denied_langchain_tool_does_not_run_and_the_model_reads_why() -> None:
    did, tool = ran()
    with client_of(FakeService(checks=NO)) as client:
        told = langchain.guard_tool(client, tool, "zendesk/create_ticket")
        assert told.invoke({"subject": "printer"}) == "Denied (surface_undeclared): no"
        raised = langchain.guard_tool(client, tool, "zendesk/create_ticket", tell_model=False)
        with pytest.raises(dome.DeniedError):
            raised.invoke({"subject": "printer"})
    assert did == []


class Ticket(BaseModel):
    """What a tool takes that has a part of its own."""

    subject: str
    due: date | None = None


def test_a_langchain_tool_with_nested_arguments_asks_with_them_as_json_and_then_runs() -> None:
    did: list[Any] = []

    @langchain_tool
    def create_ticket(ticket: Ticket, others: list[Ticket]) -> str:
        """Create a ticket."""
        did.append((ticket, others))
        return "created"

    service = FakeService()
    with client_of(service) as client:
        guarded = langchain.guard_tool(client, create_ticket, "zendesk/create_ticket")
        nested = {"subject": "printer", "due": "2026-11-28"}
        assert guarded.invoke({"ticket": nested, "others": [{"subject": "desk"}]}) == "created"
    assert did == [(Ticket(subject="printer", due=date(2026, 11, 28)), [Ticket(subject="desk")])]
    question = json.loads(service.to("/check")[0].content)
    assert question["arguments"] == {"ticket": nested, "others": [{"subject": "desk", "due": None}]}


def test_a_langchain_tool_with_an_argument_that_has_no_json_is_denied() -> None:
    @langchain_tool
    def create_ticket(subject: Any) -> str:
        """Create a ticket."""
        pytest.fail("it ran")

    service = FakeService()
    with client_of(service) as client:
        guarded = langchain.guard_tool(client, create_ticket, "zendesk/create_ticket")
        assert "Denied (invalid_request)" in guarded.invoke({"subject": object()})
    assert service.to("/check") == []


def test_a_langchain_tool_serves_asynchronous_agents_for_the_user_of_the_block() -> None:
    async def case(make: Callable[[], Any]) -> None:
        did, tool = ran()
        client = make()
        started = client.start()
        if started is not None:
            await started
        guarded = langchain.guard_tool(client, tool, "zendesk/create_ticket")
        with client.act_as("alice"):
            assert await guarded.ainvoke({"subject": "printer"}) == "created printer False"
        assert did == ["printer"]
        if isinstance(client, dome.AsyncDomeClient):
            with pytest.raises(NotImplementedError):
                guarded.invoke({"subject": "printer"})
            await client.close()
        else:
            client.close()

    for make in (client_of, async_client_of):
        service = FakeService()
        asyncio.run(case(lambda make=make, service=service: make(service)))  # type: ignore[misc]
        assert b"subject_token=alice" in service.to("/auth/token")[-1].content


class Script(Model):
    """A model that calls the tool once, and then says what it read."""

    def __init__(self, arguments: str) -> None:
        self.arguments = arguments
        self.read: list[Any] = []

    async def get_response(self, system_instructions: Any, input: Any, *_args: Any, **_kwargs: Any) -> ModelResponse:  # noqa: A002
        items: list[TResponseInputItem] = input if isinstance(input, list) else []
        outputs: list[Any] = [item for item in items if item.get("type") == "function_call_output"]
        self.read += [item["output"] for item in outputs]
        call = ResponseFunctionToolCall(
            type="function_call", call_id="call-1", name="create_ticket", arguments=self.arguments
        )
        text = ResponseOutputText(type="output_text", text="done", annotations=[])
        message = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[message if outputs else call], usage=Usage(), response_id=None)

    def stream_response(self, *_args: Any, **_kwargs: Any) -> Any:
        raise NotImplementedError


def run_agent(service: FakeService, arguments: str, **options: Any) -> tuple[list[str], list[Any]]:
    """Run an agent of the real SDK with a guarded tool. Returns what the tool did, and what the model read."""
    did: list[str] = []

    @function_tool
    def create_ticket(subject: str) -> str:
        """Create a ticket."""
        did.append(subject)
        return f"created {subject}"

    model = Script(arguments)

    async def case() -> None:
        async with async_client_of(service) as client:
            tool: FunctionTool = openai_agents.guard_tool(client, create_ticket, "zendesk/create_ticket", **options)
            assert (tool.name, tool.params_json_schema) == (create_ticket.name, create_ticket.params_json_schema)
            agent = Agent(name="triage", tools=[tool], model=model)
            await Runner.run(agent, "go", run_config=RunConfig(tracing_disabled=True))

    asyncio.run(case())
    return did, model.read


def test_a_tool_of_an_openai_agent_asks_with_its_arguments_and_then_runs() -> None:
    service = FakeService()
    assert run_agent(service, '{"subject": "printer"}') == (["printer"], ["created printer"])
    question = json.loads(service.to("/check")[0].content)
    assert question == {"tool": "zendesk/create_ticket", "arguments": {"subject": "printer"}}


def test_a_denied_tool_of_an_openai_agent_does_not_run_and_the_model_reads_why() -> None:
    assert run_agent(FakeService(checks=NO), '{"subject": "p"}') == ([], ["Denied (surface_undeclared): no"])


def test_a_denied_tool_of_an_openai_agent_stops_the_run_where_the_program_wants_that() -> None:
    with pytest.raises(Exception, match="surface_undeclared"):
        run_agent(FakeService(checks=NO), '{"subject": "printer"}', tell_model=False)


def test_arguments_that_are_no_json_are_denied_and_not_sent() -> None:
    service = FakeService()
    did, [read] = run_agent(service, '{"subject": ')
    assert did == []
    assert "Denied (invalid_request)" in read
    assert service.to("/check") == []
