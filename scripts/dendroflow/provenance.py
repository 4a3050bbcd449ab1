"""Which code, versions and machine made a result."""

import hashlib
import importlib.metadata
import platform
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("neuron", "numpy", "pandas", "pyarrow", "snakemake")


def environment() -> dict[str, str]:
    """Versions, machine, date, and git state of the checkout, as name -> text."""
    lock = CHECKOUT / "envs" / "runtime.txt"
    commit = git("rev-parse", "HEAD")
    facts = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": commit or "not a git checkout",
        "git_state": ("modified" if git("status", "--porcelain") else "clean") if commit else "",
        "environment_lock": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "",
    }
    for package in PACKAGES:
        facts[package] = importlib.metadata.version(package)
    return facts


def git(*arguments: str) -> str:
    """What git says of the checkout; nothing where there is no git or no repository."""
    try:
        child = subprocess.run(
            ["git", "-C", str(CHECKOUT), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return child.stdout.strip() if child.returncode == 0 else ""
