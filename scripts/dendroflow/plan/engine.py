"""Which engine advances the cells of an experiment, where `engine: auto` leaves it open.

CoreNEURON takes models of which all that they use was compared with NEURON and found equal. What
is not on these lists ends its process, or is wrong without a word. Whether it gains is decided by
the kind of the cell, never by a time that was measured or by the number of points.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dendroflow.files import files_of_model
from dendroflow.plan.models import ModelNames
from dendroflow.settings.experiment import Experiment

# Of `h`.
KNOWN_NAMES = frozenset(
    {
        *("Section", "SectionList", "IClamp", "SEClamp", "ExpSyn", "Exp2Syn"),
        *("distance", "lambda_f", "area", "ri", "PI", "delete_section", "define_shape"),
        *("pt3dadd", "pt3dclear", "pt3dstyle", "n3d", "x3d", "y3d", "z3d", "arc3d", "diam3d"),
    }
)
KNOWN_MODULES = frozenset({"collections", "itertools", "math", "numpy", "pathlib", "typing"})
# Methods and helpers that look at a cell from Python during the run, or after it.
WATCHING = frozenset(
    {"ExtracellularPotential", "play", "plane_of_voxels", "record_field", "record_value", "sample"}
)
# Of NMODL.
UNKNOWN_WORDS = (
    *("AFTER", "BBCOREPOINTER", "BEFORE", "CONSTRUCTOR", "DESTRUCTOR", "FUNCTION_TABLE", "GLOBAL"),
    *("KINETIC", "LINEAR", "LONGITUDINAL_DIFFUSION", "NONLINEAR", "POINTER", "RANDOM", "TABLE"),
    *("VERBATIM", "derivimplicit", "euler", "net_event", "net_send", "runge", "scop_random"),
    *("setdata", "WATCH"),
)


class Engine(NamedTuple):
    """What advances the cells, and why, in a few words; without them it was never in question."""

    name: str
    why: str = ""


def engine_of(settings: Experiment, model: ModelNames) -> Engine:
    """The engine of an experiment: a pure function of its settings and its model's folder.

    `auto` is CoreNEURON where a cell with mechanisms of its own has a morphology, and nothing of
    it is unknown; and NEURON otherwise.
    """
    if settings.engine != "auto":
        return Engine(settings.engine)
    swept = settings.swept
    if model.coreneuron is None or not (settings.morphology or "morphology" in swept):
        return Engine("neuron")
    against = _against_settings(settings, swept) or _against_model(model.folder, model.copy)
    if against:
        return Engine("neuron", against)
    return Engine("coreneuron", "it has mechanisms of its own along a morphology")


def _against_settings(settings: Experiment, swept: set[str]) -> str:
    """What CoreNEURON cannot do of what an experiment sets."""
    for own in [settings, *map(settings.under, settings.protocols)]:
        simulation = own.simulation
        if simulation.solver == "cvode" or "simulation.solver" in swept:
            return "it has no cvode"
        if simulation.sampling and (
            swept & {"simulation.dt", "simulation.sampling"}
            or not is_whole(simulation.sampling / simulation.dt)
        ):
            return "it records at its steps"
        for stimulus in own.stimuli.values():
            if stimulus.values["kind"] == "synapse" and stimulus.values["file"]:
                return "its events would come from a file"
        for one in own.record.values():
            if one.variable.startswith("i_membrane"):
                return "it has no membrane currents"
    return ""


def is_whole(steps: float) -> bool:
    """Whether so many steps lie between two samples of an engine that records at its steps."""
    return abs(steps - round(steps)) <= 1e-9


@cache
def _against_model(folder: Path, digest: str) -> str:
    """What of a model is not on the lists; "" if all is."""
    for name, path in files_of_model(folder).items():
        suffix = path.suffix.lower()
        if suffix in (".hoc", ".ses"):
            return f"{name} is hoc"
        text = path.read_text(encoding="utf-8", errors="replace")
        if suffix == ".py":
            found = next(_unknown_of_python(ast.parse(text)), "")
        elif suffix in (".mod", ".inc"):
            text = re.sub(r"(?s)\bCOMMENT\b.*?\bENDCOMMENT\b|[:?][^\n]*", " ", text)
            words = set(re.findall(r"[A-Za-z_]\w*", text))
            found = next((word for word in UNKNOWN_WORDS if word in words), "")
        else:
            continue
        if found:
            return f"{name} has {found}"
    return ""


def _unknown_of_python(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name not in KNOWN_MODULES)
            case ast.ImportFrom(module=module, names=names):
                if module == "neuron":
                    yield from (f"neuron.{one.name}" for one in names if one.name != "h")
                elif module not in ("dendroflow.model", *KNOWN_MODULES):
                    yield f"a module {module}"
                yield from (one.name for one in names if one.name in WATCHING)
                yield from (f"{one.name} by another name" for one in names if one.asname)
            case ast.Attribute(value=ast.Name(id="h"), attr=name) if name not in KNOWN_NAMES:
                yield f"h.{name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in WATCHING:
                yield name
            case ast.Call(func=ast.Name(id="h")):
                yield "hoc in a text"
            case ast.Call(args=[ast.Name(id="h"), *_]):
                yield "h as an argument"
            case ast.FunctionDef(name="build_rxd"):
                yield "build_rxd"
            case ast.Assign(targets=[ast.Name(id="process")]):
                yield "a process of its own"
