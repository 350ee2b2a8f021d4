"""Audit events are delivered once, in order, through an outage; what is lost is counted and said (P8)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from support.fake import KEY, FakeService, bearer, broken, client_of, oauth_error, problem, reply

import dome


def ids(service: FakeService) -> list[list[str]]:
    return [
        [event["event_id"] for event in json.loads(request.content)["events"]]
        for request in service.to("/audit/events")
    ]


def test_an_event_is_delivered_with_what_belongs_to_it() -> None:
    service = FakeService()
    with client_of(service) as client:
        decision = client.check(tool="zendesk")
        client.audit.emit("order_placed", {"order": 1}, txn=decision.txn, decision_id=decision.decision_id, detail="d")
        client.audit.emit("sdk.error", {"error": "Timeout", "after": 3}, tool="zendesk")
        client.audit.emit("sdk.decision", {"decision": "deny", "reason": "too_late"})
        assert client.audit.flush()
        assert client.audit.waiting == 0
    common = {"time": "2026-11-28T09:00:00.000Z"}
    assert [{name: value for name, value in event.items() if name != "event_id"} for event in service.reported()] == [
        {
            **common,
            "kind": "sdk.custom.order_placed",
            "txn": decision.txn,
            "decision_id": decision.decision_id,
            "detail": "d",
            "data": {"order": 1},
        },
        {**common, "kind": "sdk.error", "error": "Timeout", "tool": "zendesk", "data": {"after": 3}},
        {**common, "kind": "sdk.decision", "decision": "deny", "reason": "too_late"},
    ]
    assert {bearer(request) for request in service.to("/audit/events")} == {KEY}


def test_the_key_and_no_token_delivers_because_a_suspended_agent_has_no_token() -> None:
    service = FakeService()
    with client_of(service) as client:
        service.tokens = [oauth_error(400, "unauthorized_client", "agent_suspended")]
        client._core.own._held = None
        client.audit.emit("order_placed")
        assert client.audit.flush()


def test_events_outlast_an_outage_in_order_under_the_same_ids() -> None:
    service = FakeService(reports=[broken])
    with client_of(service, retries=0) as client:
        sent = [client.audit.emit("order_placed", {"n": n}) for n in range(3)]
        assert not client.audit.flush()
        assert not client.audit.flush()
        assert client.audit.waiting == 3
        service.reports.clear()
        assert client.audit.flush()
    assert all(each == sent for each in ids(service))
    assert len(set(sent)) == 3


def test_a_report_has_at_most_a_hundred_events() -> None:
    service = FakeService()
    with client_of(service) as client:
        client._core.on_emit = lambda: None
        for n in range(250):
            client.audit.emit("order_placed", {"n": n})
        assert client.audit.flush()
    assert [len(each) for each in ids(service)] == [100, 100, 50]


def test_a_report_is_bounded_in_bytes_too() -> None:
    service = FakeService()
    with client_of(service) as client:
        client._core.on_emit = lambda: None
        for n in range(40):
            client.audit.emit("order_placed", {"text": "x" * 8_000, "n": n})
        assert client.audit.flush()
    assert max(len(request.content) for request in service.to("/audit/events")) < 140_000


def test_what_does_not_fit_is_counted_and_reported() -> None:
    service = FakeService(reports=[broken])
    with client_of(service, retries=0, event_buffer=5) as client:
        client._core.on_emit = lambda: None
        kept = [client.audit.emit("order_placed", {"n": n}) for n in range(8)]
        assert [each is None for each in kept] == [False] * 5 + [True] * 3
        assert client.audit.lost == 3
        service.reports.clear()
        assert client.audit.flush()
    lost = [event for event in service.reported() if event.get("signal") == "events_lost"]
    assert [event["data"] for event in lost] == [{"count": 3}]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("sdk.decision", {}),
        ("sdk.decision", {"decision": "deny"}),
        ("sdk.error", {}),
        ("sdk.signal", {}),
        ("sdk.unheard_of", {}),
        ("agent.suspended!", {}),
        ("Order Placed", {}),
        ("", {}),
        ("a" * 64, {}),
        ("order_placed", {"at": object()}),
        ("order_placed", {"at": float("inf")}),
        ("order_placed", {"text": "x" * 9_000}),
    ],
)
def test_an_event_that_the_service_would_refuse_is_refused_where_it_is_made(kind: str, data: dict[str, Any]) -> None:
    with client_of(FakeService()) as client:
        with pytest.raises(dome.InvalidRequestError):
            client.audit.emit(kind, data)
        assert client.audit.waiting == 0


@pytest.mark.parametrize("outcome", ["refused", "conflict"])
def test_an_event_without_a_record_is_counted_as_lost_and_not_sent_again(outcome: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        events = json.loads(request.content)["events"]
        items = [
            {"event_id": e["event_id"], "outcome": "recorded" if e.get("signal") else outcome, "detail": "why"}
            for e in events
        ]
        return httpx.Response(200, json={"items": items, "late": False})

    service = FakeService(reports=[answer])
    with client_of(service) as client:
        client._core.on_emit = lambda: None
        client.audit.emit("order_placed")
        assert client.audit.flush()
        assert client.audit.lost == 1
    assert [event["kind"] for event in service.reported()] == ["sdk.custom.order_placed", "sdk.signal"]


def test_a_report_that_is_refused_as_a_whole_is_sent_in_parts_and_the_culprit_is_given_up() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if b'"n":5' in request.content:
            return problem(413, "body_too_large")(request)
        return FakeService()(request)

    service = FakeService(reports=[answer])
    with client_of(service) as client:
        client._core.on_emit = lambda: None
        for n in range(10):
            client.audit.emit("order_placed", {"n": n})
        assert client.audit.flush()
        assert client.audit.lost == 1


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": "all"}, {"items": [{"event_id": 1}]}, []])
def test_an_answer_that_does_not_say_what_became_of_them_keeps_the_events(body: object) -> None:
    with client_of(FakeService(reports=[reply(body)])) as client:
        client.audit.emit("order_placed")
        assert not client.audit.flush()
        assert client.audit.waiting == 1


def test_a_denial_of_this_process_is_reported_once_and_then_counted() -> None:
    service = FakeService(checks=[broken])
    with client_of(service, retries=0) as client:
        for _ in range(5):
            client.check(tool="zendesk")
        client.check(tool="another")
        assert client.audit.flush()
        client._core.ports.wait(client._closing, 61)
        client.check(tool="zendesk")
        assert client.audit.flush()
    told = [(event["tool"], event["reason"], event.get("data")) for event in service.reported()]
    assert told == [
        ("zendesk", "unavailable", None),
        ("another", "unavailable", None),
        ("zendesk", "unavailable", {"repeats": 4}),
    ]


def test_a_denial_of_the_service_is_not_reported_because_it_has_a_record() -> None:
    service = FakeService()
    with client_of(service) as client:
        client.check(tool="zendesk")
        client.check(tool="zendesk", arguments={"at": object()})
    client.check(tool="zendesk")
    assert service.reported() == []


def test_close_delivers_what_waits_and_says_what_it_could_not(caplog: pytest.LogCaptureFixture) -> None:
    service = FakeService()
    with client_of(service) as client:
        client.audit.emit("order_placed")
    assert len(service.reported()) == 1
    with client_of(FakeService(reports=[broken]), retries=0) as client:
        client.audit.emit("order_placed")
    assert client.audit.lost == 1
    assert "closed with 1 audit events that were not delivered" in caplog.text
    assert client.audit.emit("order_placed") is None
    assert client.audit.lost == 2
