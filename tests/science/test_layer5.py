"""The layer 5 pyramidal cell: rates against numpy, and features as published values give them."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import yaml
from neuron import h
from numpy import exp
from scipy.special import exprel

CONFIG = Path(__file__).parents[2] / "config"
Q = 2.3 ** ((34 - 21) / 10)
FARADAY = 96485.33212
# Where a rate is 0/0, or has a branch, and beside it.
SPECIAL = np.array([-154.9, -66, -64.4, -60, -38, -32, -27, -17])
VOLTAGES = np.sort(
    np.concatenate([*(SPECIAL + d for d in (0, 1e-7, -1e-4)), np.arange(-120, 61, 4.5)])
)


def linoid(x):
    """x / (exp(x) - 1)."""
    return 1 / exprel(x)


def gate(alpha, beta, q=1.0):
    return alpha / (alpha + beta), 1 / (alpha + beta) / q


def sodium(v):
    m = gate(0.182 * 6 * linoid(-(v + 38) / 6), 0.124 * 6 * linoid((v + 38) / 6), Q)
    return m, gate(0.015 * 6 * linoid((v + 66) / 6), 0.015 * 6 * linoid(-(v + 66) / 6), Q)


def kp(v):
    u = v + 10
    rise = np.where(u < -50, 175.03 * exp(0.026 * u), 13 * exp(-0.026 * u))
    bell = exp(-(((u + 75) / 48) ** 2))
    m = 1 / (1 + exp(-(u + 1) / 12)), (1.25 + rise) / Q
    return m, (1 / (1 + exp((u + 54) / 11)), (360 + (1010 + 24 * (u + 55)) * bell) / Q)


def kt(v):
    u = v + 10
    m = 1 / (1 + exp(-u / 19)), (0.34 + 0.92 * exp(-(((u + 71) / 59) ** 2))) / Q
    return m, (1 / (1 + exp((u + 66) / 10)), (8 + 49 * exp(-(((u + 73) / 23) ** 2))) / Q)


def nap(v):
    (_, mtau), _ = sodium(v)
    h_rates = gate(
        2.88e-6 * 4.63 * linoid((v + 17) / 4.63), 6.94e-6 * 2.63 * linoid(-(v + 64.4) / 2.63), Q
    )
    return (1 / (1 + exp(-(v + 52.6) / 4.6)), 6 * mtau), (
        1 / (1 + exp((v + 48.8) / 10)),
        h_rates[1],
    )


def ca_hva(v):
    m = gate(0.055 * 3.8 * linoid(-(v + 27) / 3.8), 0.94 * exp(-(v + 75) / 17))
    return m, gate(0.000457 * exp(-(v + 13) / 50), 0.0065 / (exp(-(v + 15) / 28) + 1))


def ca_lva(v):
    u = v + 10
    m = 1 / (1 + exp(-(u + 30) / 6)), (5 + 20 / (1 + exp((u + 25) / 5))) / Q
    return m, (1 / (1 + exp((u + 80) / 6.4)), (20 + 50 / (1 + exp((u + 40) / 7))) / Q)


# Mechanism: its current, the power of m, and its rates.
MECHANISMS = {
    "ih": (
        "i_ih",
        1,
        lambda v: (gate(0.00643 * 11.9 * linoid((v + 154.9) / 11.9), 0.193 * exp(v / 33.1)),),
    ),
    "im": (
        "ik",
        1,
        lambda v: (gate(0.0033 * exp(0.1 * (v + 35)), 0.0033 * exp(-0.1 * (v + 35)), Q),),
    ),
    "skv3": (
        "ik",
        1,
        lambda v: ((1 / (1 + exp(-(v - 18.7) / 9.7)), 4 / (1 + exp(-(v + 46.56) / 44.14))),),
    ),
    "kp": ("ik", 2, kp),
    "kt": ("ik", 4, kt),
    "nata": ("ina", 3, sodium),
    "nats2": ("ina", 3, lambda v: sodium(v - 6)),
    "nap": ("ina", 3, nap),
    "ca_hva": ("ica", 2, ca_hva),
    "ca_lva": ("ica", 2, ca_lva),
}
REVERSALS = {"i_ih": -45.0, "ik": -85.0, "ina": 50.0, "ica": 120.0}


@pytest.fixture(scope="module")
def _mechanisms(load_mechanisms_of):
    load_mechanisms_of(CONFIG / "models" / "layer5_pyramidal")


@pytest.mark.usefixtures("_mechanisms")
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_rates_and_current_are_those_of_the_equations(mechanism):
    current, power, rates = MECHANISMS[mechanism]
    cable = h.Section("cable")
    cable.nseg = len(VOLTAGES)
    cable.insert(mechanism)
    if current != "i_ih":
        setattr(cable, f"e{current[1:]}", REVERSALS[current])
    for segment, v in zip(cable, VOLTAGES, strict=True):
        segment.v = v
        getattr(segment, mechanism).gbar = 0.1
    h.finitialize()
    expected = 0.1 * (VOLTAGES - REVERSALS[current])
    for name, order, (steady, tau) in zip("mh", (power, 1), rates(VOLTAGES), strict=False):
        found = [getattr(segment, mechanism) for segment in cable]
        values = {
            kind: np.array([getattr(f, kind) for f in found])
            for kind in (name, f"{name}inf", f"{name}tau")
        }
        assert values[f"{name}inf"] == pytest.approx(steady, rel=1e-8, abs=1e-14)
        assert values[f"{name}tau"] == pytest.approx(tau, rel=1e-8)
        assert (values[name] == values[f"{name}inf"]).all()
        expected = expected * steady**order
    assert [getattr(s, current) for s in cable] == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.usefixtures("_mechanisms")
def test_sk_opens_with_calcium_and_is_shut_without():
    cable = h.Section("cable")
    calcium = np.array([0, 1e-9, 1e-7, 1e-5, 1e-4, 4.3e-4, 1e-3])
    cable.nseg = len(calcium)
    cable.insert("sk")
    for segment, cai in zip(cable, calcium, strict=True):
        segment.cai = cai
    h.finitialize(-65)
    expected = 1 / (1 + (0.00043 / np.maximum(calcium, 1e-7)) ** 4.8)
    assert [segment.sk.zinf for segment in cable] == pytest.approx(expected, rel=1e-12)
    assert cable(0.8).sk.z == pytest.approx(0.5)


@pytest.mark.usefixtures("_mechanisms")
def test_calcium_follows_the_current_and_decays():
    cell = h.Section("cell")
    for mechanism in ("pas", "ca_hva", "ca_pool"):
        cell.insert(mechanism)
    cell(0.5).pas.e = -30
    pool = cell(0.5).ca_pool
    pool.gamma, pool.decay = 0.01, 50
    cai, ica = (h.Vector().record(r) for r in (cell(0.5)._ref_cai, cell(0.5)._ref_ica))
    h.dt = 0.025
    h.finitialize(-65)
    for _ in range(4000):
        h.fadvance()
    cai, ica = np.array(cai), np.array(ica)
    assert cai[0] == pytest.approx(5e-5)
    steady = 1e-4 - 1e4 * ica * 0.01 * 50 / (2 * FARADAY * 0.1)
    next_cai = steady[1:] + (cai[:-1] - steady[1:]) * exp(-0.025 / 50)
    assert cai[1:] == pytest.approx(next_cai, rel=1e-6)
    assert cai.max() > 2e-4


# Of BluePyOpt's own simulation of the cell (1.14, NEURON 9.0.2), at the same settings.
SPIKE = {
    "AP_height": 38.378,
    "AP_width": 1.0,
    "dend1_AP_amplitude_from_voltagebase": 47.577,
    "dend2_AP_amplitude_from_voltagebase": 25.591,
    "spike_count": 1,
}
TIMES = {"time_to_first_spike": [33.5, 23.2, 10.6], "doublet_ISI": [68.5, 45.4, 21.9]}
OTHERS = {
    "AP_height": [27.846, 25.868, 16.535],
    "AP_width": [0.90714, 0.88824, 0.8625],
    "mean_frequency": [7.0458, 8.7683, 15.9909],
    "ISI_CV": [0.03337, 0.03580, 0.09897],
    "adaptation_index2": [-0.00408, -0.00165, 0.00745],
    "AHP_depth_abs": [-63.4882, -60.6940, -56.7105],
    "AHP_depth_abs_slow": [-62.3195, -60.8201, -55.8498],
    "AHP_slow_time": [0.13963, 0.14810, 0.21831],
}


def judged(folder, *protocols, **changes):
    """The one row of the experiment with some of its protocols."""
    content = yaml.safe_load((CONFIG / "experiments" / "layer5.yaml").read_text(encoding="utf-8"))
    content["protocols"] = {name: content["protocols"][name] for name in protocols}
    content["targets"] = {
        name: target
        for name, target in content["targets"].items()
        if name.partition(".")[0] in protocols
    }
    del content["figures"]
    (folder / "config" / "experiments").mkdir(parents=True)
    model = Path("models") / content["model"]
    shutil.copytree(CONFIG / model, folder / "config" / model)
    shutil.copy(CONFIG / "morphologies.yaml", folder / "config")
    path = folder / "config" / "experiments" / "layer5.yaml"
    path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
    return path


def simulated(path, folder):
    """Its row, from a process that has not loaded its mechanisms yet."""
    code = (
        "import sys, dendroflow; table = dendroflow.run(sys.argv[1], cores=2, results=sys.argv[2]);"
        "table.to_json(sys.argv[3], orient='records', double_precision=15)"
    )
    answer = folder / "row.json"
    words = [sys.executable, "-c", code, str(path), str(folder / "results"), str(answer)]
    subprocess.run(
        words, check=True, env=os.environ | {"PYTHONPATH": str(CONFIG.parent / "scripts")}
    )
    (row,) = json.loads(answer.read_text(encoding="utf-8"))
    return row


def test_a_spike_runs_back_into_the_dendrite_as_published(tmp_path):
    # Compiling for CoreNEURON takes longer than one spike.
    path = judged(tmp_path, "bap", engine="neuron")
    row = simulated(path, tmp_path)
    assert row["status"] == "ok"
    for name, value in SPIKE.items():
        assert row[f"bap_{name}"] == pytest.approx(value, rel=1e-3), name
    assert row["bap_AP_height_score"] == pytest.approx((38.378 - 25) / 5, rel=1e-2)
    scores = [value for name, value in row.items() if name.endswith("_score") and "bap" in name]
    assert len(scores) == 5
    assert row["score"] == pytest.approx(sum(scores))


@pytest.mark.slow
def test_three_steps_evoke_the_published_features(tmp_path):
    path = judged(tmp_path, "step1", "step2", "step3")
    row = simulated(path, tmp_path)
    assert row["status"] == "ok"
    for name, expected in TIMES.items():
        found = [row[f"step{k}_{name}"] for k in (1, 2, 3)]
        assert found == pytest.approx(expected, abs=0.05), name
    for name, expected in OTHERS.items():
        found = [row[f"step{k}_{name}"] for k in (1, 2, 3)]
        # The last digit of what is published counts, too.
        assert found == pytest.approx(expected, rel=1e-3, abs=5e-6), name


@pytest.mark.slow
def test_twenty_parameters_are_fitted_for_a_generation(tmp_path):
    """With the block of keys that the gallery's page shows."""
    page = (CONFIG.parent / "docs" / "gallery" / "layer5.md").read_text(encoding="utf-8")
    (block,) = re.findall(r'^```yaml title="a fit"\n(.*?)^```$', page, re.M | re.S)
    optimise = yaml.safe_load(block)["optimise"] | {"offspring": 2, "generations": 1}
    assert len(optimise["parameters"]) == 20
    judged(tmp_path, "bap", "step1", "step2", "step3", optimise=optimise)
    (tmp_path / "config" / "config.yaml").write_text("experiments: [layer5]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "dendroflow", "run", "--cores", "2"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CONFIG.parent / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with closing(sqlite3.connect(tmp_path / "results" / "dendroflow.sqlite")) as database:
        ((score, largest),) = database.execute("SELECT score, largest_score FROM layer5")
        individuals = database.execute("SELECT score, scores FROM individuals ORDER BY rank")
        (best, *_), *_ = individuals
    assert best == pytest.approx(score)
    assert 0 < largest <= 250
    assert score <= 35 * largest
