"""Measure dendroflow against what people write without it, and write docs/benchmarks.md.

    python tests/benchmarks/run.py rivals [--rounds 3] [--cases soma ...]
    python tests/benchmarks/run.py scale [--points 10000 100000 1000000]
    python tests/benchmarks/run.py proof

Each writes its own part of the page. Everything is run in `results/bench`, nothing else should run
on the machine meanwhile.
"""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
FOLDER = CHECKOUT / "results" / "bench"
PAGE = CHECKOUT / "docs" / "benchmarks.md"
FIGURE = CHECKOUT / "docs" / "images" / "benchmarks.png"
CORES = len(os.sched_getaffinity(0))
LONGEST_S = 7200
# Without bytecode every job compiles the library anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@dataclass(frozen=True)
class Case:
    """A sweep: ranges of its parameters, and on how many points each contender is measured."""

    title: str
    ranges: dict[str, tuple[float, float]]
    counts: dict[str, int]


CASES = {
    "soma": Case(
        "soma (1 segment, 60 ms)",
        {"gnabar": (0.1, 0.14), "gkbar": (0.03, 0.04), "amplitude": (0.01, 0.03)},
        {
            "kernel": 4096,
            "loop": 500,
            "pool": 2000,
            "jobs": 12,
            "dendroflow": 20_000,
            "coreneuron": 20_000,
        },
    ),
    "ball_and_stick": Case(
        "ball and stick (21 segments, 60 ms)",
        {"gnabar": (0.1, 0.14), "gkbar": (0.03, 0.04), "amplitude": (0.2, 0.5)},
        {"kernel": 504, "loop": 200, "pool": 800, "jobs": 12, "dendroflow": 5_000},
    ),
    "pyramidal": Case(
        "pyramidal cell (C060114A7, 20 ms)",
        {"gnabar": (0.1, 0.14), "gkbar": (0.03, 0.04), "amplitude": (1.0, 3.0)},
        {"kernel": 8, "loop": 8, "pool": 24, "jobs": 8, "dendroflow": 200, "coreneuron": 200},
    ),
    "calcium_buffer": Case(
        "calcium buffer (rxd, 1 s)",
        {"kf": (1e4, 1e5), "kb": (0.005, 0.02), "total_buffer": (1e-4, 3e-4)},
        {"loop": 8, "pool": 24, "jobs": 8, "dendroflow": 500},
    ),
}
CONTENDERS = {
    "loop": "loop in one process",
    "pool": f"Pool of {CORES}",
    "jobs": "a Snakemake job a point",
    "dendroflow": "dendroflow, whole",
    "coreneuron": "the same with CoreNEURON",
    "kernel": "NEURON's loop over time alone",
}


def points_of(case: str, count: int, folder: Path) -> Path:
    """A table of random points; a longer one begins with the points of a shorter."""
    ranges = CASES[case].ranges
    low, high = np.array(list(ranges.values())).T
    values = low + (high - low) * np.random.default_rng(1).random((count, len(ranges)))
    table = pd.DataFrame(values, columns=[f"parameters.{name}" for name in ranges])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case}.csv"
    table.to_csv(path, index=False)
    return path


def project(case: str, folder: Path, count: int, engine: str = "neuron") -> Path:
    """An empty dendroflow project with one experiment."""
    shutil.rmtree(folder, ignore_errors=True)
    config = folder / "config"
    points_of(case, count, config / "points")
    (config / "experiments").mkdir()
    content = yaml.safe_load((HERE / "experiments" / f"{case}.yaml").read_text("utf-8"))
    content["engine"] = engine
    (config / "experiments" / f"{case}.yaml").write_text(yaml.safe_dump(content), "utf-8")
    models = [HERE / "models" / content["model"], CHECKOUT / "config" / "models" / content["model"]]
    source = next(path for path in models if path.exists())
    shutil.copytree(source, config / "models" / content["model"])
    shutil.copy(CHECKOUT / "config" / "morphologies.yaml", config)
    (config / "config.yaml").write_text(f"experiments: [{case}]\n", "utf-8")
    return folder


def snakemake(folder: Path, *arguments: str, cores: int = CORES) -> float:
    """Run dendroflow on a project; seconds from the start of the process to its end."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        *("--snakefile", str(CHECKOUT / "Snakefile")),
        *("--workflow-profile", str(CHECKOUT / "profiles" / "default")),
        *("--directory", str(folder), "--configfile", str(folder / "config" / "config.yaml")),
        *("--cores", str(cores), *arguments),
    ]
    return timed(command, folder, cores)


def timed(command: list[str], folder: Path, cores: int = CORES) -> float:
    """Seconds that a command takes which has no more than so many cores, whatever it starts."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(all_cores)[:cores]))
    began = time.perf_counter()
    try:
        child = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    finally:
        os.sched_setaffinity(0, all_cores)
    if child.returncode:
        sys.exit(f"{' '.join(command)}\n{child.stdout}{child.stderr}")
    return time.perf_counter() - began


def measure(case: str, contender: str) -> float:
    """Milliseconds a point."""
    count = CASES[case].counts[contender]
    folder = FOLDER / f"{case}-{contender}"
    if contender in ("dendroflow", "coreneuron"):
        engine = "neuron" if contender == "dendroflow" else contender
        return 1000 * snakemake(project(case, folder, count, engine)) / count
    shutil.rmtree(folder, ignore_errors=True)
    table = points_of(case, count, folder)
    os.environ["MORPHOLOGY"] = str(cell())
    if contender == "jobs":
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(HERE / "jobs.smk")]
        command += ["--workflow-profile", "none", "--cores", str(CORES), "--scheduler", "greedy"]
        command += ["--config", f"case={case}", f"points={table}", f"count={count}"]
        return 1000 * timed(command, folder) / count
    command = [sys.executable, str(HERE / "rivals.py"), contender, case, str(table), str(count)]
    return said([*command, str(folder / "results.sqlite")], folder)


def said(command: list[str], folder: Path, processes: int = 1) -> float:
    """The number with which a command ends; the mean of several that run at once."""
    started = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    numbers = []
    for child in started:
        output, _ = child.communicate(timeout=LONGEST_S)
        if child.returncode:
            sys.exit(f"{' '.join(command)}\n{output}")
        numbers.append(float(output.splitlines()[-1]))
    return sum(numbers) / processes


def calls() -> float:
    """CPU milliseconds of NEURON and eFEL for a point of the soma, where all cores are as busy."""
    folder = FOLDER / "soma-calls"
    table = points_of("soma", 4096, folder)
    command = [sys.executable, str(HERE / "rivals.py"), "calls", "soma", str(table), "4096"]
    return said(command, folder, CORES)


def cell() -> Path:
    """The file of the morphology that the default configuration uses."""
    import bluepyopt

    source = yaml.safe_load((CHECKOUT / "config" / "morphologies.yaml").read_text("utf-8"))
    return Path(bluepyopt.__file__).parent / source["C060114A7"]["path"]


def agree(case: str) -> float:
    """Largest relative difference between the features of the pool's points and dendroflow's."""
    with closing(sqlite3.connect(FOLDER / f"{case}-pool" / "results.sqlite")) as connection:
        theirs = pd.read_sql("SELECT * FROM results", connection)
    database = FOLDER / f"{case}-dendroflow" / "results" / "dendroflow.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        ours = pd.read_sql(f"SELECT * FROM {case}", connection)
    parameters = list(CASES[case].ranges)
    names = [name for name in theirs.columns if name not in parameters]
    joined = theirs.merge(ours, on=parameters, suffixes=("_theirs", ""), how="inner")
    assert len(joined) == len(theirs), (len(joined), len(theirs))
    a = joined[[f"{name}_theirs" for name in names]].to_numpy(dtype=float)
    b = joined[names].to_numpy(dtype=float)
    assert (np.isnan(a) == np.isnan(b)).all()
    return float(np.nanmax(np.abs(a - b) / np.maximum(np.abs(a), 1e-12)))


def rivals(rounds: int, cases: list[str]) -> None:
    """Measure all contenders in turn, and write their table and figure."""
    rows = []
    for turn in range(rounds):
        for case in cases:
            for contender in CASES[case].counts:
                rows.append((turn, case, contender, measure(case, contender)))
                print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["round", "case", "contender", "ms"])
    table.to_csv(FOLDER / "rivals.csv", index=False)
    median = table.groupby(["case", "contender"])["ms"].median().unstack()
    differences = {case: agree(case) for case in cases}
    write_part("rivals", rivals_table(median, differences, rounds))
    draw(median)


def rivals_table(median: pd.DataFrame, differences: dict[str, float], rounds: int) -> str:
    """The table of medians and ratios as Markdown."""
    head = ["", *CONTENDERS.values(), "dendroflow against the pool", "features agree to"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for case, row in median.iterrows():
        counts = CASES[str(case)].counts
        cells = [CASES[str(case)].title]
        for contender in CONTENDERS:
            value = row.get(contender)
            known = value is not None and not np.isnan(value)
            cells.append(f"{value:.3g} ({counts[contender]:,})" if known else "")
        cells.append(f"**{row['pool'] / row['dendroflow']:.1f} ×**")
        cells.append(f"{differences[str(case)]:.1g}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(
        [
            f"Milliseconds a point (on so many points), medians of {rounds} rounds in which all "
            f"took turns; {machine()}.",
            "",
            *lines,
        ]
    )


def machine() -> str:
    """What it was measured on."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    name = processor.group(1) if processor else platform.machine()
    versions = ", ".join(f"{package} {version(package)}" for package in ("neuron", "efel"))
    return f"{CORES} cores of {name}, Python {platform.python_version()}, {versions}"


def draw(median: pd.DataFrame) -> None:
    """Throughput of each contender, a group of bars for each case."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [name for name in CONTENDERS if name not in ("kernel", "coreneuron")]
    rates = 1000 / median[shown]
    rates.index = [CASES[str(case)].title.replace(" (", "\n(") for case in rates.index]
    rates.columns = [CONTENDERS[str(name)] for name in rates.columns]
    axes = rates.plot.bar(
        rot=0,
        logy=True,
        figsize=(9, 4),
        width=0.8,
        color=["#999999", "#56B4E9", "#E69F00", "#009E73"],
    )
    axes.set(ylabel="points per second", title=f"Throughput on {CORES} cores")
    axes.legend(frameon=False, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.3)
    axes.figure.savefig(FIGURE, dpi=110, bbox_inches="tight")
    plt.close(axes.figure)


def scale(counts: list[int]) -> None:
    """The sweep of the soma at growing sizes: time, memory, growth, and a run that has nothing."""
    pool = measure("soma", "pool")
    print(f"pool {pool:.3f} ms a point", flush=True)
    rows = []
    for count in counts:
        folder = project("soma", FOLDER / f"scale-{count}", count)
        dry = snakemake(folder, "-n", "-q")
        # The speed of a machine drifts: what a call takes is measured on both sides of a run.
        earlier = calls()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        whole = snakemake(folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        # The largest of all processes so far, Snakemake among them: the last sweep is the largest.
        memory = after.ru_maxrss / 1024
        within = (earlier + calls()) / 2
        nothing = snakemake(folder)
        points_of("soma", count + count // 100, folder / "config" / "points")
        grown = snakemake(folder)
        plan = planning_seconds(folder)
        alone = snakemake(project("soma", FOLDER / "one-core", count), cores=1)
        rows.append(
            {
                "points": f"{count:,}",
                "run (s)": f"{whole:.1f}",
                "ms a point": f"{1000 * whole / count:.3f}",
                "times the pool": f"{pool * count / 1000 / whole:.1f}",
                "CPU (ms a point)": f"{1000 * cpu / count:.3f}",
                "in NEURON and eFEL": f"{100 * within * count / 1000 / cpu:.0f} %",
                "`-n` before (s)": f"{dry:.1f}",
                "planning (s)": f"{plan:.1f}",
                "on one core (s)": f"{alone:.1f}",
                "times one core": f"{alone / whole:.2f}",
                "nothing to do (s)": f"{nothing:.1f}",
                "1 % more points (s)": f"{grown:.1f}",
                "largest process (MB)": f"{memory:.0f}",
                "query by index (ms)": f"{query_ms(folder):.2f}",
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    table = pd.DataFrame(rows)
    head = list(table.columns)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in table.to_numpy().tolist()]
    write_part(
        "scale",
        "\n".join(
            [
                f"One command, traces never stored; a Pool of {CORES} takes {pool:.2f} ms a point "
                f"in the same session; {machine()}.",
                "",
                *lines,
            ]
        ),
    )


def proof() -> None:
    """What it costs to prove that points may share a process, for each sweep."""
    head = ("sweep", "points", "CPU without (s)", "with (s)", "cost", "globals", "process")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for case, of_case in CASES.items():
        count = of_case.counts["dendroflow"]
        folder = project(case, FOLDER / f"proof-{case}", count)
        child = subprocess.run(
            [sys.executable, str(HERE / "proof.py"), case],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT / "scripts"), "PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            text=True,
            timeout=LONGEST_S,
            check=True,
        )
        found = json.loads(child.stdout.splitlines()[-1])
        plain, proved = np.median(np.array(found["rows"]), axis=0)
        cost = f"{100 * (proved / plain - 1):.1f} %"
        guard = f"{found['guard']:.1f} %"
        cells = [of_case.title, f"{count:,}", f"{plain:.1f}", f"{proved:.1f}", cost, guard]
        lines.append("| " + " | ".join([*cells, found["process"]]) + " |")
        print(lines[-1], flush=True)
    said = f"CPU time of the workers and their parent on one core, medians of three; {machine()}."
    write_part("proof", "\n".join([said, "", *lines]))


def planning_seconds(folder: Path) -> float:
    """Seconds that planning takes within the start of Snakemake, where nothing is held."""
    shutil.rmtree(folder / "results" / "soma")
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from dendroflow.plan.planning import make_plan\n"
        "from dendroflow.settings.project import load, read_yaml\n"
        "source = Path('config/config.yaml')\n"
        "configuration = load(read_yaml(source), source)\n"
        "began = time.perf_counter()\n"
        "make_plan(configuration, 'soma', Path('results'), 2)\n"
        "print(time.perf_counter() - began)"
    )
    child = subprocess.run(
        [sys.executable, "-c", code, str(CHECKOUT / "scripts")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=True,
    )
    return float(child.stdout.splitlines()[-1])


def query_ms(folder: Path) -> float:
    """Milliseconds to find one point by its name in the database."""
    with closing(sqlite3.connect(folder / "results" / "dendroflow.sqlite")) as connection:
        (some,) = connection.execute("SELECT point_id FROM soma LIMIT 1 OFFSET 1000").fetchone()
        began = time.perf_counter()
        found = connection.execute("SELECT * FROM soma WHERE point_id = ?", (some,)).fetchall()
        assert len(found) == 1
        return 1000 * (time.perf_counter() - began)


def write_part(name: str, text: str) -> None:
    """Replace the part of the page between its two markers."""
    page = PAGE.read_text("utf-8")
    pattern = rf"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)"
    new, count = re.subn(pattern, lambda m: m[1] + text + m[2], page, flags=re.DOTALL)
    assert count == 1, f"{PAGE} has no part {name}"
    PAGE.write_text(new, "utf-8")
    print(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("rivals")
    first.add_argument("--rounds", type=int, default=3)
    first.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    second = commands.add_parser("scale")
    second.add_argument("--points", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    commands.add_parser("proof")
    arguments = parser.parse_args()
    if arguments.command == "rivals":
        rivals(arguments.rounds, arguments.cases)
    elif arguments.command == "proof":
        proof()
    else:
        scale(arguments.points)
