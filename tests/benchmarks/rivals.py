"""The same sweeps as scripts that a good user of NEURON writes: a loop, or a pool of processes.

    python rivals.py loop|pool|kernel|calls CASE POINTS.csv COUNT [DATABASE]

prints the milliseconds a point takes, start-up of Python and imports left out.
"""

import os
import sqlite3
import sys
import time
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import pandas as pd
from neuron import h

FEATURES = ["AP_duration", "AP_duration_half_width", "AP_amplitude", "spike_count"]
LANES = 504


def step(segment, delay, duration, amplitude):
    clamp = h.IClamp(segment)
    clamp.delay, clamp.dur, clamp.amp = delay, duration, amplitude
    return clamp


def soma(p):
    soma = h.Section("soma")
    soma.L = soma.diam = 10
    soma.insert("hh")
    soma(0.5).hh.gnabar, soma(0.5).hh.gkbar = p["gnabar"], p["gkbar"]
    return soma, step(soma(0.5), 5, 5, p["amplitude"])


def ball_and_stick(p):
    soma, dend = h.Section("soma"), h.Section("dend")
    dend.connect(soma(1))
    soma.L = soma.diam = 20
    dend.L, dend.diam, dend.nseg = 400, 2, 20
    soma.insert("hh")
    dend.insert("pas")
    soma.Ra = dend.Ra = 100
    for segment in dend:
        segment.pas.g, segment.pas.e = 1e-4, -65
    soma(0.5).hh.gnabar, soma(0.5).hh.gkbar = p["gnabar"], p["gkbar"]
    return soma, dend, step(soma(0.5), 5, 5, p["amplitude"])


class Cell:
    pass


def pyramidal(p):
    reader = h.Import3d_Neurolucida3()
    reader.quiet = 1
    reader.input(os.environ["MORPHOLOGY"])
    cell = Cell()
    h.Import3d_GUI(reader, False).instantiate(cell)
    for section in cell.all:
        section.Ra = 100
        section.insert("pas")
    for section in cell.all:
        longest = 0.1 * h.lambda_f(100, sec=section)
        section.nseg = int((section.L / longest + 0.9) / 2) * 2 + 1
    for section in cell.all:
        for segment in section:
            segment.pas.g, segment.pas.e = 1e-6, -65
    for section in [*cell.soma, *cell.axon]:
        section.insert("hh")
        for segment in section:
            segment.hh.gnabar, segment.hh.gkbar = p["gnabar"], p["gkbar"]
    return cell.soma[0], cell, step(cell.soma[0](0.5), 1, 1, p["amplitude"])


def electrical(build, stimulus, duration, p):
    import efel

    cell = build(p)
    t = h.Vector().record(h._ref_t)
    v = h.Vector().record(cell[0](0.5)._ref_v)
    h.finitialize(-65)
    h.continuerun(duration)
    trace = {"T": list(t), "V": list(v), "stim_start": [stimulus[0]], "stim_end": [stimulus[1]]}
    (found,) = efel.get_feature_values([trace], FEATURES, raise_warnings=False)
    return {name: None if x is None else float(x.mean()) for name, x in found.items()}


def calcium_buffer(p):
    from neuron import rxd

    soma = h.Section("soma")
    soma.L = soma.diam = 10
    cytosol = rxd.Region([soma], nrn_region="i")
    ca = rxd.Species(cytosol, name="ca", charge=2, initial=1e-3)
    buf = rxd.Species(cytosol, name="buf", initial=p["total_buffer"])
    cabuf = rxd.Species(cytosol, name="cabuf", initial=0)
    binding = rxd.Reaction(2 * ca + buf, cabuf, p["kf"], p["kb"])
    decay = rxd.Rate(buf, -1e-3 * buf)
    vectors = {
        name: h.Vector().record(species.nodes(soma(0.5))[0]._ref_concentration, 1)
        for name, species in (("ca", ca), ("buf", buf), ("cabuf", cabuf))
    }
    h.dt = 0.025
    h.finitialize(-65)
    h.continuerun(1000)
    del binding, decay
    return {
        "ca_minimum": vectors["ca"].min(),
        "ca_final": vectors["ca"][-1],
        "buf_final": vectors["buf"][-1],
        "cabuf_maximum": vectors["cabuf"].max(),
    }


RUNS = {
    "soma": partial(electrical, soma, (5, 10), 60),
    "ball_and_stick": partial(electrical, ball_and_stick, (5, 10), 60),
    "pyramidal": partial(electrical, pyramidal, (1, 20), 20),
    "calcium_buffer": calcium_buffer,
}
BUILDS = {
    "soma": (soma, 60),
    "ball_and_stick": (ball_and_stick, 60),
    "pyramidal": (pyramidal, 20),
}


def prepare(case):
    """What a script imports once, at its start."""
    h.load_file("stdrun.hoc")
    h.load_file("import3d.hoc")
    h.celsius = 6.3
    if case == "calcium_buffer":
        from neuron import rxd  # noqa: F401
    else:
        import efel  # noqa: F401


def read(table, count):
    """The first points of a table whose columns are named as dendroflow's paths."""
    points = pd.read_csv(table, nrows=count)
    return points.rename(columns=lambda path: path.removeprefix("parameters."))


def store(points, rows, database):
    table = pd.concat([points, pd.DataFrame(rows)], axis=1)
    with sqlite3.connect(database) as connection:
        table.to_sql("results", connection, index=False, if_exists="replace")


def loop(case, points, database):
    store(points, [RUNS[case](p) for p in points.to_dict("records")], database)


def pool(case, points, database):
    with Pool() as workers:
        rows = workers.map(RUNS[case], points.to_dict("records"))
    store(points, rows, database)


def kernel(case, points):
    """Seconds within NEURON's own loop over time, for as many cells at once as serves it best."""
    build, duration = BUILDS[case]
    lanes = 1 if case == "pyramidal" else LANES if case == "soma" else 64
    context = h.ParallelContext()
    context.set_maxstep(10)
    seconds = 0.0
    records = points.to_dict("records")
    for start in range(0, len(records), lanes):
        cells = [build(p) for p in records[start : start + lanes]]
        h.finitialize(-65)
        began = time.process_time()
        context.psolve(duration)
        seconds += time.process_time() - began
        del cells
    return seconds


def calls(points):
    """CPU seconds of the calls into NEURON and eFEL that the soma's sweep cannot do without."""
    import efel
    import numpy as np
    from efel import cppcore
    from efel.pyfeatures.cppfeature_access import get_cpp_feature

    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    from dendroflow.features.core import FIRST, Core

    context = h.ParallelContext()
    context.set_maxstep(10)
    records = points.to_dict("records")
    times = (0.025 * np.arange(2401)).tolist()
    settings = vars(efel.get_settings()).items()
    *in_core, in_python = FEATURES
    with Core(in_core, for_python=True).in_use():
        began = time.process_time()
        for start in range(0, len(records), LANES):
            cells = [soma(p) for p in records[start : start + LANES]]
            vectors = [h.Vector().record(cell[0](0.5)._ref_v) for cell in cells]
            h.finitialize(-65)
            context.psolve(60)
            samples = np.concatenate([np.asarray(vector) for vector in vectors])
            del cells, vectors
            for values in samples.reshape(-1, len(times)):
                cppcore.Clear()
                for name, value in settings:
                    if isinstance(value, float):
                        cppcore.setFeatureDouble(name, [value])
                    elif isinstance(value, int):
                        cppcore.setFeatureInt(name, [int(value)])
                cppcore.setFeatureDouble("T", times)
                cppcore.setFeatureDouble("V", values.tolist())
                cppcore.setFeatureDouble("stim_start", [5.0])
                cppcore.setFeatureDouble("stim_end", [10.0])
                for name in (FIRST, *in_core):
                    get_cpp_feature(name)
                efel.api.get_py_feature(in_python)
        return time.process_time() - began


def main(contender, case, table, count, database=None):
    prepare(case)
    points = read(table, int(count))
    began = time.perf_counter()
    if contender == "kernel":
        seconds = kernel(case, points)
    elif contender == "calls":
        seconds = calls(points)
    else:
        {"loop": loop, "pool": pool}[contender](case, points, database)
        seconds = time.perf_counter() - began
    print(1000 * seconds / len(points))


if __name__ == "__main__":
    main(*sys.argv[1:])
