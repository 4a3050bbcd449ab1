"""What NEURON and BluePyOpt do with a hoc file, without dendroflow."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np


def _apart(function, *arguments):
    """Call it in a process of its own: NEURON keeps what it has loaded."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(function, *arguments).result()


def simulated(path, template, *arguments):
    """Potential (mV) of a cell of a template, with a step of 0.3 nA into the middle of its soma."""
    return _apart(_simulated, path, template, arguments)


def _simulated(path, template, arguments):
    from neuron import h

    h.load_file("stdrun.hoc")
    h.load_file(str(path))
    cell = getattr(h, template)(*arguments)
    soma = cell.soma[0] if arguments[1:] else cell.soma
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 5, 20, 0.3
    v = h.Vector().record(soma(0.5)._ref_v)
    h.celsius = 6.3
    h.finitialize(-65)
    h.continuerun(40)
    return np.array(v)


def at_top_level(path):
    """Potential (mV) of the `soma` that a file creates at the top level, with its own stimuli."""
    return _apart(_at_top_level, path)


def _at_top_level(path):
    from neuron import h

    h.load_file(1, str(path))
    v = h.Vector().record(h.soma(0.5)._ref_v)
    h.celsius = 6.3
    h.finitialize(-65)
    h.continuerun(40)
    return np.array(v)


def exported(morphology):
    """The template `Pyramid` as BluePyOpt's `create_hoc` writes it."""
    return _apart(_exported, morphology)


def _exported(morphology):
    from bluepyopt import ephys

    lists = {
        name: ephys.locations.NrnSeclistLocation(name, seclist_name=name)
        for name in ("all", "somatic", "axonal", "apical")
    }
    mechanisms = [
        ephys.mechanisms.NrnMODMechanism("pas", suffix="pas", locations=[lists["all"]]),
        ephys.mechanisms.NrnMODMechanism(
            "hh", suffix="hh", locations=[lists[name] for name in ("somatic", "axonal", "apical")]
        ),
    ]
    along = ephys.parameterscalers.NrnSegmentSomaDistanceScaler(
        distribution="math.exp({distance} * -0.004) * {value}"
    )
    parameters = [
        ephys.parameters.NrnSectionParameter(
            f"{name}_{place}", param_name=name, value=value, frozen=True, locations=[lists[place]]
        )
        for name, place, value in (
            ("Ra", "all", 100.0),
            ("g_pas", "all", 3e-5),
            ("e_pas", "all", -65.0),
            ("gnabar_hh", "somatic", 0.2),
        )
    ]
    parameters.append(
        ephys.parameters.NrnRangeParameter(
            "gnabar_apical",
            param_name="gnabar_hh",
            value=0.03,
            frozen=True,
            value_scaler=along,
            locations=[lists["apical"]],
        )
    )
    return ephys.models.CellModel(
        "Pyramid",
        morph=ephys.morphologies.NrnFileMorphology(str(morphology), do_replace_axon=True),
        mechs=mechanisms,
        params=parameters,
    ).create_hoc({})
