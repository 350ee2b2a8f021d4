"""The cases that every SDK must pass against a running server, for both clients. They are in sdk/conformance."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from support.driver import AsyncDriver, BlockingDriver, Driver, OtherProcess, Work
from support.fake import made_up_key
from support.proxy import Loop, Proxy
from support.server import ROOT, Agent, Server

import dome

SUITE = json.loads((ROOT / "sdk/conformance/cases.json").read_text())
CASES: list[dict[str, Any]] = SUITE["cases"]
CLIENTS = ("blocking", "asynchronous")
AT_ONCE = 8


class Case:
    """One case as it runs, for one client."""

    def __init__(self, server: Server, loop: Loop, case: dict[str, Any], client: str, logged: list[str]) -> None:
        self._server, self._loop, self._case, self._kind, self._logged = server, loop, case, client, logged
        self._agents: dict[str, Agent] = {}
        self._keys: dict[str, str] = {}
        self._key_ids: dict[str, str] = {}
        self._drivers: dict[str, Driver] = {}
        self._proxies: dict[str, Proxy] = {}
        self._tokens: dict[str, str] = {}
        self._work: dict[str, Work] = {}
        self._secrets: list[str] = []
        self._bad: dict[str, str] = {}

    def run(self) -> None:
        try:
            bodies: dict[str, dict[str, Any]] = self._case["agents"]
            for alias in sorted(bodies, key=lambda each: "{name:" in json.dumps(bodies[each])):
                body = dict(self._filled(bodies[alias]))
                agent = self._server.register(activate=body.pop("activate", True), **body)
                self._agents[alias], self._keys[alias], self._key_ids[alias] = agent, agent.key, agent.key_id
                self._secrets.append(agent.key)
            for step in self._case["steps"]:
                [(kind, members)] = step.items()
                self._step(kind, dict(members))
        finally:
            closed = [self._closed(alias) for alias in list(self._drivers)]
        assert all(took < 5.5 for took in closed), f"close took {max(closed)} s"
        shown = "\n".join([*self._logged, *self._bad.values()])
        assert [secret for secret in self._secrets if secret in shown] == []

    def _closed(self, alias: str) -> float:
        driver = self._drivers.pop(alias)
        self._bad[alias] = "\n".join(driver.shown)
        took = driver.close()
        if isinstance(driver, OtherProcess):
            driver.end()
        self._proxies.pop(alias).close()
        return took

    def _step(self, kind: str, members: dict[str, Any]) -> None:
        within = members.pop("within_ms", 0) / 1000
        until = time.monotonic() + within
        while True:
            try:
                getattr(self, f"step_{kind}")(**members)
                return
            except AssertionError as fault:
                if time.monotonic() >= until:
                    raise AssertionError(f"{kind} {members}: {fault}") from fault
                time.sleep(0.05)

    def _filled(self, value: Any) -> Any:
        text = json.dumps(value)
        for alias, agent in self._agents.items():
            text = text.replace(f"{{name:{alias}}}", agent.name).replace(f"{{{alias}}}", agent.id)
        return json.loads(text)

    def step_admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        self._server.operate(method, self._filled(path).removeprefix("/api/v1"), self._filled(body))

    def step_rotate(self, agent: str, overlap_seconds: int) -> None:
        body = {"replaces": self._key_ids[agent], "overlap_seconds": overlap_seconds}
        issued = self._server.operate("POST", f"/agents/{self._agents[agent].id}/keys", body)
        key = issued.get("api_key", issued)
        self._keys[agent], self._key_ids[agent] = key["secret"], key["id"]
        self._secrets.append(key["secret"])

    def step_client(
        self,
        agent: str,
        key: str = "newest",
        clock_skew_ms: float = 0,
        own_process: bool = False,
        raise_on_error: bool = False,
        error: str | None = None,
        **members: str,
    ) -> None:
        alias = members["as"]
        proxy = self._proxies[alias] = Proxy(self._loop, self._server.port)
        url = f"http://127.0.0.1:{proxy.port}"
        if own_process:
            self._drivers[alias] = OtherProcess(url, self._keys[agent], clock_skew_ms)
            return
        keys: dict[str, str | Callable[[], str]] = {
            "newest": self._keys[agent],
            "unknown": made_up_key("unknown"),
            "malformed": "dome_at_malformed",
            "latest": lambda: self._keys[agent],
        }
        config = dome.DomeConfig(base_url=url, token=keys[key], raise_on_error=raise_on_error)
        self._drivers[alias] = (
            BlockingDriver(config, clock_skew_ms)
            if self._kind == "blocking"
            else AsyncDriver(config, clock_skew_ms, self._loop)
        )
        if error is not None:  # in Python it is `start` that raises, and nothing before it
            assert self._drivers[alias].start() == error

    def step_start(self, client: str, error: str | None = None) -> None:
        begun = time.monotonic()
        assert self._drivers[client].start() == error
        assert time.monotonic() - begun < 5.5

    def step_check(
        self,
        client: str,
        expect: dict[str, Any],
        as_user: str | None = None,
        audience: str = "app",
        on_behalf_of: str | None = None,
        **question: Any,
    ) -> None:
        acting = None
        if as_user is not None:
            acting = ("user", self._user(as_user, audience))
        elif on_behalf_of is not None:
            acting = ("agent", self._tokens[on_behalf_of])
        got = self._drivers[client].check(question, acting)
        for member, wanted in expect.items():
            if isinstance(wanted, list) and member == "reason":
                assert got.get(member) in wanted, got
            else:
                assert got.get(member) == wanted, got

    def _user(self, user: str, audience: str) -> str:
        words = ("users", "test-token", user, "--audience", audience, "--state", str(self._server.state))
        token = self._server.cli(*words).strip().splitlines()[-1]
        self._secrets.append(token)
        return token

    def step_token(self, client: str, **members: str) -> None:
        self._tokens[members["as"]] = self._drivers[client].token()
        self._secrets.append(self._tokens[members["as"]])

    def step_work(self, client: str, tool: str, **members: str) -> None:
        work = self._work[members["as"]] = self._drivers[client].work(tool)
        assert work.running.wait(20), "the work does not begin"

    def step_finish(self, work: str) -> None:
        self._work[work].finish.set()

    def step_expect_work(self, work: str, state: str) -> None:
        assert self._work[work].state == state

    def step_heard(self, client: str, types: list[str]) -> None:
        heard = iter(self._drivers[client].heard())
        missing = [wanted for wanted in types if wanted not in heard]
        assert missing == [], self._drivers[client].heard()

    def step_drained(self, client: str, **members: bool) -> None:
        assert self._drivers[client].is_drained() is members["is"]

    def step_network(self, client: str, **members: Any) -> None:
        self._proxies[client].set(members["is"])

    def step_emit(self, client: str, kind: str, data: Any = None, of_last_decision: bool = False) -> None:
        self._drivers[client].emit(kind, data, of_last_decision)

    def step_flush(self, client: str, waiting: int) -> None:
        assert self._drivers[client].flush() == waiting

    def step_recorded(self, agent: str, kind: str, count: int) -> None:
        assert self._count(agent, kind) == count
        time.sleep(1)  # the case asks for it: the count holds a second later
        assert self._count(agent, kind) == count

    def _count(self, agent: str, kind: str) -> int:
        return len(self._server.operate("GET", f"/audit?agent={self._agents[agent].id}&kind={kind}")["items"])

    def step_close(self, client: str) -> None:
        assert self._drivers[client].close() < 5.5


@pytest.fixture(scope="module")
def outcomes(server: Server, request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future[None]]]:
    """Run all cases, several at once: each has agents of its own, and most of its time it waits."""
    logged: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(self.format(record))

    listener, root = Listener(level=logging.DEBUG), logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    loop = Loop()
    chosen = {
        (item.callspec.params["name"], item.callspec.params["client"])
        for item in request.session.items
        if hasattr(item, "callspec") and "name" in item.callspec.params
    }
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield {
                (case["name"], client): pool.submit(Case(server, loop, case, client, logged).run)
                for case in CASES
                for client in CLIENTS
                if (case["name"], client) in chosen
            }
    finally:
        root.removeHandler(listener)
        root.setLevel(level)
        loop.close()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", [case["name"] for case in CASES])
def test_conforms(name: str, client: str, outcomes: dict[tuple[str, str], Future[None]]) -> None:
    outcomes[name, client].result(120)
