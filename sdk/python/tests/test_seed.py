"""The Python of the description works to the letter: only the URL and the key are the reader's own."""

from __future__ import annotations

from support.server import ROOT, Server

SNIPPET = (ROOT / "sdk/conformance/description.py").read_text()


def run(snippet: str, server: Server, key: str) -> None:
    code = snippet.replace("https://api.dome.example.com", server.url).replace("dome_at_...", key)
    scope: dict[str, object] = {}
    exec(compile(code, "the description", "exec"), scope)  # noqa: S102 (it is the subject of the test)
    client = scope["client"]
    close = getattr(client, "close")  # noqa: B009 (its type is not known here)
    close()


def test_the_snippet_of_the_description_runs_to_the_letter(server: Server) -> None:
    run(SNIPPET, server, server.register().key)


def test_the_snippet_calls_the_callback_of_a_denial_with_the_request_and_the_reason(server: Server) -> None:
    spoken = SNIPPET.replace("lambda req, reason: ...", "lambda req, reason: heard.append((req.tool, reason))")
    run(
        "heard = []\n" + spoken + '\nassert heard == [("zendesk/create_ticket", "surface_undeclared")], heard',
        server,
        server.register().key,
    )


def test_the_snippet_calls_the_callback_of_an_allow_with_the_decision(server: Server) -> None:
    spoken = SNIPPET.replace("lambda d: ...", "lambda d: heard.append(d.decision)")
    surface = {"tools": ["zendesk/create_ticket"], "pools": [], "integrations": []}
    run(
        "heard = []\n" + spoken + '\nassert heard == ["allow"], heard',
        server,
        server.register(surface=surface).key,
    )
