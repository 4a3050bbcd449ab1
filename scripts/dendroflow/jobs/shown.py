"""What the person who waits is shown: causes without what follows from them, and progress."""

import logging
import math
import re
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from dendroflow import layout

SECONDS_BETWEEN_LINES = 5.0
# Of these the rate is taken that says what time is left.
SECONDS_LOOKED_AT = 60.0
# Beside the log of a job that has failed: where, and after this line why.
DETAILS, WHY = ".traceback", "\nWhy:\n"
# What Snakemake says last when jobs have failed.
_FAILED = "Exiting because a job execution failed"
_STOPPED = "Terminating processes on user request"
_ENDINGS = ("Complete log", "Elapsed time", "WorkflowError:\nAt least one job did not complete")


class Causes(logging.Filter):
    """Says why a job of ours has failed, in place of what Snakemake says then.

    What concerns rules of another workflow, which uses those in `rules` as a module, passes.
    """

    def __init__(self, rules: Path, logger: logging.Logger) -> None:
        super().__init__()
        self._rules, self._logger = rules, logger
        self._since, self._silent, self._told = time.time(), list[str](), set[str]()
        self._ended = self._foreign = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a handler may say it."""
        said = record.getMessage()
        event = getattr(getattr(record, "event", None), "value", "")
        if event in ("job_error", "group_error"):
            log = Path(next(iter(getattr(record, "log", ())), ""))
            if log.parent.name not in layout.RULES or log.parent.parent.name != "logs":
                self._foreign = True
                return True
            self._ended = True
            self._say_for(log)
            return False
        if said.startswith(_FAILED):
            for line in self._silent:
                self._logger.error("%s", line)
            return self._foreign
        if said.startswith(_STOPPED):
            self._ended = True
        if said.startswith(_ENDINGS):
            return self._foreign or not self._ended
        return f'CalledProcessError in file "{self._rules}/' not in said

    def _say_for(self, log: Path) -> None:
        details = Path(f"{log}{DETAILS}")
        if cause := _cause(details, self._since):
            # Of many jobs with the same cause, once.
            if cause not in self._told:
                self._told.add(cause)
                self._logger.error("%s", cause)
            return
        # Said at the end, which does not come if all jobs were told to stop.
        line = (
            f"{log}: its job failed; if nothing above says why, it was killed or found no memory; "
            "the same command goes on"
        )
        self._silent.append(line)
        with suppress(OSError):
            details.parent.mkdir(parents=True, exist_ok=True)
            details.write_text(f"{WHY}{line}\n", encoding="utf-8")


def only_causes(logger: logging.Logger, rules: Path) -> None:
    """Let Snakemake say on the console, though not in its own log, what `Causes` lets pass."""
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler) and not any(
            isinstance(found, Causes) for found in handler.filters
        ):
            # Before the one that hears of no failed job where Snakemake is to be quiet.
            handler.filters.insert(0, Causes(rules, logger))


def causes(results: Path, since: float) -> dict[str, str]:
    """Cause -> rule of the jobs that have failed since then (s, since the epoch)."""
    found = sorted(results.glob(f"logs/*/*{DETAILS}"), key=lambda path: path.stat().st_mtime)
    return {cause: path.parent.name for path in found if (cause := _cause(path, since))}


def _cause(details: Path, since: float) -> str:
    """What a job has said since then; nothing if it has not."""
    with suppress(OSError):
        if details.stat().st_mtime >= since:
            return details.read_text(encoding="utf-8").rpartition(WHY)[2].strip()
    return ""


def hide_interrupts() -> None:
    """Let Ctrl-C end this process without a traceback where nothing else takes care of it."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if kind is not KeyboardInterrupt:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = hook
    # Where a job has started this Snakemake, which has to end its own.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def points_done(results: Path, since: float) -> dict[str, tuple[int, int]]:
    """How many points the batches at work have, and how many of them failed, by experiment.

    Parameters
    ----------
    since
        when this run began (s, since the epoch).
    """
    done, failed = Counter[str](), Counter[str]()
    pattern = layout.log("simulate_batch").expression
    for path in results.glob("logs/simulate_batch/*.log"):
        match = pattern.fullmatch(path.relative_to(results).as_posix())
        if match and path.stat().st_mtime >= since:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 20_000))
                said = re.findall(rb"(\d+) of \d+ points(?:, (\d+) failed)?", file.read())
            if said:
                done[match["experiment"]] += int(said[-1][0])
                failed[match["experiment"]] += int(said[-1][1] or 0)
    return {experiment: (done[experiment], failed[experiment]) for experiment in done}


class Progress:
    """What is said of the points at work, one line for all experiments."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, dict[str, tuple[int, int]]]] = deque()

    def line(self, now: float, done: dict[str, tuple[int, int]], to_run: Mapping[str, int]) -> str:
        """How many there are, failed, come in a second, and how long the rest takes.

        Parameters
        ----------
        now
            s.
        done
            from `points_done`.
        to_run
            experiment -> number of points in its new batches.
        """
        self._seen.append((now, done))
        while now - self._seen[0][0] > SECONDS_LOOKED_AT:
            self._seen.popleft()
        before, first = self._seen[0]
        parts = []
        for experiment, points in to_run.items():
            there, failed = done.get(experiment, (0, 0))
            if not 0 < there < points:
                continue
            part = f"{experiment}: {there:,} of {points:,} points simulated"
            part += f", {failed:,} failed" if failed else ""
            new = there - first.get(experiment, (0, 0))[0]
            if new > 0 and now > before:
                rate = new / (now - before)
                part += f", {rate:,.3g} per s, {_duration((points - there) / rate)} left"
            parts.append(part)
        return "; ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"


def tell_progress(
    results: Path, to_run: Callable[[], Mapping[str, int]], tell: Callable[[str], None]
) -> None:
    """Say so now and then on a terminal, as long as this process lives; logs have it anyway."""
    if not sys.stderr.isatty():
        return
    since, found = time.time(), Progress()

    def watch() -> None:
        last: dict[str, tuple[int, int]] = {}
        while True:
            time.sleep(SECONDS_BETWEEN_LINES)
            with suppress(OSError):
                done = points_done(results, since)
                line = found.line(time.monotonic(), done, to_run())
                if line and done != last:
                    tell(line)
                last = done

    threading.Thread(target=watch, daemon=True).start()
