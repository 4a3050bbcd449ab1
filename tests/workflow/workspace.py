"""A small project in a temporary folder, and real runs of Snakemake in it."""

import hashlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from dendroflow.jobs.lock import remove_dead

CHECKOUT = Path(__file__).parents[2]
MODELS = Path(__file__).parent / "models"
LONGEST_RUN_S = 1500.0

# Rules that ask for files and make none.
TARGETS = {
    "all",
    "plan",
    "morphologies",
    "morphology_report",
    "catalogue_report",
    "morphometry",
    "mechanisms",
    "simulate",
    "features",
    "database",
    "figures",
    "audit",
    "total",
}

# Snakemake's remark on its profile, its heading, and the log of a failed job.
UNCOUNTED = r"Using workflow specific profile|─+ Workflow start|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ "


@dataclass(frozen=True)
class Run:
    """What a run of Snakemake said and did.

    Attributes
    ----------
    output
        standard output and standard error.
    announced
        rule -> number of jobs, as Snakemake lists them before it starts.
    jobs
        rule -> number of jobs that finished.
    batches
        outcome tables that were written.
    """

    code: int
    output: str
    announced: Counter[str]
    jobs: Counter[str]
    batches: tuple[Path, ...]

    @property
    def points(self) -> int:
        """Number of points that were simulated."""
        return sum(pq.read_metadata(path).num_rows for path in self.batches)

    def points_of(self, experiment: str) -> int:
        """Number of points of one experiment that were simulated."""
        mine = [path for path in self.batches if path.parts[-4] == experiment]
        return sum(pq.read_metadata(path).num_rows for path in mine)

    def lines(self) -> list[str]:
        """What was said, without empty lines, lines of logs, and what Snakemake begins with."""
        lines = (line.strip() for line in self.output.splitlines())
        return [line for line in lines if line and not re.match(UNCOUNTED, line)]

    def succeeded(self) -> "Run":
        """Return this run; fail with what it said if it did not end well."""
        assert self.code == 0, f"exit code {self.code}\n{self.output}"
        return self

    def refused(self, *parts: str) -> "Run":
        """Return this run; fail unless it ended with one line that holds `parts`, and no more."""
        assert self.code != 0, self.output
        assert "Traceback" not in self.output, self.output
        naming = [line for line in self.lines() if all(part in line for part in parts)]
        assert len(naming) == 1, f"{parts} in one line of:\n{self.output}"
        return self


@dataclass
class Workspace:
    """A project: a configuration folder and what Snakemake makes of it.

    Attributes
    ----------
    snakefile
        the workflow; by default that of the checkout.
    environment
        variables that runs get besides those of the tests; None takes one away.
    prefix
        put before the command line of runs.
    output
        file that receives what runs say.
    """

    folder: Path
    checkout: Path = CHECKOUT
    snakefile: Path | None = None
    environment: dict[str, str | None] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    output: Path = Path()
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.output == Path():
            self.output = self.folder / "output.txt"
        for name in ("experiments", "models"):
            (self.folder / "config" / name).mkdir(parents=True, exist_ok=True)

    @property
    def config(self) -> Path:
        """The folder of the configuration."""
        return self.folder / "config"

    @property
    def results(self) -> Path:
        """The folder of the results."""
        return self.folder / "results"

    def copy_to(self, folder: Path) -> "Workspace":
        """Copy everything, results and Snakemake's own records included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Workspace(folder)

    # Writing a configuration -------------------------------------------------------------------

    def project(self, *experiments: str, **keys: Any) -> "Workspace":
        """Write `config.yaml`."""
        return self.write("config.yaml", {"experiments": list(experiments), **keys})

    def experiment(self, name: str, content: dict[str, Any], **changes: Any) -> "Workspace":
        """Write an experiment, its model included; a key that is changed to None is left out."""
        merged = {key: value for key, value in (content | changes).items() if value is not None}
        self.model(merged["model"])
        return self.write(f"experiments/{name}.yaml", merged)

    def model(self, name: str) -> Path:
        """Bring a model, of the tests or of the default configuration, unless it is there."""
        folder = self.config / "models" / name
        source = MODELS / name if (MODELS / name).exists() else CHECKOUT / "config/models" / name
        if not folder.exists() and source.exists():
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
        return folder / "model.py"

    def write(self, name: str, content: Any) -> "Workspace":
        """Write a file below `config`: text as it is, anything else as YAML."""
        path = self.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return self

    def replace(self, name: str, old: str, new: str) -> "Workspace":
        """Replace text in a file below `config`."""
        path = self.config / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self

    # Running -----------------------------------------------------------------------------------

    def command(self, *arguments: str, cores: int = 1) -> list[str]:
        """The command line that runs Snakemake on this project."""
        fixed = {
            "--snakefile": self.snakefile or self.checkout / "Snakefile",
            "--workflow-profile": self.checkout / "profiles" / "default",
            "--directory": self.folder,
            "--configfile": self.config / "config.yaml",
            "--cores": cores,
        }
        options = [str(part) for pair in fixed.items() for part in pair]
        return [*self.prefix, sys.executable, "-m", "snakemake", *options, *arguments]

    def start(self, *arguments: str, cores: int = 1) -> subprocess.Popen[bytes]:
        """Start a run in a session of its own; what it says goes into `output.txt`."""
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                self.command(*arguments, cores=cores),
                cwd=self.folder,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def run(self, *arguments: str, cores: int = 1) -> Run:
        """Run Snakemake; a run that takes too long is killed and fails the test."""
        batches, jobs = self._stamps("*/*/outcomes/*.parquet"), self._stamps("benchmarks/**/*.tsv")
        process = self.start(*arguments, cores=cores)
        try:
            code = process.wait(LONGEST_RUN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"not finished after {LONGEST_RUN_S} s:\n{self.said}") from None
        return Run(
            code,
            self.said,
            announced_jobs(self.said),
            Counter(
                path.relative_to(self.results / "benchmarks").with_suffix("").parts[0]
                for path in self._changed("benchmarks/**/*.tsv", jobs)
            ),
            tuple(self._changed("*/*/outcomes/*.parquet", batches)),
        )

    def dendroflow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of dendroflow in this folder; all that it says is its output."""
        return subprocess.run(
            [sys.executable, "-m", "dendroflow", *arguments],
            cwd=self.folder,
            env=self.variables() | {"PYTHONPATH": str(self.checkout / "scripts")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_RUN_S,
            check=False,
        )

    def variables(self) -> dict[str, str]:
        """Variables of runs."""
        # Without bytecode every job would compile all that it imports.
        unwanted = ("PYTHONDONTWRITEBYTECODE", "SNAKEMAKE_PROFILE")
        inherited = {key: value for key, value in os.environ.items() if key not in unwanted}
        merged = inherited | {"COLUMNS": "1000"} | self.environment
        return {key: value for key, value in merged.items() if value is not None}

    @property
    def said(self) -> str:
        """What the last run has said so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kill all runs that were started, with all their processes, and wait for their end."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(30)

    def remove_dead_locks(self) -> str | None:
        """Do what `dendroflow run` does before it starts Snakemake."""
        return remove_dead(self.results, self.folder / ".snakemake" / "locks")

    def processes(self) -> list[int]:
        """Ids of the processes that work in this folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                here = (entry / "cwd").readlink().is_relative_to(self.folder)
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if here and state != "Z":
                found.append(int(entry.name))
        return found

    def job_and_workers(self, script: str) -> tuple[int, list[int]]:
        """Process ids of the running job of a script, and of its workers."""
        parents = {}
        for pid in self.processes():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            # Not the shell that starts the script, whose command line holds it, too.
            if any(part.endswith(f".{script}".encode()) for part in command[1:2]):
                parents[pid] = parent
        (job,) = [pid for pid, parent in parents.items() if parent not in parents]
        return job, [pid for pid, parent in parents.items() if parent == job]

    def _stamps(self, pattern: str) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.results.glob(pattern)}

    def _changed(self, pattern: str, before: dict[Path, int]) -> list[Path]:
        now = self._stamps(pattern)
        return sorted(path for path, stamp in now.items() if before.get(path) != stamp)

    # Looking at results ------------------------------------------------------------------------

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with closing(sqlite3.connect(self.results / "dendroflow.sqlite")) as connection:
            return connection.execute(statement).fetchall()

    def table(self, path: str) -> pa.Table:
        """A stored table, by its path below the results."""
        return pq.read_table(self.results / path, partitioning=None)

    def trace_digests(self, experiment: str, code: str = "*") -> dict[tuple[str, str], str]:
        """(point_id, signal) -> hash of the bits of its values; a point in two batches fails.

        Signals that are recorded at places are named `signal at place`.
        """
        digests: dict[tuple[str, str], str] = {}
        for path in sorted(self.results.glob(f"{experiment}/{code}/traces/*.parquet")):
            for row in pq.read_table(path, partitioning=None).to_pylist():
                where = f" at {row['location']}" if row["location"] else ""
                key = (row["point_id"], row["signal"] + where)
                assert key not in digests, f"{key} is held twice"
                values = pa.array(row["values"], pa.float64())
                digests[key] = hashlib.sha256(values.to_numpy().tobytes()).hexdigest()
        return digests

    def unfinished_files(self) -> list[Path]:
        """Stored tables under their final names that cannot be read."""
        broken = []
        for path in self.results.rglob("[!.]*.parquet"):
            try:
                pq.read_table(path, partitioning=None)
            except (OSError, pa.ArrowException):
                broken.append(path)
        return broken


def copy_of_checkout(folder: Path) -> Path:
    """What of the checkout a run needs."""
    folder.mkdir(parents=True)
    for name in ("Snakefile", "rules", "scripts", "profiles", "envs"):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def announced_jobs(output: str) -> Counter[str]:
    """Rule -> number of jobs in Snakemake's table of jobs."""
    table = output.partition("Job stats")[2].partition("total")[0]
    rows = re.findall(r"^\s*([a-z][a-z0-9_ ]*?)\s+(\d+)\s*$", table, re.MULTILINE)
    jobs: Counter[str] = Counter()
    for name, count in rows:
        rule = name.replace(" ", "_")
        if rule not in TARGETS:
            jobs[rule] += int(count)
    return jobs


def wait_until(condition: Any, what: str, seconds: float = 60.0) -> Any:
    """Return what `condition()` gives once it is true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not so after {seconds} s: {what}")
