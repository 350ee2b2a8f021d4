"""Makes the virtual environment of the Python SDK, in .venv beside this file, and prints the folder of its programs.

In it are the SDK as it is now, and the versions of requirements-dev.txt. What is there and still right is used again;
two that come at once take turns. What cannot be made is a failure, never a reason to leave something out.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
FOLDER = PROJECT / ".venv"
LOCKED = PROJECT / "requirements-dev.txt"
PIP = (FOLDER / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile")
# Without a cache, nothing is written outside of the checkout.
QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def digest(files: Iterable[Path]) -> str:
    """Return a digest of these files and of this Python: another one has no use for what this one has installed."""
    found = hashlib.sha256(f"{sys.base_prefix} {sys.version}".encode())
    for file in sorted(files):
        found.update(str(file).encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def run(*command: str | Path) -> None:
    """Run a command; standard output is for the answer of this program alone."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=PROJECT, env={**os.environ, **QUIET}, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        sys.exit(f"the environment of the Python SDK was not made: exit {done.returncode} of {' '.join(words)}")


def make(note: Path, files: Iterable[Path], *commands: tuple[str | Path, ...]) -> None:
    """Run the commands, unless they have run for these files."""
    wanted = digest(files)
    if note.exists() and note.read_text() == wanted:
        return
    note.unlink(missing_ok=True)
    for command in commands:
        run(*command)
    note.write_text(wanted)


with Path(__file__).open() as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    anew = (sys.executable, "-m", "venv", "--clear", FOLDER)
    make(FOLDER / "made-of", [LOCKED], anew, (*PIP, "--require-hashes", "-r", LOCKED))
    package = [PROJECT / "pyproject.toml", PROJECT / "README.md", *(PROJECT / "src").rglob("*.py")]
    make(FOLDER / "has-sdk", package, (*PIP, "--no-deps", "--no-build-isolation", PROJECT))
sys.stdout.write(f"{FOLDER / 'bin'}\n")
