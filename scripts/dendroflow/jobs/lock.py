"""One run at a time in a folder of results, whatever Snakemake does with its own locks."""

import atexit
import fcntl
import json
import os
import socket
import time
from pathlib import Path

from dendroflow import layout
from dendroflow.errors import FolderInUseError

# Held until this process ends, and not inherited by its children.
_HELD: dict[str, int] = {}


def take(results: Path, *, jobs_elsewhere: bool) -> bool:
    """Take the lock of a folder of results; the kernel gives it back when this process ends.

    Return whether it was not taken before.

    Parameters
    ----------
    jobs_elsewhere
        whether jobs of this run are handed to a cluster, where they would outlive it.

    Raises
    ------
    FolderInUseError
        If another process has it.
    OSError
        If the folder cannot be written.
    """
    key = str(results.absolute())
    if key in _HELD:
        return False
    results.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_file(results), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _owner(results)
        known = f" (process {owner['process']} on {owner['host']})" if owner else ""
        raise FolderInUseError(
            f"{results.absolute()}: another run is at work here{known}; wait for it, or stop it"
        ) from None
    except OSError:
        pass  # A file system without such locks: Snakemake's own has to do.
    _HELD[key] = descriptor
    if os.fstat(descriptor).st_mtime > time.time() + 1:
        _date_back(results)
    mine = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "jobs_elsewhere": jobs_elsewhere,
        "ended": False,
    }
    _note(descriptor, mine)
    atexit.register(_end, descriptor, mine)
    return True


def remove_dead(results: Path, locks: Path) -> str | None:
    """Remove Snakemake's locks of these results if the run that left them is certainly dead.

    That is: the last run of these results was on this host and had no jobs elsewhere, its process
    is gone, and it did not come to its end. Locks that name no file of the results, or that are
    older than that run, belong to other workflows.

    Parameters
    ----------
    locks
        the folder of Snakemake's locks, `.snakemake/locks`.

    Returns
    -------
    str or None
        What was found and removed, in one line.
    """
    last = _owner(results)
    if not last or last["ended"] or last["jobs_elsewhere"] or last["host"] != socket.gethostname():
        return None
    since, folder = _file(results).stat().st_mtime, locks.absolute().parents[1]
    left = [
        lock
        for lock in locks.glob("*.lock")
        if lock.stat().st_mtime >= since
        and any(
            (folder / name).is_relative_to(results.absolute())
            for name in lock.read_text(encoding="utf-8").splitlines()
        )
    ]
    if not left:
        return None
    with _file(results).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return None
    for lock in left:
        lock.unlink(missing_ok=True)
    return f"the last run (process {last['process']}) was killed; its lock is removed"


def _file(results: Path) -> Path:
    return results / Path(layout.LOCK).name


def _end(descriptor: int, mine: dict[str, object]) -> None:
    # A worker that a process has forked does not end it.
    if os.getpid() == mine["process"]:
        _note(descriptor, mine | {"ended": True})


def _note(descriptor: int, owner: dict[str, object]) -> None:
    os.ftruncate(descriptor, os.pwrite(descriptor, json.dumps(owner).encode(), 0))


def _date_back(results: Path) -> None:
    """Give files of the future the time of now: Snakemake refuses what is older than its source.

    The last run has taken the lock at a time that is still to come, so the clock was wrong.
    """
    now = time.time_ns()
    for path in results.rglob("*"):
        if path.is_file() and path.stat().st_mtime_ns > now:
            os.utime(path, ns=(now, now))


def _owner(results: Path) -> dict[str, object]:
    try:
        owner = json.loads(_file(results).read_bytes()[:1000])
        return {key: owner[key] for key in ("process", "host", "jobs_elsewhere", "ended")}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
