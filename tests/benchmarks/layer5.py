"""A published cell, by a good user's pool of processes and by dendroflow, in one run.

    python tests/benchmarks/layer5.py [POINTS]

rewrites its table in docs/benchmarks.md. The pool builds its cell once a process, and sets what
differs before each point; it is how BluePyOpt's users sweep. Compiling mechanisms and reading the
morphology, which is done once, is left out on both sides. Take a quiet machine: what counts are the
ratios.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from run import machine, write_part

CHECKOUT = Path(__file__).parents[2]
CORES = len(os.sched_getaffinity(0))
DURATION, DELAY, STEP, AMPLITUDE = 300.0, 20.0, 270.0, 0.6
COLUMN = "gbar_nats2_soma"
# What a process of the pool keeps from point to point.
KEPT = {}
RULES = {"backward_euler": 0.025, "crank_nicolson": 0.05}


def experiment(values, engine, solver):
    return {
        "title": "A step into the layer 5 cell",
        "model": "layer5_pyramidal",
        "morphology": "C060114A7",
        "engine": engine,
        "simulation": {"duration": DURATION, "dt": RULES[solver], "solver": solver}
        | {"v_init": -65, "celsius": 34},
        "stimuli": {
            "step": {"kind": "step", "at": "soma", "amplitude": AMPLITUDE, "delay": DELAY}
            | {"duration": STEP}
        },
        "record": {"v": {"at": "soma"}},
        "features": {"signal": "v", "stimulus": [DELAY, DELAY + STEP]}
        | {"efel": ["AP_height", "spike_count"]},
        "sweep": {f"parameters.{COLUMN}": values},
    }


def whole(folder, values, engine, solver):
    """Seconds of a run from its start to its end, and its spike counts; mechanisms are there."""
    for path in folder.glob("results/*"):
        if path.name not in ("mechanisms", "models", "morphologies"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder / ".snakemake", ignore_errors=True)
    path = folder / "config" / "experiments" / "cell.yaml"
    path.write_text(yaml.safe_dump(experiment(values, engine, solver)), encoding="utf-8")
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dendroflow", "run", "--cores", str(CORES)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "scripts")},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - began
    with closing(sqlite3.connect(folder / "results" / "dendroflow.sqlite")) as database:
        counts = [
            row[0] for row in database.execute(f"SELECT spike_count FROM cell ORDER BY {COLUMN}")
        ]
    return seconds, counts


def begin(folder, dt):
    """Build the cell of a process, with NEURON's own means."""
    import efel  # noqa: F401
    from neuron import h

    sys.path[:0] = [str(CHECKOUT / "scripts")]
    from dendroflow.morphology.sections import load_sections
    from dendroflow.runs.loading import load_mechanisms, load_model

    (library,) = folder.glob("results/mechanisms/*/libnrnmech.so")
    (sections,) = folder.glob("results/morphologies/*/*/sections-*.npz")
    load_mechanisms(library)
    model = load_model(folder / "config" / "models" / "layer5_pyramidal")
    cell = model.__new__(model)
    cell.load_morphology = lambda: vars(cell).update(load_sections(sections).create(cell))
    places = {}
    cell.place = places.__setitem__
    cell.build(model.Parameters())
    clamp = h.IClamp(places["soma"])
    clamp.delay, clamp.dur, clamp.amp = DELAY, STEP, AMPLITUDE
    h.load_file("stdrun.hoc")
    h.celsius, h.dt, h.steps_per_ms = 34, dt, 1 / dt
    v, t = h.Vector().record(places["soma"]._ref_v), h.Vector().record(h._ref_t)
    KEPT.update(cell=cell, clamp=clamp, v=v, t=t)


def point(value):
    """Spikes of one point."""
    import efel
    from neuron import h

    KEPT["cell"].soma[0].gbar_nats2 = value
    h.finitialize(-65)
    h.continuerun(DURATION)
    trace = {"T": KEPT["t"].as_numpy(), "V": KEPT["v"].as_numpy()}
    trace |= {"stim_start": [DELAY], "stim_end": [DELAY + STEP]}
    (found,) = efel.get_feature_values([trace], ["AP_height", "spike_count"])
    return float(found["spike_count"][0])


def pooled(folder, values):
    """Seconds of the pool, and its spike counts."""
    began = time.perf_counter()
    with Pool(CORES, begin, (folder, RULES["backward_euler"])) as pool:
        counts = pool.map(point, values, chunksize=1)
    return time.perf_counter() - began, counts


def main(count):
    values = np.linspace(0.9, 1.0, count).round(6).tolist()
    with TemporaryDirectory(prefix="layer5-") as name:
        folder = Path(name)
        shutil.copytree(
            CHECKOUT / "config" / "models" / "layer5_pyramidal",
            folder / "config" / "models" / "layer5_pyramidal",
        )
        shutil.copy(CHECKOUT / "config" / "morphologies.yaml", folder / "config")
        (folder / "config" / "experiments").mkdir()
        (folder / "config" / "config.yaml").write_text("experiments: [cell]\n", encoding="utf-8")
        for engine in ("neuron", "coreneuron"):
            whole(folder, values[:1], engine, "backward_euler")
        pool, expected = pooled(folder, values)
        rows = [(f"Pool of {CORES}, cell built once a process", pool)]
        for engine, solver in (
            ("neuron", "backward_euler"),
            ("coreneuron", "backward_euler"),
            ("coreneuron", "crank_nicolson"),
        ):
            seconds, counts = whole(folder, values, engine, solver)
            if solver == "backward_euler":
                assert counts == expected, "spikes differ from the pool's"
            rows.append((f"dendroflow, {engine}, {solver} at {RULES[solver]} ms", seconds))
    lines = [
        f"{count} points of {DURATION:g} ms, {machine()}.",
        "",
        "|  | s | throughput against the pool |",
        "|---|---|---|",
        *(f"| {what} | {seconds:.1f} | {pool / seconds:.2f} x |" for what, seconds in rows),
    ]
    write_part("layer5", "\n".join(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
