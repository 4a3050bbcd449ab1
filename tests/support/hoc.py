"""What NEURON does with a hoc file alone."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def simulated(template, folder, gnabar):
    """Highest potential (mV) of a cell of the template, with a step of 0.3 nA into its soma."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(_simulated, template, folder, gnabar).result()


def _simulated(template, folder, gnabar):
    from neuron import h

    path = folder / "cell.hoc"
    path.write_text(template, encoding="utf-8")
    h.load_file("stdrun.hoc")
    h.load_file(str(path))
    cell = h.Stellate(gnabar)
    clamp = h.IClamp(cell.soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 5, 20, 0.3
    v = h.Vector().record(cell.soma(0.5)._ref_v)
    h.celsius = 6.3
    h.finitialize(-65)
    h.continuerun(40)
    return v.max()
