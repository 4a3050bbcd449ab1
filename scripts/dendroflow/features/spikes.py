"""eFEL, called so that nothing is copied, formatted or looked up twice.

`efel.get_feature_values` copies each trace into new lists, and computes for each feature anew what
several of them need; here its core is called as it calls it, but each of its functions once (see
`core`). Tests compare the two for every feature.
"""

import logging
import math
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import efel
import numpy as np
from efel import cppcore, pyfeatures
from efel.api import get_py_feature
from efel.pyfeatures.cppfeature_access import get_cpp_feature
from numpy.typing import NDArray

from dendroflow.errors import in_words
from dendroflow.features.core import FIRST, Core
from dendroflow.features.recordings import Recording, TraceError
from dendroflow.settings.features import FeatureBlock

# What eFEL interpolates a trace of varying step to: NEURON's default step (ms).
DEFAULT_STEP = 0.025
# eFEL's derivative needs five samples; with fewer it reads beyond them.
LEAST_SAMPLES = 5
# The coarsest step (ms) that eFEL is given, as in EfelSettings.
COARSEST_STEP = 1.0
# Messages of features that do not exist pile up within eFEL until they are asked for.
TRACES_PER_FLUSH = 1024


_core = lru_cache(maxsize=16)(Core)


class Efel:
    """eFEL with the settings of a block, all of them set, whatever was set before."""

    def __init__(self, block: FeatureBlock) -> None:
        self._block = block
        # Those in Python ask for others, which the core takes to be asked for last.
        in_python = [name for name in block.efel if name in pyfeatures.all_pyfeatures]
        in_core = [name for name in block.efel if name not in in_python]
        self._core = _core(tuple(in_core), for_python=bool(in_python))
        self._features = [
            *((name, get_cpp_feature) for name in in_core),
            *((name, get_py_feature) for name in in_python),
        ]
        self._step: float | None = None
        # eFEL's own settings, which all of the process shares, are left alone.
        self._settings = efel.Settings()
        self._sent: list[tuple[Any, str, Any]] = []
        self._t: NDArray[np.float64] | None = None
        self._times: list[float] = []
        self._traces = 0
        for name, value in block.settings.model_dump(exclude_none=True).items():
            self._settings.set_setting(name, value)

    @classmethod
    @contextmanager
    def for_block(cls, block: FeatureBlock) -> Iterator["Efel"]:
        """Mute eFEL's warnings about features that do not exist."""
        logger = logging.getLogger("efel")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measure = cls(block)
                with measure._core.in_use():
                    yield measure
        finally:
            logger.setLevel(level)

    def __call__(self, recording: Recording) -> dict[str, NDArray[np.float64] | None]:
        """Return the values of each feature, None for one that does not exist.

        Raises
        ------
        TraceError
            If the trace is too short, or eFEL raises an exception.
        """
        t, values = recording.t, recording.values
        if recording.dt is None:
            # CVODE stores a time twice at an event. Where the first comes twice, eFEL leaves the
            # trace as it is, without a word, and measures it as if its steps were even.
            later = np.append(np.diff(t) > 0, True)
            t, values = t[later], values[later]
        # Most traces share their times.
        if t is not self._t:
            self._use_step(t, self._block.settings.interp_step or recording.dt or DEFAULT_STEP)
            self._t, self._times = t, t.tolist()
        self._hand_over(values.tolist())
        get_cpp_feature(FIRST)
        found: dict[str, NDArray[np.float64] | None] = {}
        for name, feature in self._features:
            try:
                values_found = feature(name)
            except Exception as error:  # whatever eFEL raises concerns this trace alone
                frames = traceback.extract_tb(error.__traceback__)
                at = next((f.name for f in reversed(frames) if f.name in self._block.efel), name)
                raise TraceError(f"eFEL's {at}: {in_words(error)}") from error
            found[name] = (
                None if values_found is None else np.asarray(values_found, dtype=np.float64)
            )
        return found

    def _use_step(self, t: NDArray[np.float64], step: float) -> None:
        if len(t) < 3 or round((t[-1] - t[0]) / step) + 1 < LEAST_SAMPLES:
            raise TraceError(
                f"{self._block.signal} lasts {t[-1] - t[0]:g} ms, which is fewer than "
                f"{LEAST_SAMPLES} samples at interp_step {step:g}"
            )
        if step > COARSEST_STEP:
            raise TraceError(
                f"{self._block.signal} has a sample every {step:g} ms, too few for eFEL: "
                "record more of them, or set interp_step"
            )
        if step != self._step:
            self._settings.set_setting("interp_step", step)
            self._step, self._sent = step, _as_core_takes_them(self._settings)

    def _hand_over(self, values: list[float]) -> None:
        """Give a trace to eFEL's core in place of the one before, whose features it forgets."""
        start, end = self._block.stimulus or (math.nan, math.nan)
        self._traces += 1
        if self._traces % TRACES_PER_FLUSH == 0:
            cppcore.getgError()
        cppcore.Clear()
        for send, name, value in self._sent:
            send(name, value)
        trace = {"T": self._times, "V": values, "stim_start": [start], "stim_end": [end]}
        for name, numbers in trace.items():
            cppcore.setFeatureDouble(name, numbers)


def _as_core_takes_them(settings: efel.Settings) -> list[tuple[Any, str, Any]]:
    """The settings with the function that hands each to eFEL's core, by type."""
    sent: list[tuple[Any, str, Any]] = []
    for name, value in vars(settings).items():
        if isinstance(value, bool | int):
            sent.append((cppcore.setFeatureInt, name, [int(value)]))
        elif isinstance(value, float):
            sent.append((cppcore.setFeatureDouble, name, [value]))
        elif isinstance(value, str):
            sent.append((cppcore.setFeatureString, name, value))
    return sent
