"""What the stream says refuses new work, ends what runs, and heals; a drain is orderly. It never opens anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from support.fake import FakeService, allow, client_of, reply
from support.stream import FakeStream

import dome


class Heard:
    """The events that the hooks were called with."""

    def __init__(self, client: dome.DomeClient) -> None:
        self.types: list[str] = []
        self._came = threading.Condition()
        client.events.on("*", self._hear)

    def _hear(self, event: dome.AgentEvent) -> None:
        with self._came:
            self.types.append(event.type)
            self._came.notify_all()

    def until(self, event_type: str, times: int = 1) -> None:
        with self._came:
            assert self._came.wait_for(lambda: self.types.count(event_type) >= times, 10), self.types


@contextmanager
def listening(service: FakeService) -> Iterator[tuple[dome.DomeClient, Heard, FakeStream]]:
    client = client_of(service, listen=True)
    heard = Heard(client)
    client.start()
    stream = service.streams.next()
    stream.state()
    heard.until("state")
    try:
        yield client, heard, stream
    finally:
        stream.end()
        client.close()


def test_a_suspension_refuses_at_once_without_asking_and_a_resume_asks_again() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("agent.suspended", 1, n=1, replayed=False)
        heard.until("agent.suspended")
        before = len(service.to("/check"))
        decision = client.check(tool="zendesk")
        assert (decision.reason, decision.local) == ("stopped", True)
        assert len(service.to("/check")) == before
        stream.say("agent.resumed", 2, n=2, replayed=False)
        heard.until("agent.resumed")
        assert client.check(tool="zendesk").allowed


def test_tokens_from_before_a_stop_are_not_used_after_it() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        assert client.token() == "token-1"
        stream.say("agent.suspended", 1, replayed=False)
        stream.say("agent.resumed", 2, replayed=False)
        heard.until("agent.resumed")
        assert client.token() == "token-2"


def test_a_token_that_was_on_its_way_when_the_agent_was_stopped_is_not_kept() -> None:
    """P3."""
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("keys.changed", 1, replayed=False)
        heard.until("keys.changed")
        entered, go_on = threading.Event(), threading.Event()

        def late(request: httpx.Request) -> httpx.Response:
            entered.set()
            assert go_on.wait(10)
            return service._issue(request)

        service.tokens = [late, service._issue]
        old: list[str] = []
        thread = threading.Thread(target=lambda: old.append(client.token()))
        thread.start()
        assert entered.wait(10)
        stream.say("agent.suspended", 2, replayed=False)
        stream.say("agent.resumed", 3, replayed=False)
        heard.until("agent.resumed")
        assert client.token() == "token-2"
        go_on.set()
        thread.join(10)
        assert old == ["token-3"]
        assert client.token() == "token-2"


def test_what_was_heard_refuses_only_while_the_stream_is_open_so_that_a_missed_resume_heals() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("agent.suspended", 1, replayed=False)
        heard.until("agent.suspended")
        stream.end()
        second = service.streams.next()
        assert second.last_event_id == "1"
        assert client.check(tool="zendesk").allowed
        second.state("active", event_id=None)
        second.say("agent.resumed", 2, replayed=True)
        heard.until("agent.resumed")
        assert client.check(tool="zendesk").allowed
        second.end()


def test_a_stop_that_was_missed_is_told_by_the_state_of_the_next_connection() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.end()
        second = service.streams.next()
        second.state("suspended", missed=True, event_id=9)
        heard.until("agent.suspended")
        assert client.check(tool="zendesk").reason == "stopped"
        second.end()


def test_an_event_that_is_older_than_the_state_changes_nothing_but_tells_the_hooks() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.end()
        second = service.streams.next()
        second.state("active", event_id=None)
        second.say("agent.suspended", 1, replayed=True)
        second.say("agent.resumed", 2, replayed=True)
        heard.until("agent.resumed")
        assert client.check(tool="zendesk").allowed
        second.end()


def test_revoked_is_final_also_without_a_stream() -> None:
    """P5."""
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("agent.revoked", 1, replayed=False)
        heard.until("agent.revoked")
        stream.end()
        assert client.check(tool="zendesk").reason == "stopped"


def test_an_allow_that_a_stop_has_overtaken_is_a_denial_with_its_decision_id() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):

        def stopped_meanwhile(request: object) -> object:
            stream.say("agent.suspended", 1, replayed=False)
            heard.until("agent.suspended")
            return reply(allow())(request)  # type: ignore[arg-type]

        service.checks = [stopped_meanwhile]  # type: ignore[list-item]
        decision = client.check(tool="zendesk", on_allow=lambda _d: pytest.fail("an allow"))
        assert (decision.allowed, decision.reason, decision.local) == (False, "stopped", True)
        assert decision.decision_id == allow()["decision_id"]


def test_a_stop_counts_for_an_allow_that_was_under_way_although_the_stream_has_ended_since() -> None:
    """P3."""
    service = FakeService()
    again: list[FakeStream] = []
    with listening(service) as (client, heard, stream):

        def stopped_meanwhile(request: httpx.Request) -> httpx.Response:
            stream.say("agent.suspended", 1, replayed=False)
            heard.until("agent.suspended")
            stream.end()
            again.append(service.streams.next())  # opened when the end of the first was noticed
            return reply(allow())(request)

        service.checks = [stopped_meanwhile]
        decision = client.check(tool="zendesk", on_allow=lambda _d: pytest.fail("an allow"))
        assert (decision.allowed, decision.reason, decision.local) == (False, "stopped", True)
        assert decision.decision_id == allow()["decision_id"]
        service.checks = []
        assert client.check(tool="zendesk").allowed
        again[0].end()


def test_a_drain_refuses_new_work_lets_running_work_end_and_says_when_it_is_over() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        begun, go_on = threading.Event(), threading.Event()

        @client.guard("zendesk/create_ticket")
        def work(subject: str) -> str:
            begun.set()
            assert go_on.wait(10)
            return subject

        results: list[str] = []
        thread = threading.Thread(target=lambda: results.append(work("printer")))
        thread.start()
        assert begun.wait(10)
        stream.say("agent.draining", 1, replayed=False, left_ms=600_000, then="suspended")
        heard.until("agent.draining")
        assert client.check(tool="zendesk").reason == "draining"
        with pytest.raises(dome.DeniedError) as denied:
            work("another")
        assert denied.value.code == "draining"
        assert not client.drained(timeout=0)
        go_on.set()
        assert client.drained(timeout=10)
        thread.join(10)
        assert results == ["printer"]
        stream.say("agent.activated", 2, replayed=False)
        heard.until("agent.activated")
        assert not client.drained(timeout=0)
        assert client.check(tool="zendesk").allowed


def test_work_beyond_the_deadline_of_a_drain_is_told_to_end_and_not_waited_for() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        with pytest.raises(dome.StoppedError), client.call(tool="zendesk/create_ticket") as call:
            stream.say("agent.draining", 1, replayed=False, left_ms=0, then="suspended")
            assert call.cancelled.wait(10)
            heard.until("agent.draining")
            assert client.drained(timeout=10)
        assert call.decision.allowed


def test_a_suspension_ends_what_runs() -> None:
    service = FakeService()
    with (
        listening(service) as (client, _heard, stream),
        pytest.raises(dome.StoppedError),
        client.call(tool="zendesk/create_ticket") as call,
    ):
        assert dome.current_call() is call
        stream.say("agent.suspended", 1, replayed=False)
        assert call.cancelled.wait(10)
        assert client.check(tool="zendesk").reason == "stopped"
    assert dome.current_call() is None


def test_the_work_of_on_allow_counts_until_it_returns() -> None:
    with listening(FakeService()) as (client, _heard, _stream):
        seen: list[bool] = []

        def act(_decision: dome.Decision) -> None:
            client.drain(within=600)
            seen.append(client.drained(timeout=0))
            assert dome.current_call() is not None

        assert client.check(tool="zendesk", on_allow=act).allowed
        assert client.drained(timeout=10)
        assert seen == [False]


def test_a_drain_of_this_process_tells_the_hooks_once_and_refuses_new_work() -> None:
    with listening(FakeService()) as (client, heard, _stream):
        client.drain(within=600)
        client.drain(within=600)
        assert client.drained(timeout=10)
        assert heard.types == ["state", "agent.draining"]
        assert client.check(tool="zendesk").reason == "draining"


def test_hooks_run_in_order_one_after_the_other_and_a_fault_stops_none() -> None:
    service = FakeService()
    client = client_of(service, listen=True)
    ran: list[str] = []

    def fail(_event: dome.AgentEvent) -> None:
        ran.append("first")
        raise LookupError("a hook fails")

    client.events.on("agent.draining", fail)
    client.events.on("agent.draining", lambda event: ran.append(f"second {event.n}"))
    off = client.events.on("agent.draining", lambda _event: ran.append("taken away"))
    off()
    client.events.on("agent.suspended", lambda _event: ran.append("third"))
    heard = Heard(client)
    client.start()
    stream = service.streams.next()
    stream.state()
    stream.say("agent.draining", 1, n=1, replayed=False, left_ms=600_000)
    stream.say("agent.suspended", 2, n=2, replayed=False)
    heard.until("agent.suspended")
    assert client.drained(timeout=10)
    assert ran == ["first", "second 1", "third"]
    stream.end()
    client.close()


def test_a_drain_is_not_over_before_its_hooks_have_run() -> None:
    service = FakeService()
    client = client_of(service, listen=True)
    entered, go_on = threading.Event(), threading.Event()

    def slow(_event: dome.AgentEvent) -> None:
        entered.set()
        assert go_on.wait(10)

    client.events.on("agent.draining", slow)
    client.start()
    stream = service.streams.next()
    stream.state()
    stream.say("agent.draining", 1, replayed=False, left_ms=600_000)
    assert entered.wait(10)
    assert not client.drained(timeout=0)
    go_on.set()
    assert client.drained(timeout=10)
    stream.end()
    client.close()


def test_what_the_stream_says_that_is_not_understood_changes_nothing() -> None:
    with listening(FakeService()) as (client, heard, stream):
        stream.raw(b": heartbeat\n\n")
        stream.raw(b"event: agent.suspended\nid: 1\ndata: no JSON\n\n")
        stream.raw(b"event: agent.suspended\nid: 1\ndata: []\n\n")
        stream.raw(b"event: agent.suspended\nid: 1\ndata: " + b"[" * 100_000 + b"\n\n")
        stream.say("agent.unheard-of", 2, replayed=False)
        heard.until("agent.unheard-of")
        assert client.check(tool="zendesk").allowed


def test_a_halt_of_the_workspace_stops_and_its_resume_goes_on() -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("workspace.halted", 1, replayed=False)
        heard.until("workspace.halted")
        assert client.check(tool="zendesk").reason == "stopped"
        assert client._core.stream_pause(0) == 30.0
        stream.say("workspace.resumed", 2, replayed=False)
        heard.until("workspace.resumed")
        assert client.check(tool="zendesk").allowed


def test_pauses_between_connections_grow_and_end() -> None:
    core = client_of(FakeService())._core
    assert [core.stream_pause(made) for made in (0, 1, 2, 3, 10, 1000)] == [0.75, 1.5, 3.0, 6.0, 22.5, 22.5]
    core.lifecycle.phase = "revoked"
    assert core.stream_pause(0) is None


@pytest.mark.parametrize("left_ms", [10**30, 1e300, "soon", None, True, -5])
def test_a_drain_with_a_deadline_that_makes_no_sense_refuses_all_the_same(left_ms: object) -> None:
    with listening(FakeService()) as (client, heard, stream):
        stream.say("agent.draining", 1, replayed=False, left_ms=left_ms)
        heard.until("agent.draining")
        assert client.check(tool="zendesk").reason == "draining"
        assert client.drained(timeout=10)
        stream.say("agent.activated", 2, replayed=False)
        heard.until("agent.activated")
        assert client.check(tool="zendesk").allowed


def test_a_fault_while_listening_leaves_nothing_standing_that_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeService()
    with listening(service) as (client, heard, stream):
        stream.say("agent.suspended", 1, replayed=False)
        heard.until("agent.suspended")
        with monkeypatch.context() as patch:
            patch.setattr(client._core, "hear", lambda *_: 1 / 0)
            stream.say("agent.resumed", 2, replayed=False)
            second = service.streams.next()
        assert client.check(tool="zendesk").allowed
        second.end()


def test_a_check_that_is_under_way_when_the_client_closes_is_a_denial(caplog: pytest.LogCaptureFixture) -> None:
    service = FakeService()
    client = client_of(service)

    def closed_meanwhile(request: object) -> object:
        client.close()
        return reply({}, 503)(request)  # type: ignore[arg-type]

    service.checks = [closed_meanwhile]  # type: ignore[list-item]
    client.start()
    assert not client.check(tool="zendesk")
    assert "fault of this package" not in caplog.text
