"""What every job has in common: a log, errors that a user can read, and an end with its run."""

import errno
import logging
import os
import resource
import select
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dendroflow.errors import DendroflowError
from dendroflow.files import replacing

logger = logging.getLogger("dendroflow")

# Id of the Snakemake process that runs the jobs, in their environment.
RUN = "DENDROFLOW_RUN"

_DISK = {
    errno.ENOSPC: "no space is left on the disk: free some",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EROFS: "the file system is read-only: make it writable",
    errno.EACCES: "permission denied: make it readable and writable",
}


@contextmanager
def job(log: str) -> Iterator[None]:
    """Log to `log`, which also takes what NEURON and compilers print.

    An error ends the process with exit code 1 and its message on the console; the traceback goes
    into a file beside the log. If Snakemake is killed, the process is, too. What a job took that
    ends well is noted under `benchmarks`, by the name of its log.
    """
    began, usage = time.monotonic(), Path(log.replace("/logs/", "/benchmarks/")).absolute()
    die_with_run()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    details = Path(f"{log}.traceback")
    details.unlink(missing_ok=True)
    console = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
        _note_usage(usage.with_name(f"{usage.name.removesuffix('.log')}.tsv"), began)
    except Exception as error:
        message = _in_words(error)
        # Apart from the log, which Snakemake shows when a job fails.
        with suppress(OSError):
            details.write_text(traceback.format_exc(), encoding="utf-8")
        logger.error("%s", message)
        if not isinstance(error, DendroflowError):
            message += f" (see {details})"
        print(message, file=console, flush=True)
        sys.exit(1)


def _note_usage(path: Path, began: float) -> None:
    """Note time since the imports, CPU time, and memory of the largest process.

    Snakemake's `benchmark` asks the kernel at each half second, which takes a percent of all time
    where processes are large, and learns nothing of a short job.
    """
    own, workers = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
    memory = max(_peak_memory() or own.ru_maxrss, workers.ru_maxrss) / 1024
    with replacing(path) as temporary:
        row = f"{time.monotonic() - began:.2f}\t{cpu:.2f}\t{memory:.0f}"
        temporary.write_text(f"s\tcpu_s\tmax_rss_mb\n{row}\n", encoding="utf-8")


def _peak_memory() -> int | None:
    """Of this program alone (kB); `getrusage` counts what Snakemake had when it started it."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return None


def _in_words(error: Exception) -> str:
    """What a user is told."""
    if isinstance(error, DendroflowError):
        return str(error)
    said = " ".join(str(error).split())
    number = getattr(error, "errno", None)
    if number is None and ("No space left on device" in said or "disk is full" in said):
        number = errno.ENOSPC
    if number in _DISK:
        return f"{_DISK[number]}, and run snakemake again ({said})"
    return f"{type(error).__name__}: {said}"


def die_with_run() -> None:
    """Let this process and all that it started be killed as soon as Snakemake is gone.

    Between the two there is a shell, which outlives Snakemake, so that the kernel's own means
    (`PR_SET_PDEATHSIG`) does not reach here.
    """
    if RUN not in os.environ or not hasattr(os, "pidfd_open"):
        return
    try:
        run = os.pidfd_open(int(os.environ[RUN]))
    except ProcessLookupError:
        sys.exit("Snakemake has ended")
    except OSError:
        return  # An old kernel.

    def watch() -> None:
        ending = select.poll()
        ending.register(run, select.POLLIN)
        ending.poll()
        import psutil

        me = psutil.Process()
        started = me.children(recursive=True)
        # By another process, and this one first: it must not store that its workers have died.
        if os.fork() == 0:
            for process in (me, *started):
                with suppress(psutil.Error):
                    process.kill()
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def scratch_folder(parent: Path) -> Iterator[None]:
    """Work in a folder of its own: NEURON loads mechanisms that lie where it starts, and writes."""
    home = Path.cwd()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="simulate-", dir=parent) as scratch:
        os.chdir(scratch)
        try:
            yield
        finally:
            os.chdir(home)


def name_interpreter_without_spaces() -> None:
    """Let this Python be called `python`: Snakemake does not quote its path for a script."""
    if " " in sys.executable:
        folder = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", "")])
        sys.executable = "python"
