"""What every job has in common: a log, and errors that a user can read."""

import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dendroflow.errors import DendroflowError

logger = logging.getLogger("dendroflow")


@contextmanager
def job(log: str) -> Iterator[None]:
    """Log to `log`, which also takes what NEURON and compilers print.

    An error ends the process with exit code 1 and its message on the console; the traceback goes
    into a file beside the log.
    """
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
    except Exception as error:
        message = str(error)
        if not isinstance(error, DendroflowError):
            message = f"{type(error).__name__}: {' '.join(message.split())}"
        # Apart from the log, which Snakemake shows when a job fails.
        details.write_text(traceback.format_exc(), encoding="utf-8")
        logger.error("%s", message)
        if not isinstance(error, DendroflowError):
            message += f" (see {details})"
        print(message, file=console, flush=True)
        sys.exit(1)


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
