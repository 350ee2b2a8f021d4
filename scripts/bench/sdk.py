"""The Python SDK's part of the benchmark. Its orders are lines: `checks ROUNDS`, and `listen`, which runs until the end."""

import json
import os
import sys
import time

import httpx

import dome

URL, KEY, TOOL = os.environ["DOME_URL"], os.environ["DOME_AGENT_KEY"], os.environ["DOME_TOOL"]
WARM_UP = 30


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def checks(client: dome.DomeClient, rounds: int) -> None:
    """Take turns between a check of the SDK and the same bare request, and print how long each took, in µs."""
    headers = {"Authorization": f"Bearer {client.token()}"}
    times: dict[str, list[float]] = {"sdk": [], "bare": []}
    with httpx.Client(base_url=URL, headers=headers, trust_env=False) as http:
        for turn in range(-WARM_UP, rounds):
            start = time.perf_counter()
            allowed = client.check(tool=TOOL).allowed
            middle = time.perf_counter()
            allowed = http.post("/api/v1/check", json={"tool": TOOL}).json()["decision"] == "allow" and allowed
            end = time.perf_counter()
            if not allowed:
                sys.exit("a check was not allowed")
            if turn >= 0:
                times["sdk"].append((middle - start) * 1e6)
                times["bare"].append((end - middle) * 1e6)
    say(times)


def heard(event: dome.AgentEvent) -> None:
    say({"type": event.type, "n": event.n, "at": time.time() * 1000})


with dome.DomeClient(dome.DomeConfig(base_url=URL, token=KEY)) as client:
    for line in sys.stdin:
        order, *more = line.split()
        if order == "checks":
            checks(client, int(more[0]))
        else:
            client.events.on("*", heard)
            client.start()
