"""One run at a time in a folder of results."""

import fcntl
import json
import os
import shutil
import socket
import time
from pathlib import Path

from dendroflow.errors import FolderInUseError


def claim(results: Path, locks: Path, *, jobs_elsewhere: bool) -> str | None:
    """Claim a folder of results for this process; the kernel gives it back when the process ends.

    A lock of Snakemake that a killed run has left in `locks` is removed, if it is certain that
    nothing of that run goes on: the folder's last owner was on this host, holds it no more, and
    had no jobs elsewhere.

    Parameters
    ----------
    locks
        folder of Snakemake's locks.
    jobs_elsewhere
        whether jobs of this run are handed to a cluster, where they would outlive it.

    Returns
    -------
    str or None
        What was found and removed, in one line.

    Raises
    ------
    FolderInUseError
        If another process has claimed the folder.
    OSError
        If the folder cannot be written.
    """
    results.mkdir(parents=True, exist_ok=True)
    # Not closed before this process ends, and not inherited by its children.
    descriptor = os.open(results / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _owner(descriptor)
        known = f" (process {owner['process']} on {owner['host']})" if owner else ""
        raise FolderInUseError(
            f"{results.absolute()}: another run is at work here{known}; wait for it, or stop it"
        ) from None
    except OSError:
        # A file system without such locks: Snakemake's own has to do.
        return None
    last = _owner(descriptor)
    if os.fstat(descriptor).st_mtime > time.time() + 1:
        _date_back(results)
    mine = {"process": os.getpid(), "host": socket.gethostname(), "jobs_elsewhere": jobs_elsewhere}
    os.ftruncate(descriptor, os.pwrite(descriptor, json.dumps(mine).encode(), 0))
    is_dead = bool(last) and last["host"] == mine["host"] and not last["jobs_elsewhere"]
    if not is_dead or not any(locks.glob("*.lock")):
        return None
    shutil.rmtree(locks)
    return f"the last run (process {last['process']}) was killed; its lock is removed"


def _date_back(results: Path) -> None:
    """Give files of the future the time of now: Snakemake refuses what is older than its source.

    The last run has claimed the folder at a time that is still to come, so the clock was wrong.
    """
    now = time.time_ns()
    for path in results.rglob("*"):
        if path.is_file() and path.stat().st_mtime_ns > now:
            os.utime(path, ns=(now, now))


def _owner(descriptor: int) -> dict[str, object]:
    try:
        owner = json.loads(os.pread(descriptor, 1000, 0))
        return {key: owner[key] for key in ("process", "host", "jobs_elsewhere")}
    except (ValueError, TypeError, KeyError):
        return {}
