"""What every job has in common: a log, errors that a user can read, and an end with its run."""

import errno
import logging
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dendroflow import layout
from dendroflow.errors import ConfigurationError, DendroflowError, StoreError, printable
from dendroflow.files import replacing
from dendroflow.jobs.shown import DETAILS, WHY
from dendroflow.plan.code import LIBRARY, library_digest

if TYPE_CHECKING:
    from dendroflow.settings.experiment import Experiment
    from dendroflow.settings.project import Configuration

logger = logging.getLogger("dendroflow")

# Id of the Snakemake process that runs the jobs, in their environment.
RUN = "DENDROFLOW_RUN"
# The folder of the library that planned, and its digest, in their environment, too.
LIBRARY_OF_RUN, CODE_OF_RUN = "DENDROFLOW_LIBRARY", "DENDROFLOW_CODE"

# Ctrl-C ends a job without a traceback, in mid step of NEURON, and in mid import: hence here.
if RUN in os.environ and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

_DISK = {
    errno.ENOSPC: "no space is left on the disk: free some",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EROFS: "the file system is read-only: make it writable",
    errno.EACCES: "permission denied: make it readable and writable",
}


class Job:
    """What a script knows of its job: files, wildcards, and by name its configuration.

    Attributes
    ----------
    input, output, params, wildcards, threads, resources
        as Snakemake hands them over.
    results
        the folder of results.
    """

    def __init__(self, snakemake: Any) -> None:
        self.input, self.output, self.params = snakemake.input, snakemake.output, snakemake.params
        self.wildcards, self.resources = snakemake.wildcards, snakemake.resources
        self.threads: int = snakemake.threads
        self.log = Path(snakemake.log[0])
        self.results = layout.results_of(snakemake.log[0])
        self._config = dict(snakemake.config)

    @property
    def folder(self) -> Path:
        """Where experiments, models and morphologies lie."""
        return Path(self._config["folder"])

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return str(self.wildcards.experiment)

    @cached_property
    def configuration(self) -> "Configuration":
        """The configuration, read again; what the rule uses of it is as it was at the start.

        Raises
        ------
        ConfigurationError
            If it has changed since.
        """
        from dendroflow.jobs.configured import configured, digest_of_settings

        configuration = configured(self._config)
        said = self.params.get("settings")
        if said is not None:
            keys = said.split()[:-1]
            if said != digest_of_settings(configuration, self.wildcards.get("experiment"), keys):
                raise ConfigurationError(
                    f"{configuration.source}: {', '.join(keys)}: changed since the run began; "
                    "run snakemake again"
                )
        return configuration

    @property
    def declared(self) -> "Experiment":
        """The experiment, as its file declares it."""
        return self.configuration.experiments[self.experiment]


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """Log to the job's log, which also takes what NEURON and compilers print.

    An error ends the process with exit code 1. Its traceback goes into a file beside the log, and
    its message to the end, for Snakemake to say. If Snakemake is killed, the process is,
    too. What a job took that ends well is noted in its benchmark.
    """
    began, log = time.monotonic(), str(snakemake.log[0])
    usage = Path(snakemake.output.usage).absolute()
    die_with_run()
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    details = Path(f"{log}{DETAILS}").absolute()
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
        _refuse_another_library()
        yield Job(snakemake)
        _note_usage(usage, began)
    except Exception as error:
        message = _in_words(error)
        logger.error("%s", message)
        if not isinstance(error, DendroflowError):
            message += f" (see {log}{DETAILS})"
        try:
            details.write_text(f"{traceback.format_exc()}{WHY}{message}\n", encoding="utf-8")
        except OSError:
            details.unlink(missing_ok=True)
        if RUN not in os.environ or not details.exists():
            # Else Snakemake says it, where it shows no progress.
            print(message, file=console, flush=True)
        sys.exit(1)


def _refuse_another_library() -> None:
    """Refuse to work with other code than that which made the plan."""
    here, planned = str(LIBRARY), os.environ.get(LIBRARY_OF_RUN)
    if planned is None:
        return
    if here != planned:
        raise StoreError(
            f"this job imports dendroflow from {here}, and the run was planned by that of "
            f"{planned}: remove one of them from the environment"
        )
    refuse_another_code(os.environ[CODE_OF_RUN])


def refuse_another_code(planned: str) -> None:
    """Refuse to go on if a file of the library has changed since planning.

    Raises
    ------
    StoreError
        If its digest is not this one.
    """
    library_digest.cache_clear()
    if library_digest() != planned:
        raise StoreError("dendroflow's own code changed since the run began; run snakemake again")


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
    said = printable(str(error))
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


def prepare_environment(scripts: Path) -> None:
    """Set the environment of the jobs that this process runs.

    They end with it, and import the library that planned.

    Parameters
    ----------
    scripts
        the folder of the workflow's scripts; in a checkout the library lies there.
    """
    os.environ[RUN] = str(os.getpid())
    os.environ[LIBRARY_OF_RUN], os.environ[CODE_OF_RUN] = str(LIBRARY), library_digest()
    if (scripts / "dendroflow").is_dir():
        _put_first("PYTHONPATH", scripts)
    # A job has the cores that its rule asks for; OpenBLAS would start a thread for each there is.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Sets and dictionaries of models come in the same order in every process.
    os.environ["PYTHONHASHSEED"] = "0"
    if " " in sys.executable:
        # Snakemake does not quote the path of Python for a script.
        _put_first("PATH", Path(sys.executable).parent)
        sys.executable = "python"


def _put_first(variable: str, folder: Path) -> None:
    others = [path for path in os.environ.get(variable, "").split(os.pathsep) if path]
    os.environ[variable] = os.pathsep.join(dict.fromkeys([str(folder), *others]))
