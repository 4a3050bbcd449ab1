"""A cell as BluePyOpt instantiates it, and the same one written with the model API's helpers."""

import json
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from synthetic_cell import sound_cell

import dendroflow
from dendroflow.commands.bluepyopt import Remarks
from dendroflow.commands.convert import convert
from dendroflow.morphology.files import data_sha256

CONFIG = Path(__file__).parents[2] / "config"
CELL = "C060114A7"
DURATION, DT, AMPLITUDE = 60.0, 0.025, 3.0

MODEL = '''
"""A pyramidal cell with Hodgkin and Huxley's channels, as BluePyOpt would build it."""

from dendroflow.model import (
    Model, assign, exponential, insert, middle, place_at, replace_axon
)


class Converted(Model):
    class Parameters(Model.Parameters):
        pass

    places = {"soma": "middle of the soma", "apical": "300 µm from it"}
    needs_morphology = True

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.nseg = 1 + 2 * int(section.L / 40)
        replace_axon(self)
        soma = middle(self.soma)
        assign(self.all, Ra=100.0, cm=1.0)
        assign([*self.dend, *self.apic], cm=2.0)
        insert(self.all, "pas", origin=soma, g=3e-5, e=lambda distance: -75.0 - 5 * distance / 150)
        insert([*self.soma, *self.axon], "hh", gnabar=0.2, gkbar=0.05, gl=0.0)
        insert(self.apic, "hh", origin=soma, gkbar=0.002, gl=0.0)
        insert(self.apic, "hh", origin=soma, gnabar=exponential(0.03, 0.0, 1.0, -0.004))
        assign([*self.soma, *self.axon, *self.apic], ena=50.0, ek=-85.0)
        self.place("soma", soma)
        self.place("apical", place_at(soma, self.apic, 300.0))
'''
EXPERIMENT = {
    "title": "A cell of BluePyOpt",
    "model": "converted",
    "morphology": CELL,
    "simulation": {"duration": DURATION, "dt": DT, "v_init": -75, "celsius": 6.3},
    "stimuli": {
        "step": {"kind": "step", "at": "soma", "amplitude": AMPLITUDE, "delay": 20, "duration": 30}
    },
    "record": {"soma_v": {"at": "soma"}, "apical_v": {"at": "apical"}},
    "features": {"signal": "soma_v", "statistics": ["maximum", "rate"]},
}


def by_bluepyopt(morphology):
    """Times and potentials at the soma and 300 µm from it."""
    from bluepyopt import ephys

    lists = {
        name: ephys.locations.NrnSeclistLocation(name, seclist_name=name)
        for name in ("all", "somatic", "axonal", "apical", "basal")
    }

    def mechanism(name, *places):
        of = [lists[place] for place in places]
        return ephys.mechanisms.NrnMODMechanism(name, suffix=name, locations=of)

    def value(name, of, number, *places, by=None):
        kind = ephys.parameters.NrnSectionParameter
        scaler = {}
        if by is not None:
            kind = ephys.parameters.NrnRangeParameter
            scaler = {
                "value_scaler": ephys.parameterscalers.NrnSegmentSomaDistanceScaler(distribution=by)
            }
        at = [lists[place] for place in places]
        return kind(name, param_name=of, value=number, frozen=True, locations=at, **scaler)

    active = ("somatic", "axonal", "apical")
    parameters = [
        value("Ra", "Ra", 100.0, "all"),
        value("cm", "cm", 1.0, "all"),
        value("cm_dend", "cm", 2.0, "basal", "apical"),
        value("g_pas", "g_pas", 3e-5, "all"),
        value("e_pas", "e_pas", -75.0, "all", by="{value} - 5 * {distance} / 150"),
        value("na", "gnabar_hh", 0.2, "somatic", "axonal"),
        value("k", "gkbar_hh", 0.05, "somatic", "axonal"),
        value("gl", "gl_hh", 0.0, *active),
        value("k_apic", "gkbar_hh", 0.002, "apical"),
        value("na_apic", "gnabar_hh", 0.03, "apical", by="math.exp({distance} * -0.004) * {value}"),
        value("ena", "ena", 50.0, *active),
        value("ek", "ek", -85.0, *active),
    ]
    cell = ephys.models.CellModel(
        "cell",
        morph=ephys.morphologies.NrnFileMorphology(str(morphology), do_replace_axon=True),
        mechs=[mechanism("pas", "all"), mechanism("hh", *active)],
        params=parameters,
    )
    soma = ephys.locations.NrnSeclistCompLocation(
        "soma", seclist_name="somatic", sec_index=0, comp_x=0.5
    )
    apical = ephys.locations.NrnSomaDistanceCompLocation(
        "apical", soma_distance=300.0, seclist_name="apical"
    )
    step = ephys.stimuli.NrnSquarePulse(
        step_amplitude=AMPLITUDE,
        step_delay=20,
        step_duration=30,
        location=soma,
        total_duration=DURATION,
    )
    places = {"soma": soma, "apical": apical}
    recordings = [
        ephys.recordings.CompRecording(name, location=place, variable="v")
        for name, place in places.items()
    ]
    protocol = ephys.protocols.SweepProtocol("step", [step], recordings)
    simulator = ephys.simulators.NrnSimulator(dt=DT, cvode_active=False)
    simulator.neuron.h.celsius = 6.3
    simulator.neuron.h.v_init = -75
    found = protocol.run(cell, {}, sim=simulator, isolate=False)
    return {name: found[name].response["voltage"].to_numpy() for name in places}


ACTIVE = ("somatic", "axonal", "apical")
# The same cell in BluePyOpt's files: name, value, lists of sections, distribution.
VALUES = [
    ("Ra", 100.0, ["all"], None),
    ("cm", 1.0, ["all"], None),
    ("cm", 2.0, ["alldend"], None),
    ("g_pas", 3e-5, ["all"], None),
    ("e_pas", -75.0, ["all"], "{value} - 5 * {distance} / 150"),
    ("gnabar_hh", 0.2, ["somaxon"], None),
    ("gkbar_hh", 0.05, ["somaxon"], None),
    ("gl_hh", 0.0, ACTIVE, None),
    ("gkbar_hh", 0.002, ["apical"], None),
    ("gnabar_hh", 0.03, ["apical"], "math.exp({distance} * -0.004) * {value}"),
    ("ena", 50.0, ACTIVE, None),
    ("ek", -85.0, ACTIVE, None),
]
FILES = {
    "parameters": [
        {"param_name": "celsius", "type": "global", "value": 6.3},
        {"param_name": "v_init", "type": "global", "value": -75},
        *(
            {"param_name": name, "sectionlist": one, "value": value}
            | ({"type": "range", "dist_type": "exp", "dist": by} if by else {"type": "section"})
            for name, value, sections, by in VALUES
            for one in sections
        ),
    ],
    "mechanisms": {"all": ["pas"], **{one: ["hh"] for one in ACTIVE}},
    "protocols": {
        "Step": {
            "stimuli": [{"delay": 20, "amp": AMPLITUDE, "duration": 30, "totduration": DURATION}],
            "extra_recordings": [
                {"var": "v", "name": "apical", "type": "somadistance", "somadistance": 300}
                | {"seclist_name": "apical"}
            ],
        }
    },
    "features": {"Step": {"soma": {"Spikecount": [1, 1]}}},
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A configuration's folder with both cells, and the path of each."""
    folder = tmp_path_factory.mktemp("catalogue")
    grown = folder / "grown.swc"
    grown.write_bytes(sound_cell().swc())
    entries = yaml.safe_load((CONFIG / "morphologies.yaml").read_text(encoding="utf-8"))
    entries["grown"] = {"file": grown.name, "sha256": data_sha256(grown.read_bytes(), "swc")}
    (folder / "morphologies.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    (outlined,) = Path(find_spec("bluepyopt").origin).parent.rglob(f"{CELL}.asc")
    return folder, {"grown": grown, CELL: outlined}


def by_hand(folder, morphology):
    (folder / "models" / "converted").mkdir(parents=True)
    (folder / "experiments").mkdir()
    (folder / "models" / "converted" / "model.py").write_text(MODEL, encoding="utf-8")
    experiment = folder / "experiments" / "cell.yaml"
    experiment.write_text(yaml.safe_dump(EXPERIMENT | {"morphology": morphology}), encoding="utf-8")
    return experiment, ""


def by_conversion(folder, morphology):
    source = folder.parent / "cell"
    source.mkdir()
    for name, content in FILES.items():
        (source / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert "experiments/cell.yaml: written" in convert(source, folder, morphology, Remarks())
    return folder / "experiments" / "cell.yaml", "step."


# An outlined soma differs in the eighth digit: Import3d writes its points as text into a hoc cell,
# which BluePyOpt's is, and as they are into one of Python.
@pytest.mark.parametrize(("morphology", "tolerance"), [("grown", 0.0), (CELL, 1e-6)])
@pytest.mark.parametrize("made", [by_hand, by_conversion])
def test_the_cell_is_the_one_that_bluepyopt_gives(tmp_path, catalogue, made, morphology, tolerance):
    listed, paths = catalogue
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        expected = executor.submit(by_bluepyopt, paths[morphology]).result()
    folder = tmp_path / "config"
    shutil.copytree(listed, folder)
    experiment, before = made(folder, morphology)
    found = dendroflow.simulate(experiment, results=tmp_path / "results")
    assert found.status == "ok", found.error
    for name, potential in expected.items():
        _, ours = found.trace(f"{before}{name}_v")
        assert potential.max() > (0 if name == "soma" else -60)
        np.testing.assert_allclose(ours[: len(potential)], potential, rtol=0, atol=tolerance)
