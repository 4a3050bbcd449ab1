"""Recordings made by simulation, with noise, in each format that a library writes."""

import hashlib
import multiprocessing
import struct
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pyabf.abfWriter
import yaml
from pynwb import NWBHDF5IO, NWBFile
from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries

DT, DELAY, DURATION, TOTAL = 0.05, 50.0, 100.0, 200.0


def _soma(gnabar, amplitudes):
    from neuron import h

    h.load_file("stdrun.hoc")
    soma = h.Section("soma")
    soma.L = soma.diam = 20
    soma.insert("hh")
    soma.gnabar_hh = gnabar
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur = DELAY, DURATION
    v = h.Vector().record(soma(0.5)._ref_v)
    h.celsius, h.dt, h.steps_per_ms = 6.3, DT, 1 / DT
    found = []
    for amplitude in amplitudes:
        clamp.amp = amplitude
        h.finitialize(-65)
        h.continuerun(TOTAL)
        found.append(v.as_numpy().copy())
    return found


def soma(gnabar, amplitudes, noise=0.0, seed=1):
    """Potentials (mV) of an hh soma in which a step of each current (nA) flows, DT (ms) apart."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        found = executor.submit(_soma, gnabar, list(amplitudes)).result()
    random = np.random.default_rng(seed)
    return [v + noise * random.standard_normal(len(v)) for v in found]


def step(amplitude, samples, dt=DT):
    """The current (nA) of such a step."""
    t = dt * np.arange(samples)
    return amplitude * ((t >= DELAY) & (t < DELAY + DURATION))


def write_csv(path, columns, dt=DT, heads=None):
    times = dt * np.arange(len(columns[0]))
    names = heads or ["t (ms)", *(f"v{n} (mV)" for n in range(len(columns)))]
    table = np.column_stack([times, *columns])
    np.savetxt(path, table, "%.6g", delimiter=",", header=",".join(names), comments="")


def write_abf(path, v, dt=DT):
    pyabf.abfWriter.writeABF1(np.array([v]), str(path), 1000 / dt, units="mV")


def write_nwb(path, potentials, currents, dt=DT):
    """In volts and amperes, as the format wants it."""
    file = NWBFile("made by simulation", "1", datetime(2026, 1, 1, tzinfo=UTC))
    device = file.create_device(name="amplifier")
    electrode = file.create_icephys_electrode(name="e", description="none", device=device)
    shared = {"electrode": electrode, "gain": 1.0, "rate": 1000 / dt, "starting_time": 0.0}
    for n, (v, i) in enumerate(zip(potentials, currents, strict=True)):
        file.add_acquisition(CurrentClampSeries(name=f"v{n}", data=v * 1e-3, **shared))
        file.add_stimulus(CurrentClampStimulusSeries(name=f"i{n}", data=i * 1e-9, **shared))
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)


def write_ibw(path, v, dt=DT):
    """An Igor binary wave of version 5, of one dimension: its headers, then samples (V, s)."""
    data = np.asarray(v * 1e-3, "<f8").tobytes()
    head = bytearray(384)
    struct.pack_into("<hhl", head, 0, 5, 0, 320 + len(data))
    wave = 64
    struct.pack_into("<l", head, wave + 12, len(v))
    struct.pack_into("<h", head, wave + 16, 4)
    struct.pack_into("<h32s", head, wave + 26, 1, b"wave0")
    struct.pack_into("<l", head, wave + 68, len(v))
    struct.pack_into("<d", head, wave + 84, dt / 1000)
    struct.pack_into("<4s4s", head, wave + 148, b"V", b"s")
    total = sum(struct.unpack("<192H", head))
    struct.pack_into("<H", head, 2, -total & 0xFFFF)
    path.write_bytes(head + data)


def catalogue(folder, **sets):
    """Write `recordings.yaml`, and the pin of each file that has none."""
    for one in sets.values():
        for recording in one["recordings"]:
            path = folder / recording["file"]
            if "sha256" not in recording and path.exists():
                recording["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "recordings.yaml").write_text(yaml.safe_dump(sets), encoding="utf-8")
