"""NEURON's globals, which all cells of a process share: put back before a build, compared after."""

from functools import cache
from typing import Any

from dendroflow.errors import ModelError
from dendroflow.kernel.points import SolverSettings

SECOND_ORDER = {"backward_euler": 0, "crank_nicolson": 2, "cvode": 0}
# Pointers of every process, before those of mechanisms.
_CLOCK = ("t", "dt", "celsius")
# What an experiment sets: as a model would write it, and the key of the experiment.
_SETTINGS = {"celsius": "celsius", "dt": "dt", "secondorder": "solver"}
_SETTINGS |= {"CVode().active": "solver", "CVode().atol": "atol", "CVode().rtol": "rtol"}


class NotSharedError(Exception):
    """Cells that cannot share a process; its text says what they share and must not."""


class SettingChangedError(ModelError):
    """A model that sets what belongs to the experiment.

    Attributes
    ----------
    setting
        as a model writes it, such as `dt`.
    """

    def __init__(self, setting: str, where: str = "") -> None:
        super().__init__(
            f"{where}the model sets h.{setting}, which belongs to the experiment; "
            f"remove that, and set simulation.{_SETTINGS[setting]} in the experiment"
        )
        self.setting = setting


def settings_of_neuron() -> dict[str, float]:
    """What an experiment sets, as it is now; names as a model writes them."""
    from neuron import h

    cvode = h.CVode()
    return {
        "celsius": h.celsius,
        "dt": h.dt,
        "secondorder": h.secondorder,
        "CVode().active": cvode.active(),
        "CVode().atol": cvode.atol(),
        "CVode().rtol": cvode.rtol(),
    }


class Globals:
    """All globals of this process: NEURON's clock and settings, and those of mechanisms.

    Of a mechanism they are every GLOBAL, every PARAMETER that is not RANGE, the switch of its
    tables and the defaults of an ion. As they are when this is made they are put back.
    """

    def __init__(self) -> None:
        from neuron import h

        self._h, self._cvode, self._random = h, h.CVode(), h.Random()
        found = [*((name, 1) for name in _CLOCK), *_of_mechanisms()]
        self._names = [name for name, size in found for _ in range(size)]
        self._pointers = h.PtrVector(len(self._names))
        place = 0
        for name, size in found:
            reference = getattr(h, f"_ref_{name}")
            for k in range(size):
                self._pointers.pset(place, reference if size == 1 else reference[k])
                place += 1
        self._initial, self._now = h.Vector(place), h.Vector(place)
        self._pointers.gather(self._initial)
        self._initial[0] = 0.0
        self._common: Any = None
        self._common_index = 0.0

    def begin(self, settings: SolverSettings) -> None:
        """Put all of them back, and the settings to those of a group of points."""
        cvode, self._h.secondorder = self._cvode, SECOND_ORDER[settings.solver]
        cvode.active(settings.variable_step)
        cvode.atol(settings.atol)
        cvode.rtol(settings.rtol)
        cvode.use_fast_imem(False)
        self._initial[1], self._initial[2] = settings.dt, settings.celsius
        self._put_back()
        self._settings, self._common = settings_of_neuron(), None
        self._order = (self._h.secondorder, cvode.active())

    def _put_back(self) -> None:
        self._pointers.scatter(self._initial)
        self._random.Random123_globalindex(0)

    def compare(self, *, alone: bool, failed: bool) -> None:
        """See what a build has set, and put it back for the next.

        Parameters
        ----------
        alone
            whether the process is that of this cell.
        failed
            whether the build did not come to its end.

        Raises
        ------
        SettingChangedError
            If it has set one of the experiment's settings.
        NotSharedError
            If it has set a global otherwise than the cells before it, or has simulated.
        """
        now, index, cvode = self._now, self._random.Random123_globalindex(), self._cvode
        self._pointers.gather(now)
        changed = index or not now.eq(self._initial)
        if changed or self._order != (self._h.secondorder, cvode.active()):
            self._refuse_settings()
        if not (alone or failed):
            if now[0] != 0:
                raise NotSharedError("the model simulates in build, and with it all other cells")
            if self._common is None:
                self._common, self._common_index = now.c(), index
            elif index != self._common_index:
                raise NotSharedError("the model sets Random123_globalindex, to another for a point")
            elif not now.eq(self._common):
                pairs = zip(self._names, now, self._common, strict=True)
                name = next(name for name, value, common in pairs if value != common)
                raise NotSharedError(
                    f"the model sets h.{name}, to another value for a point; as RANGE in its .mod "
                    "file it would be fast"
                )
        if changed and not alone:
            self._put_back()

    def begin_run(self) -> None:
        """Set what all cells have set alike."""
        if self._common is not None:
            self._pointers.scatter(self._common)
            self._random.Random123_globalindex(self._common_index)

    def end_run(self) -> list[tuple[str, float]]:
        """Names and values of those of mechanisms, as they are now.

        Raises
        ------
        SettingChangedError
            If it has changed a setting.
        """
        self._refuse_settings()
        self._pointers.gather(self._now)
        return list(zip(self._names, self._now, strict=True))[len(_CLOCK) :]

    def _refuse_settings(self) -> None:
        now = settings_of_neuron()
        # CVODE moves its step.
        kept = {"dt": now["dt"]} if now["CVode().active"] else {}
        for name, value in (self._settings | kept).items():
            if now[name] != value:
                raise SettingChangedError(name)


@cache
def known_globals() -> Globals:
    """The globals of this process, which are put back to what they are at the first call."""
    return Globals()


def _of_mechanisms() -> list[tuple[str, int]]:
    """Name and size of the globals of every mechanism."""
    from neuron import h

    found, name = {}, h.ref("")
    for kind in (0, 1):
        mechanisms = h.MechanismType(kind)
        for i in range(int(mechanisms.count())):
            mechanisms.select(i)
            mechanisms.selected(name)
            standard = h.MechanismStandard(name[0], -1)
            for k in range(int(standard.count())):
                size = int(standard.name(name, k))
                found[name[0]] = size
    return list(found.items())
