"""A program that runs to its end, also when this process is told to stop."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def execute(command: list[str]) -> int:
    """Run Snakemake, and hand on what stops it.

    It gets a process group, so that it hears of Ctrl-C by this process alone. Whatever tells this
    process to stop reaches it as an interrupt, since it would wait for its jobs if it were told to
    terminate; they are told to terminate, since Python would show where it is interrupted. What is
    ignored here, as a hang-up under nohup is, stays ignored.

    Return its exit code; 128 and the number of the signal, if one has stopped it.
    """
    child: subprocess.Popen[bytes] | None = None
    told: list[int] = []

    def stop(number: int, _: object = None) -> None:
        told.append(number)
        if child is not None:
            with suppress(psutil.Error):
                snakemake = psutil.Process(child.pid)
                # From above: none begins another job, nor stores that its workers have died.
                started = snakemake.children(recursive=True)
                snakemake.send_signal(signal.SIGINT)
                for process in started:
                    with suppress(psutil.Error):
                        process.terminate()

    heard = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        child = subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
        if told:
            stop(told[0])
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code and told:
        return 128 + told[0]
    return code if code >= 0 else 128 - code


def _environment() -> dict[str, str]:
    """Variables of Snakemake: the programs of this Python, and a cache that can be written."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = os.environ | {"PATH": path}
    with suppress(OSError, RuntimeError):
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "snakemake")
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return variables
    return variables | {"XDG_CACHE_HOME": str(Path(".snakemake/cache").absolute())}
