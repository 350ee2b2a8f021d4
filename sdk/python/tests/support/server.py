"""A real embedded server, and what an operator does to it. It is ended by process id, both halves."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[4]
"""The root of the repository."""
NODE = ROOT / "node_modules/.bin/node"
_names = itertools.count(1)


@dataclass(frozen=True)
class Agent:
    """A registered agent and its key."""

    id: str
    name: str
    key: str
    key_id: str


class Server:
    """An embedded server of this checkout, with its state in a folder of its own."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.state = folder / "state"
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.port = port or two_free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        self.start()

    def start(self) -> None:
        """Start it, also again on the same state and port."""
        command = [
            NODE,
            "dist/embedded/dome-server.js",
            "--port",
            str(self.port),
            "--state",
            self.state,
            "--test-users",
        ]
        self._log = (self.home / "server.log").open("w+")
        self._process = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        output = self._process.stdout
        assert output is not None
        for line in output:
            if re.match(r"Dome is ready at ", line):
                break
        else:
            raise AssertionError(f"the server did not start:\n{(self.home / 'server.log').read_text()}")
        admin = (self.state / "admin.token").read_text().strip()
        self._http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {admin}"}, timeout=30)

    def kill(self) -> None:
        """End both halves at once, as a crash does."""
        note = json.loads((self.state / "server.pids").read_text())
        self._process.kill()
        for runtime in note["runtimes"]:
            os.kill(runtime["pid"], signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        """End it as an operator does."""
        self._process.terminate()
        self._gone()

    def _gone(self) -> None:
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
        self._http.close()

    def operate(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Do what an operator does over the API."""
        answer = self._http.request(
            method,
            f"/api/v1{path}",
            json=body,
            headers={"Idempotency-Key": f"test-{next(_names)}"} if method != "GET" else {},
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def register(self, *, activate: bool = True, **settings: Any) -> Agent:
        """Register an agent that may delete tickets."""
        name = f"agent-{os.getpid()}-{next(_names)}"
        made = self.operate(
            "POST", "/agents", {"name": name, "surface": {"tools": ["zendesk/delete_ticket"]}, **settings}
        )
        agent = Agent(made["agent"]["id"], name, made["api_key"]["secret"], made["api_key"]["id"])
        if activate:
            self.operate("POST", f"/agents/{agent.id}/activate", {})
        return agent

    def offer(self) -> None:
        """Do the setup of the conformance suite, which the other tests use, too."""
        issuer = json.loads((self.state / "test-users.json").read_text())["issuer"]
        suite = json.loads((ROOT / "sdk/conformance/cases.json").read_text())
        for step in suite["setup"]:
            body = json.loads(json.dumps(step["body"]).replace("{issuer}", issuer))
            self.operate(step["method"], step["path"].removeprefix("/api/v1"), body)

    def cli(self, *words: str) -> str:
        """Run the command line as the administrator, and return what it prints."""
        command = [str(NODE), str(ROOT / "dist/cli/dome.js"), "--context", "local-admin", *words]
        done = subprocess.run(
            command, env=self._env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def two_free_ports() -> int:
    """Return a port that was free a moment ago, as was the one after it, for the test users.

    It is below the ports that the kernel gives to outgoing connections: one of those could take it at any moment.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
