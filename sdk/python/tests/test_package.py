"""What is built installs into an empty environment and runs the five-minute example; what the README shows works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

from support.server import ROOT, Server

import dome

PROJECT = ROOT / "sdk/python"
BLOCKS = re.findall(r"^```python\n(.*?)^```", (PROJECT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
SURFACE = {"tools": ["zendesk/create_ticket"]}


def script(blocks: list[str], server: Server, before: str = "") -> str:
    """Return blocks of the README as a program for the server of the tests, whose tool has other operations."""
    text = "\n".join([before, *blocks]).replace("http://127.0.0.1:8787", server.url)
    text = text.replace("read_ticket", "create_ticket").replace('{"id": "4711"}', '{"subject": "printer"}')
    return text.replace("(id: str)", "(subject: str)").replace("{id}", "{subject}") + "\nclient.close()\n"


def run(python: str | Path, text: str, key: str, folder: Path) -> str:
    done = subprocess.run(
        [str(python), "-c", text],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "DOME_AGENT_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_artefact_installs_into_an_empty_environment_and_runs_the_five_minute_example(
    server: Server, tmp_path: Path
) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(PROJECT)]
    built = subprocess.run(build, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    wheel, source = tmp_path / f"dome_agent_sdk-{dome.__version__}-py3-none-any.whl", next(tmp_path.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "dome/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"dome", f"dome_agent_sdk-{dome.__version__}.dist-info"}
    with tarfile.open(source) as archive:
        assert not any("/tests/" in name for name in archive.getnames())

    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty/bin/python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", wheel]
    subprocess.run([str(word) for word in install], check=True)
    told = run(python, script(BLOCKS[:1], server), server.register(surface=SURFACE).key, tmp_path)
    assert re.fullmatch(r"allowed dec_\w{26}\n", told)


def test_everything_that_the_readme_shows_works(server: Server, tmp_path: Path) -> None:
    other = server.register(surface=SURFACE)
    agent = server.register(surface=SURFACE)
    server.operate("PATCH", f"/agents/{other.id}", {"delegates_to": [agent.name]})
    words = ("users", "test-token", "alice", "--audience", "app", "--state", str(server.state))
    id_token = server.cli(*words).strip().splitlines()[-1]
    with dome.DomeClient(dome.DomeConfig(base_url=server.url, token=other.key, listen=False)) as client:
        call_token = client.token()
    told = run(sys.executable, script(BLOCKS, server, f"{id_token = }\n{call_token = }"), agent.key, tmp_path)
    assert told.splitlines()[1:] == ["go on", "ticket 4711"]
    assert len(BLOCKS) == 6


def test_no_document_installs_what_belongs_to_somebody_else() -> None:
    documents = [path for path in ROOT.rglob("*.md") if not {"node_modules", ".venv"} & set(path.parts)]
    assert len(documents) > 20
    assert [path for path in documents if re.search(r"pip install dome\b(?!-)", path.read_text())] == []
