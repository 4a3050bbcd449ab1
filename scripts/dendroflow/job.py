"""What every job has in common: a log, and errors that a user can read."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dendroflow.errors import DendroflowError

logger = logging.getLogger("dendroflow")


@contextmanager
def job(log: str) -> Iterator[None]:
    """Log to `log`, which also takes what NEURON and compilers print.

    An error ends the process with exit code 1: one line on the console for a `DendroflowError`,
    and for any other a line that points to the traceback in the log.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    console = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.captureWarnings(True)
    try:
        yield
    except DendroflowError as error:
        logger.exception("the job failed")
        print(error, file=console, flush=True)
        sys.exit(1)
    except Exception as error:
        logger.exception("the job failed")
        line = " ".join(str(error).split())
        print(f"{type(error).__name__}: {line} (traceback in {log})", file=console, flush=True)
        sys.exit(1)
