"""Which code, versions and machine made a result."""

import hashlib
import importlib.metadata
import platform
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import dendroflow

PACKAGES = ("neuron", "numpy", "pandas", "pyarrow", "snakemake")


def environment(configuration: Path) -> dict[str, str]:
    """Versions, machine, date, and state of the repositories, as name -> text.

    Parameters
    ----------
    configuration
        the folder of the configuration, which may lie in a repository of its own.
    """
    workflow = dendroflow.snakefile().parent
    lock = workflow / "envs" / "runtime.txt"
    facts = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "date": now(),
        "dendroflow": dendroflow.__version__,
        **_repository(workflow, "git"),
        **_repository(configuration, "configuration"),
        "environment_lock": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "",
    }
    return facts | {package: importlib.metadata.version(package) for package in PACKAGES}


def now() -> str:
    """The time (UTC), as tables have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _repository(folder: Path, name: str) -> dict[str, str]:
    """Commit of the repository in which a folder lies, and whether the folder is as committed."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {f"{name}_commit": "not in a git repository", f"{name}_state": ""}
    changed = _git(folder, "status", "--porcelain", "--", ".")
    return {f"{name}_commit": commit, f"{name}_state": "modified" if changed else "clean"}


def _git(folder: Path, *arguments: str) -> str:
    """What git says of a folder; nothing where there is no git, no repository, or it refuses."""
    try:
        child = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return child.stdout.strip() if child.returncode == 0 else ""
