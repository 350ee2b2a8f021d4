"""A client outlives a fork, delivers at the end of its process, and drains on SIGTERM if it is asked to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support.server import Agent, Server

import dome


def program(server: Server, agent: Agent, text: str) -> subprocess.Popen[str]:
    """Run a program that has a started client."""
    head = f"""
        import os, signal, sys, threading, time, asyncio, json
        import dome
        config = dome.DomeConfig(base_url={server.url!r}, token=os.environ["KEY"])
    """
    code = textwrap.dedent(head) + textwrap.dedent(text)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", code],
        env={**os.environ, "KEY": agent.key},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    return output


def reports(server: Server, agent: Agent, count: int) -> list[str]:
    """Return what the agent has reported, as soon as the ledger shows so much: it may take a second."""
    until = time.monotonic() + 15
    while True:
        items = server.operate("GET", f"/audit?agent={agent.id}&order=oldest")["items"]
        events = [item["data"]["event"] for item in items if item["kind"].startswith("sdk.")]
        if len(events) >= count or time.monotonic() > until:
            return sorted(str(event.get("signal", event["kind"])).removeprefix("sdk.custom.") for event in events)
        time.sleep(0.1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_process_uses_the_client_of_its_parent_with_connections_and_events_of_its_own(server: Server) -> None:
    agent = server.register()
    process = program(
        server,
        agent,
        """
        client = dome.DomeClient(config)
        client.start()
        client.audit.emit("before_the_fork")
        pid = os.fork()
        who = "child" if pid == 0 else "parent"
        assert client.check(tool="zendesk/delete_ticket")
        client.audit.emit(who)
        client.close()
        if pid:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os._exit(0)
        """,
    )
    finished(process)
    assert reports(server, agent, 3) == ["before_the_fork", "child", "parent"]


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_the_end_of_a_process_delivers_what_waits(server: Server, kind: str) -> None:
    agent = server.register()
    blocking = """
        client = dome.DomeClient(config)
        client.start()
        client.audit.emit("the_end")
    """
    asynchronous = """
        client = dome.AsyncDomeClient(config)
        async def main():
            await client.start()
            client.audit.emit("the_end")
        asyncio.run(main())
    """
    process = program(server, agent, blocking if kind == "blocking" else asynchronous)
    finished(process)
    assert reports(server, agent, 1) == ["the_end"]


def test_a_client_that_its_program_has_let_go_of_delivers_at_the_end_all_the_same(server: Server) -> None:
    """P8."""
    agent = server.register()
    process = program(
        server,
        agent,
        """
        import gc

        async def main():
            client = dome.AsyncDomeClient(config)
            await client.start()
            client.audit.emit("the_end")

        asyncio.run(main())
        gc.collect()
        """,
    )
    finished(process)
    assert reports(server, agent, 1) == ["the_end"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_worker_of_multiprocessing_delivers_at_its_end_although_it_ends_without_atexit(server: Server) -> None:
    """P8."""
    agent = server.register()
    process = program(
        server,
        agent,
        """
        import multiprocessing

        client = dome.DomeClient(config)
        client.start()
        client.audit.emit("parent")
        worker = multiprocessing.get_context("fork").Process(target=client.audit.emit, args=("worker",))
        worker.start()
        worker.join()
        sys.exit(worker.exitcode)
        """,
    )
    finished(process)
    assert reports(server, agent, 2) == ["parent", "worker"]


def test_a_spawned_worker_of_multiprocessing_delivers_at_its_end_although_it_ends_without_atexit(
    server: Server,
) -> None:
    """P8."""
    agent = server.register()
    process = program(
        server,
        agent,
        """
        import multiprocessing

        work = [
            "import os, dome",
            f"client = dome.DomeClient(dome.DomeConfig({config.base_url!r}, os.environ['KEY']))",
            "client.start()",
            "client.audit.emit('worker')",
        ]
        worker = multiprocessing.get_context("spawn").Process(target=exec, args=("\\n".join(work), {}))
        worker.start()
        worker.join()
        sys.exit(worker.exitcode)
        """,
    )
    finished(process)
    assert reports(server, agent, 1) == ["worker"]


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_sigterm_ends_the_process_although_the_drain_has_failed(server: Server, kind: str) -> None:
    blocking = """
        threading.excepthook = lambda *_: None
        client = dome.DomeClient(config)
        client.start()
        client.drain = lambda within: 1 / 0
        client.drain_on_sigterm(within=20)
        print("running", flush=True)
        threading.Event().wait()
    """
    asynchronous = """
        async def main():
            client = dome.AsyncDomeClient(config)
            await client.start()
            client.drain = lambda within: 1 / 0
            client.drain_on_sigterm(within=20)
            print("running", flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
    """
    process = program(server, server.register(), blocking if kind == "blocking" else asynchronous)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGTERM)
    finished(process, -signal.SIGTERM)


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_sigterm_lets_running_work_end_delivers_and_then_ends_the_process(server: Server, kind: str) -> None:
    agent = server.register()
    blocking = """
        client = dome.DomeClient(config)
        client.start()
        client.drain_on_sigterm(within=20)
        go_on = threading.Event()

        def hook(event):
            print(client.check(tool="zendesk/delete_ticket").reason)
            go_on.set()

        client.events.on("agent.draining", hook)

        @client.guard("zendesk/delete_ticket")
        def work():
            print("running", flush=True)
            go_on.wait(20)
            print("finished", flush=True)

        work()
        threading.Event().wait()
    """
    asynchronous = """
        client = dome.AsyncDomeClient(config)

        async def main():
            await client.start()
            client.drain_on_sigterm(within=20)
            go_on = asyncio.Event()

            async def hook(event):
                print((await client.check(tool="zendesk/delete_ticket")).reason)
                go_on.set()

            client.events.on("agent.draining", hook)

            @client.guard("zendesk/delete_ticket")
            async def work():
                print("running", flush=True)
                await go_on.wait()
                print("finished", flush=True)

            await work()
            await asyncio.Event().wait()

        asyncio.run(main())
    """
    process = program(server, agent, blocking if kind == "blocking" else asynchronous)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGTERM)
    assert finished(process, -signal.SIGTERM).split() == ["draining", "finished"]
    assert reports(server, agent, 2) == ["SIGTERM", "sdk.decision"]


def test_a_second_sigterm_ends_the_process_at_once(server: Server) -> None:
    process = program(
        server,
        server.register(),
        """
        client = dome.DomeClient(config)
        client.start()
        client.drain_on_sigterm(within=600)
        draining = threading.Event()
        client.events.on("agent.draining", lambda event: print("draining", flush=True))
        with client.call(tool="zendesk/delete_ticket"):
            print("running", flush=True)
            threading.Event().wait()
        """,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "draining\n"
    process.send_signal(signal.SIGTERM)
    finished(process, -signal.SIGTERM)


def test_importing_the_package_starts_nothing() -> None:
    code = "import threading, json, dome; print(json.dumps([t.name for t in threading.enumerate()]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["MainThread"]
    assert dome.__version__
