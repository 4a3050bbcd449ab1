"""Worker processes that may crash or hang, each with one task at a time.

A pool of its own, because it must never be in doubt which points a process had when it died.
"""

import ctypes
import gc
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from dendroflow.errors import DendroflowError, in_words
from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupFailedError

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1

_fork = multiprocessing.get_context("fork")


@dataclass(eq=False)
class Task:
    """Which points a worker is to run, and later what became of it.

    Attributes
    ----------
    settings
        a process serves tasks of equal ones, so that what it has tabulated is good for all.
    limit_s
        wall-clock limit.
    status
        `"done"`; `"raised"` by the task; `"crashed"`, with the process; `"timeout"`; `""` before.
    value
        what the task returned, what it raised, or the cause of death in words.
    """

    group: range
    settings: Any = None
    limit_s: float = 0.0
    status: str = ""
    value: Any = None


@dataclass(eq=False)
class _Worker:
    process: Any
    connection: Connection
    settings: Any
    task: Task | None = None
    deadline: float = 0.0


class Workers:
    """As many processes as there are tasks, up to a number; forked when they are needed.

    Parameters
    ----------
    function
        is called in a worker with the group of a task; what it returns is sent back.
    number
        of processes.
    single_use
        whether each task gets a process of its own.
    """

    def __init__(
        self,
        function: Callable[[range], Any],
        number: int,
        *,
        single_use: bool = False,
    ) -> None:
        self._function, self._number, self._single_use = function, number, single_use
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._dismiss(worker)

    @property
    def idle(self) -> int:
        """How many more tasks can be started."""
        return self._number - sum(worker.task is not None for worker in self._workers)

    def start(self, task: Task) -> None:
        """Give a task to a worker."""
        idle = [worker for worker in self._workers if worker.task is None]
        fitting = [worker for worker in idle if worker.settings == task.settings]
        if not fitting and len(self._workers) == self._number:
            self._dismiss(idle[0])
        worker = fitting[0] if fitting else self._hire(task.settings)
        worker.task, worker.deadline = task, time.monotonic() + task.limit_s
        try:
            worker.connection.send(task.group)
        except OSError:
            # It died idle: killed from outside. Another one takes the task.
            self._dismiss(worker)
            self.start(task)

    def wait(self) -> list[Task]:
        """Wait until a task has its reply; returns all that have."""
        busy = [worker for worker in self._workers if worker.task is not None]
        left = min(worker.deadline for worker in busy) - time.monotonic()
        ready = multiprocessing.connection.wait([w.connection for w in busy], max(left, 0))
        ended = []
        for worker in busy:
            if worker.connection in ready:
                ended.append(self._collect(worker))
            elif worker.task and time.monotonic() > worker.deadline:
                words = f"not finished after {worker.task.limit_s:g} s"
                ended.append(self._reply(worker, "timeout", words, keep=False))
        return ended

    def _collect(self, worker: _Worker) -> Task:
        try:
            status, value = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            return self._reply(worker, "crashed", _cause_of_death(worker.process), keep=False)
        return self._reply(worker, status, value, keep=status == "done" and not self._single_use)

    def _reply(self, worker: _Worker, status: str, value: Any, *, keep: bool) -> Task:
        task, worker.task = worker.task, None
        assert task is not None
        task.status, task.value = status, value
        if not keep:
            self._dismiss(worker)
        return task

    def _hire(self, settings: Any) -> _Worker:
        ours, theirs = _fork.Pipe()
        process = _fork.Process(
            target=_work, args=(self._function, theirs, os.getpid()), daemon=True
        )
        process.start()
        # Held by the worker alone, it ends with it.
        theirs.close()
        worker = _Worker(process, ours, settings)
        self._workers.append(worker)
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.kill()
        worker.process.join()


def _work(function: Callable[[range], Any], connection: Connection, parent: int) -> None:
    # What the job has imported is there to stay: the collector need not look at it again.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker must not outlive its job, not even one that was killed with SIGKILL.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    me = os.getpid()
    while True:
        try:
            group = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            reply: tuple[str, Any] = ("done", function(group))
        except (DendroflowError, NotSharedError, GroupFailedError) as error:
            reply = ("raised", error)
        except Exception as error:
            # As words, since not every error comes through a pipe.
            logger.exception("a worker failed")
            reply = ("raised", RuntimeError(in_words(error)))
        if os.getpid() != me:
            # A fork that the model has made.
            os._exit(0)
        connection.send(reply)


def _cause_of_death(process: Any) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"
