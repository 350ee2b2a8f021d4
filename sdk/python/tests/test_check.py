"""A check is answered by the service or denied here: no fault, no answer and no order of events opens it (P1)."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpx
import pytest
from support.fake import (
    FakeService,
    Step,
    allow,
    bearer,
    broken,
    client_of,
    deny,
    oauth_error,
    once,
    problem,
    reply,
    silent,
)

import dome


def raw(status: int, content: bytes, content_type: str = "application/json") -> Step:
    return lambda _request: httpx.Response(status, content=content, headers={"content-type": content_type})


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in allow().items() if name != member}


NO_ALLOW: dict[str, Step] = {
    "nothing listens": broken,
    "no answer in time": silent,
    "an empty answer": raw(200, b""),
    "a page": raw(200, b"<html>allow</html>", "text/html"),
    "no JSON": raw(200, b'{"decision":"allow"'),
    "a list": raw(200, b'[{"decision":"allow"}]'),
    "a text": raw(200, b'"allow"'),
    "true": raw(200, b"true"),
    "deep nesting": raw(200, b"[" * 100_000),
    "an answer without end": raw(200, b" " * 2_000_000),
    "no UTF-8": raw(200, b'{"decision":"\xff"}'),
    "another word": reply(allow(decision="allowed")),
    "upper case": reply(allow(decision="ALLOW")),
    "a truth value": reply(allow(decision=True)),
    "a list of words": reply(allow(decision=["allow"])),
    "no decision": reply(without("decision")),
    "no decision id": reply(without("decision_id")),
    "an empty decision id": reply(allow(decision_id="")),
    "no reason": reply(without("reason")),
    "no transaction": reply(without("txn")),
    "a reason that is no text": reply(allow(reason=1)),
    "an allow with another status": reply(allow(), 201),
    "an allow that is accepted only": reply(allow(), 202),
    "an allow behind a refusal": reply(allow(), 403),
    "an allow behind a fault": reply(allow(), 500),
    "a redirect": reply(allow(), 302, location="/"),
    "not modified": raw(304, b""),
    "a broken encoding": lambda _request: httpx.Response(
        200, stream=httpx.ByteStream(b"allow"), headers={"content-encoding": "gzip"}
    ),
    "too many requests": problem(429, "rate_limited"),
    "unavailable": problem(503, "unavailable"),
    "draining": problem(503, "draining"),
    "not authenticated": problem(401, "invalid_token"),
    "not found": problem(404, "not_found"),
    "invalid": problem(400, "invalid_request"),
    "a fault of ours": lambda _request: httpx.Response(200, json=1 / 0),
}


@pytest.mark.parametrize("step", NO_ALLOW.values(), ids=NO_ALLOW.keys())
def test_only_a_whole_allow_allows(step: Step) -> None:
    heard: list[object] = []
    with client_of(FakeService(checks=[step])) as client:
        decision = client.check(
            tool="zendesk/create_ticket", on_allow=lambda d: heard.append(d), on_deny=lambda q, r: heard.append((q, r))
        )
    assert not decision
    assert not decision.allowed
    assert decision.local
    assert decision.decision_id is None
    assert decision.detail
    assert heard == [(dome.CheckRequest(tool="zendesk/create_ticket"), decision.reason)]


def test_an_allow_calls_the_one_callback_with_the_decision() -> None:
    heard: list[object] = []
    with client_of(FakeService()) as client:
        decision = client.check(tool="zendesk", on_allow=heard.append, on_deny=lambda *_: heard.append("deny"))
    assert heard == [decision]
    assert decision
    assert not decision.local
    assert decision.decision_id == "dec_01jdv3q1r2s3t4v5w6x7y8z9a0"
    assert (decision.reason, decision.layer, decision.policies) == (
        "permitted",
        "policy",
        ("builtin/declared-surface",),
    )


def test_a_denial_calls_the_one_callback_with_the_request_and_a_reason_that_is_its_code() -> None:
    heard: list[tuple[dome.CheckRequest, dome.Reason]] = []
    with client_of(FakeService(checks=[reply(deny())])) as client:
        decision = client.check(
            tool="zendesk",
            arguments={"id": 1},
            on_allow=lambda _d: pytest.fail("an allow"),
            on_deny=lambda request, reason: heard.append((request, reason)),
        )
    [(request, reason)] = heard
    assert (request.tool, request.arguments) == ("zendesk", {"id": 1})
    assert reason == "surface_undeclared"
    assert isinstance(reason, str)
    assert f"{reason}" == "surface_undeclared"
    assert {"surface_undeclared": 1}[reason] == 1
    assert json.dumps(reason) == '"surface_undeclared"'
    assert reason.detail == "no"
    assert reason.change == dome.Change("an operator can declare it")
    assert reason.decision_id == decision.decision_id == "dec_01jdv3q1r2s3t4v5w6x7y8z9a0"
    assert pickle.loads(pickle.dumps(reason)).change == reason.change  # noqa: S301 (made one line above)


def test_an_exception_of_the_one_callback_is_the_callers_and_calls_no_other() -> None:
    def fail(_decision: dome.Decision) -> None:
        raise LookupError("the act failed")

    with client_of(FakeService()) as client, pytest.raises(LookupError, match="the act failed"):
        client.check(tool="zendesk", on_allow=fail, on_deny=lambda *_: pytest.fail("a denial"))


def test_members_of_a_newer_service_are_passed_over() -> None:
    with client_of(FakeService(checks=[reply(allow(news=1, policies=None))])) as client:
        assert client.check(tool="zendesk").allowed


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"tool": "zendesk", "model": "premium"},
        {"action": "tool:use"},
        {"resource": "zendesk"},
        {"tool": "zendesk", "resource": "zendesk"},
        {"tool": "zendesk", "arguments": {"at": object()}},
        {"tool": "zendesk", "arguments": {"at": float("nan")}},
        {"tool": "zendesk", "arguments": {"at": "\ud800"}},
        {"tool": "zendesk", "arguments": {("a", "b"): 1}},
        {"tool": "zendesk", "arguments": ["a"]},
        {"tool": object()},
    ],
)
def test_a_question_that_cannot_be_asked_is_denied_and_not_sent(question: dict[str, Any]) -> None:
    service = FakeService()
    with client_of(service) as client:
        decision = client.check(**question)
        assert (decision.allowed, decision.reason, decision.local) == (False, "invalid_request", True)
        with pytest.raises(dome.InvalidRequestError):
            client.check(**question, raise_on_error=True)
    assert service.to("/check") == []


def test_a_cycle_in_the_arguments_is_a_denial() -> None:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    with client_of(FakeService()) as client:
        assert client.check(tool="zendesk", arguments=cycle).reason == "invalid_request"


def test_the_question_is_sent_as_it_was_asked() -> None:
    service = FakeService()
    with client_of(service) as client:
        client.check(action="llm:chat", resource="premium/claude-x", arguments={})
        client.check(integration="salesforce")
        client.check(model="premium", arguments={"ü": None})
    assert [json.loads(request.content) for request in service.to("/check")] == [
        {"action": "llm:chat", "resource": "premium/claude-x", "arguments": {}},
        {"integration": "salesforce"},
        {"model": "premium", "arguments": {"ü": None}},
    ]


def test_a_client_that_was_not_started_asks_all_the_same() -> None:
    client = client_of(FakeService())
    assert client.check(tool="zendesk").allowed
    client.close()
    assert client_of(FakeService(), token="dome_at_...").check(tool="zendesk").reason == "credential_refused"


def test_after_close_everything_is_denied() -> None:
    client = client_of(FakeService())
    client.start()
    assert client.check(tool="zendesk").allowed
    client.close()
    client.close()
    assert client.check(tool="zendesk").reason == "closed"
    with pytest.raises(dome.DomeError) as refused:
        client.token()
    assert refused.value.code == "closed"


def test_nothing_is_remembered_of_an_allow_when_the_service_is_gone() -> None:
    service = FakeService(checks=[reply(allow()), broken])
    with client_of(service) as client:
        assert [bool(client.check(tool="zendesk")) for _ in range(3)] == [True, False, False]


def test_raise_on_error_raises_what_prevented_an_answer_and_calls_neither_callback() -> None:
    service = FakeService(checks=[broken])
    with client_of(service, raise_on_error=True) as client:
        with pytest.raises(dome.UnreachableError) as raised:
            client.check(tool="zendesk", on_deny=lambda *_: pytest.fail("called"))
        assert raised.value.code == "connection_failed"
        assert client.check(tool="zendesk", raise_on_error=False).reason == "unavailable"
        service.checks = [reply(deny())]
        assert client.check(tool="zendesk").reason == "surface_undeclared"
        service.checks = [problem(503, "draining")]
        assert client.check(tool="zendesk").reason == "draining"


def test_a_token_from_before_a_stop_is_replaced_once() -> None:
    service = FakeService(checks=[problem(401, "invalid_token"), reply(allow())])
    with client_of(service) as client:
        assert client.check(tool="zendesk").allowed
    assert [bearer(request) for request in service.to("/check")] == ["token-1", "token-2"]


def test_a_caller_that_is_stopped_is_denied_with_what_the_service_says_of_it() -> None:
    stopped = oauth_error(400, "unauthorized_client", "agent_suspended")
    service = FakeService(checks=[problem(401, "invalid_token")])
    with client_of(service) as client:
        service.tokens = [stopped]
        decision = client.check(tool="zendesk")
        assert (decision.reason, decision.request_id) == ("stopped", None)
        assert "unauthorized_client" in decision.detail
        service.tokens = [oauth_error(401, "invalid_client")]
        assert client.check(tool="zendesk").reason == "credential_refused"
    assert len(service.to("/check")) == 1


def test_a_user_whom_the_service_does_not_accept_is_a_denial_of_the_delegation() -> None:
    with client_of(FakeService(checks=[problem(403, "actas_refused")])) as client:
        decision = client.check(tool="zendesk")
    assert (decision.reason, decision.request_id) == ("delegation_refused", "req_2")


def test_a_short_disturbance_is_not_seen() -> None:
    service = FakeService(checks=once(broken, problem(503, "unavailable")))
    with client_of(service) as client:
        assert client.check(tool="zendesk").allowed
