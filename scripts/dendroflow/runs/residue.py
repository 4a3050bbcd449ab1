"""What a point leaves in its process, beyond the sections that the engine deletes."""

import gc
import logging
import resource
import sys

logger = logging.getLogger(__name__)

# A process that has grown by this much is not used again.
GROWTH_MB = 256
# After this many models a new process costs less than what rxd has piled up.
MODELS_AT_MOST = 20

_models = 0


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_PEAK_MB_AT_START = _peak_mb()


def is_worn() -> bool:
    """Whether this process should not run another model whose points run alone.

    If rxd is not clean, if the process has grown, or after a number of models: rxd looks through
    the regions of all that came before.
    """
    global _models  # noqa: PLW0603
    _models += 1
    return (
        _models >= MODELS_AT_MOST
        or not rxd_is_clean()
        or _peak_mb() > _PEAK_MB_AT_START + GROWTH_MB
    )


def rxd_is_clean() -> bool:
    """Whether rxd holds no species, reaction, state or dimension of an earlier model.

    Measured: then the next model gets the same bits as in a fresh process. Regions without species
    remain, and are harmless. Where rxd's insides are not as expected the answer is False.
    """
    if "neuron.rxd.rxd" not in sys.modules:
        return True
    gc.collect()
    try:
        rxd, species = sys.modules["neuron.rxd.rxd"], sys.modules["neuron.rxd.species"]
        references = [*species._all_species, *rxd._all_reactions]
        fields = [
            *species._extracellular_diffusion_objects,
            *species._intracellular_diffusion_objects,
        ]
        states = len(sys.modules["neuron.rxd.node"]._states)
        # `rxd.set_solve_type(dimension=3)` holds for all sections that are to come.
        three_dimensional = rxd._dimensions_default != 1
    except (AttributeError, KeyError) as error:
        logger.warning("rxd has changed inside (%s); every point gets a process of its own", error)
        return False
    kept = any(reference() is not None for reference in references)
    return not (states or fields or three_dimensional or kept)
