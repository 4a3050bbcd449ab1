"""From a cell that BluePyOpt optimises to a model and an experiment.

What a key of its files means is written in the Python beside them. What that Python decides is said
as a remark, and a key that has no counterpart here is named.
"""

import ast
import keyword
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dendroflow.commands.bluepyopt import SOURCES, Files, Remarks, is_number, read
from dendroflow.errors import ConfigurationError, printable
from dendroflow.features.names import EFEL_UNITS
from dendroflow.files import replacing
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import NEED_STIMULUS_CURRENT, UNUSABLE
from dendroflow.settings.problems import first_problem

# BluePyOpt's and BluePyEModel's lists of sections, as a model has them.
SECTIONS = {
    "all": "self.all",
    "somatic": "self.soma",
    "basal": "self.dend",
    "apical": "self.apic",
    "axonal": "self.axon",
    "alldend": "[*self.dend, *self.apic]",
    "somadend": "[*self.soma, *self.dend, *self.apic]",
    "allnoaxon": "[*self.soma, *self.dend, *self.apic]",
    "somaxon": "[*self.soma, *self.axon]",
    "allact": "[*self.soma, *self.dend, *self.apic, *self.axon]",
}
SETTINGS = {"v_init", "celsius"}
PARAMETER_KEYS = {
    *("param_name", "mech", "mech_param", "sectionlist", "type", "dist_type", "dist"),
    *("value", "bounds", *SOURCES),
}
STEP_KEYS = {"delay", "amp", "duration", "totduration"}
# Amplitudes of a step that BluePyEModel takes once it knows a threshold.
RELATIVE_KEYS = ("thresh_perc", "holding_current")
PLACE_KEYS = {"var", "name", "type", "somadistance", "seclist_name", *SOURCES}
FEATURE_KEYS = {"feature", "val", "strict_stim", "threshold", *SOURCES}
# The fixed step, and what eFEL interpolates to unless it is told otherwise (ms).
DT, STEP = 0.025, 0.1
# What a spike crosses in dendrites, where BluePyOpt's example is told so (mV).
DENDRITIC = -55.0
# Functions that a distribution may call.
FUNCTIONS = ("exp", "log", "sqrt", "pow")
# What no file says, and BluePyOpt's example of a layer 5 cell decides in its Python.
ASSUMED = (
    "the axon is replaced by two cylinders of 30 µm, and a section has a segment for each 40 µm, "
    "as in BluePyOpt's example",
    f"the step is fixed, {DT} ms; BluePyOpt's default is a variable one: simulation.solver",
    "stimuli and soma_v are at the middle of the soma, as in BluePyOpt's example",
    f"features are of potentials at steps of {STEP} ms, and spikes cross -20 mV, where nothing "
    "else is said: eFEL's defaults, as in BluePyOpt's example",
    "spikes outside of the stimulus count, but where features are a list: there strict_stim is "
    "true unless it says false, as in BluePyOpt's example of a thalamic cell",
)

MODEL = '''\
"""{title}, converted from BluePyOpt: compare it with the original before you trust it."""

{imports}


class {name}(Model):
    """{title}."""

    class Parameters(Model.Parameters):
{parameters}

    places = {places}
    needs_morphology = True

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.nseg = 1 + 2 * int(section.L / 40)
        replace_axon(self)
        soma = middle(self.soma)
{build}
'''


def convert(
    folder: Path, config: Path, morphology: str, remarks: Remarks, output: Path | None = None
) -> str:
    """Write a model and an experiment from a folder of BluePyOpt's files; return what to do next.

    Parameters
    ----------
    config
        the folder of a configuration, into which they are written.
    morphology
        an entry of its catalogue.
    remarks
        receives what a person has to look at; the experiment's file begins with them.
    output
        the experiment's file, whose name the model gets; by default of the folder's name, in
        `config`.

    Raises
    ------
    ConfigurationError
        If a file cannot be read or something of that name is there already.
    """
    name = _named(output.stem if output else folder.resolve().name).strip("_")
    if not re.match(r"[a-z]", name):
        name = f"cell_{name}"
    paths = {
        output or config / "experiments" / f"{name}.yaml": "experiment",
        config / "models" / name / "model.py": "model",
    }
    for path in paths:
        if path.exists():
            raise ConfigurationError(f"{path}: is there already; remove it, or name an --output")
    files = read(folder, remarks)
    remarks += ASSUMED
    model, settings, fitted = _model(name, files, remarks)
    judged = _protocols(files, remarks)
    if not judged["protocols"]:
        raise ConfigurationError(
            f"{folder / 'protocols.json'}: none of its protocols can be converted, as the lines "
            "above say"
        )
    experiment = {
        "title": f"{folder.name}, as BluePyOpt has it",
        "model": name,
        "morphology": morphology,
        "simulation": {"dt": DT, **settings},
        **judged,
    }
    if fitted:
        experiment["optimise"] = {"parameters": fitted, "offspring": 10, "generations": 10}
        remarks.append(
            "optimise: 10 individuals and 10 generations are placeholders; BluePyOpt's are written "
            "in its scripts"
        )
    try:
        Experiment.model_validate(experiment)
    except ValidationError as error:
        raise ConfigurationError(
            f"{folder}: cannot be converted: {first_problem(error, experiment)}"
        ) from error
    head = "".join(f"# - {printable(remark)}\n" for remark in remarks)
    text = f"# Converted from BluePyOpt. To be looked at:\n{head}"
    text += yaml.safe_dump(experiment, sort_keys=False, allow_unicode=True, width=100)
    for path, content in zip(paths, (text, model), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    compiled = sorted({one for of in files.mechanisms.values() for one in of} - {"pas", "hh"})
    after = [f"{path}: written" for path in paths]
    if compiled:
        after.append(
            f"copy the .mod files of {', '.join(compiled)} into {config / 'models' / name}"
        )
    return "\n".join([*after, f"{morphology} must be an entry of {config / 'morphologies.yaml'}"])


def _model(name: str, files: Files, remarks: Remarks) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The text of the model, settings of the simulation, and ranges of what is fitted."""
    declared: dict[str, str] = {}
    settings: dict[str, Any] = {}
    fitted: dict[str, Any] = {}
    build = _inserted(files, remarks)
    for one in files.parameters:
        of, sections = one["param_name"], one.get("sectionlist", "")
        where = f"parameters.json: {of}{sections and f' of {sections}'}"
        remarks.unknown(one, PARAMETER_KEYS, where)
        if one.get("type") == "global":
            if of in SETTINGS and "value" in one:
                settings[of] = one["value"]
            else:
                remarks.append(f"{where}: is global: set it in the experiment, or h.{of} on import")
            continue
        if sections not in SECTIONS:
            remarks.append(f"{where}: there is no such list of sections in a cell; left out")
            continue
        column = f"{of}_{sections}"
        try:
            if column in declared:
                raise ValueError("has another value before this one")
            value = _value(one, column)
        except ValueError as error:
            remarks.append(f"{where}: {error}; left out")
            continue
        bounds = [float(bound) for bound in one.get("bounds", ())]
        default = "..." if bounds else repr(float(one["value"]))
        limits = f", ge={bounds[0]!r}, le={bounds[1]!r}" if bounds else ""
        declared[column] = f'quantity({default}, "{_unit(of)}", "{of} of {sections}"{limits})'
        origin = "" if value == f"p.{column}" else "origin=soma, "
        build.append(f"assign({SECTIONS[sections]}, {origin}{of}={value})")
        if bounds:
            fitted[f"parameters.{column}"] = {"range": bounds}
    places = {"soma": "middle of the soma"}
    build.append('self.place("soma", soma)')
    for place, (distance, sections) in _extra_places(files.protocols, remarks).items():
        places[place] = f"{distance:g} µm from the soma"
        build.append(f'self.place("{place}", place_at(soma, {sections}, {distance!r}))')
    text = MODEL.format(
        title=f"The cell {name}",
        imports=_imports("\n".join(build)),
        name="".join(part.title() for part in name.split("_")),
        parameters="\n".join(f"        {key}: float = {of}" for key, of in declared.items())
        or "        pass",
        places=repr(places),
        build="\n".join(f"        {line}" for line in build),
    )
    return text, settings, fitted


def _inserted(files: Files, remarks: Remarks) -> list[str]:
    """The lines of `build` that insert mechanisms."""
    build = []
    for sections, of in files.mechanisms.items():
        if sections not in SECTIONS:
            remarks.append(
                f"mechanisms.json: {sections}: there is no such list of sections in a cell; "
                "left out"
            )
            continue
        for one in of:
            if one.isidentifier():
                build.append(f'insert({SECTIONS[sections]}, "{one}")')
            else:
                remarks.append(f"mechanisms.json: {sections}: {one} is no name; left out")
    return build


def _imports(build: str) -> str:
    used = [name for name in ("assign", "insert", "place_at") if f"{name}(" in build]
    names = ", ".join(["Model", *sorted([*used, "middle", "quantity", "replace_axon"])])
    return ("import math\n\n" if "math." in build else "") + f"from dendroflow.model import {names}"


def _value(one: Mapping[str, Any], column: str) -> str:
    """The expression of a value in `build`; a function where it depends on the distance."""
    kind, along = one.get("type", "section"), one.get("dist_type", "uniform")
    if not one["param_name"].isidentifier() or keyword.iskeyword(one["param_name"]):
        raise ValueError("is no name of a variable")
    if ("value" in one) == ("bounds" in one):
        raise ValueError("has no value and no bounds, or both")
    if kind not in {"section", "range"}:
        raise ValueError(f"its type {kind} has no counterpart")
    if along == "uniform":
        return f"p.{column}"
    if kind != "range":
        raise ValueError(f"its distribution {along} is for the type range, and it is a {kind}")
    return f"lambda distance: {_distribution(str(one.get('dist', '')), column)}"


def _distribution(text: str, column: str) -> str:
    """A distribution of BluePyOpt, such as `{distance} * {value}`, as Python.

    Raises
    ------
    ValueError
        If it is more than arithmetic of the two and functions of `math`.
    """
    filled = text.replace("{distance}", "distance").replace("{value}", "value")
    try:
        tree = ast.parse(filled, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"the distribution {text!r} is no expression") from error
    names = {"distance": "distance", "value": f"p.{column}"}
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant)
    for node in ast.walk(tree):
        known = isinstance(node, (*allowed, ast.Load, ast.Call))
        if isinstance(node, ast.Name):
            known = node.id in names or node.id == "math"
        elif isinstance(node, ast.Attribute):
            known = ast.unparse(node) in {f"math.{name}" for name in FUNCTIONS}
        if not known:
            raise ValueError(f"the distribution {text!r} has {ast.unparse(node)!r}")
    return re.sub(r"\bvalue\b", names["value"], ast.unparse(tree))


def _unit(name: str) -> str:
    units = {"cm": "µF/cm²", "Ra": "Ω·cm", "ena": "mV", "ek": "mV", "eca": "mV", "e_pas": "mV"}
    return units.get(name, "S/cm²" if name.startswith("g") and "gamma" not in name else "")


def _extra_places(protocols: Mapping[str, Any], remarks: Remarks) -> dict[str, tuple[float, str]]:
    """Place -> its distance from the soma (µm) and the list of sections."""
    found: dict[str, tuple[float, str]] = {}
    for protocol, said in protocols.items():
        for one in said["extra_recordings"]:
            name = str(one.get("name", ""))
            where = f"protocols.json: {protocol}: extra_recordings: {name}"
            remarks.unknown(one, PLACE_KEYS, where)
            sections, distance = SECTIONS.get(one.get("seclist_name", "")), one.get("somadistance")
            known = one.get("type") == "somadistance" and one.get("var") == "v"
            if not known or sections is None or distance is None:
                remarks.append(f"{where}: only v at a distance from the soma is known; left out")
                continue
            place = float(distance), sections
            if found.setdefault(_named(name), place) != place or _named(name) == "soma":
                remarks.append(f"{where}: is another place of this name; left out")
    return {name: place for name, place in found.items() if name != "soma"}


def _named(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())


def _protocols(files: Files, remarks: Remarks) -> dict[str, Any]:
    """Keys of the experiment: what is recorded, protocols with features, targets."""
    found: dict[str, Any] = {}
    places = _extra_places(files.protocols, Remarks())
    record = {"soma_v": {"at": "soma"}} | {f"{place}_v": {"at": place} for place in sorted(places)}
    targets: dict[str, Any] = {}
    for protocol, said in files.protocols.items():
        where, name = f"protocols.json: {protocol}", _named(protocol)
        remarks.unknown(said, {"stimuli", "extra_recordings", *SOURCES}, where)
        if name in found:
            remarks.append(f"{where}: another protocol is {name} here; left out")
            continue
        own = _stimulated(protocol, said["stimuli"], remarks)
        if own is None:
            continue
        steps = [step["amplitude"] for key, step in own["stimuli"].items() if key != "holding"]
        judged = files.features.get(protocol, {})
        blocks, wanted = _measured(protocol, judged, places, sum(steps[:1]), remarks)
        if not blocks:
            remarks.append(f"{where}: nothing is measured under it; left out")
            continue
        found[name] = own | {"features": blocks}
        targets |= {f"{name}.{column}": target for column, target in wanted.items()}
    for name in files.features:
        if name not in files.protocols:
            remarks.append(f"features.json: {name} is no protocol; left out")
    return {"record": record, "protocols": found, "targets": targets}


def _stimulated(
    protocol: str, stimuli: list[dict[str, Any]], remarks: Remarks
) -> dict[str, Any] | None:
    """Duration, stimuli and window of a protocol; None if it cannot be converted."""
    steps: dict[str, Any] = {}
    windows: dict[int, list[float]] = {}
    total = 0.0
    where = f"protocols.json: {protocol}"
    if not stimuli:
        remarks.append(f"{where}: has no stimuli; left out")
        return None
    for position, one in enumerate(stimuli):
        here = f"{where}: stimulus {position}"
        relative = " and ".join(f"{key} {one[key]}" for key in RELATIVE_KEYS if key in one)
        if missing := ", ".join(sorted(STEP_KEYS - one.keys())):
            why = f"is relative to a threshold ({relative}): write a search" if relative else ""
            remarks.append(
                f"{here}: {why or f'is no step of current: {missing} is missing'}; "
                "protocol left out"
            )
            return None
        if relative:
            remarks.append(
                f"{here}: has amp {one['amp']} nA, which is taken, and {relative}, which "
                "BluePyEModel takes once it knows a threshold: write what is meant"
            )
        remarks.unknown(one, {*STEP_KEYS, *RELATIVE_KEYS, *SOURCES}, here)
        delay, lasting = float(one["delay"]), float(one["duration"])
        total = max(total, float(one["totduration"]))
        holds = delay == 0 and lasting >= one["totduration"] and "holding" not in steps
        steps["holding" if holds else f"step{position + 1}"] = {
            "kind": "step",
            "at": "soma",
            "amplitude": float(one["amp"]),
            "delay": delay,
            "duration": lasting,
        }
        if not holds:
            windows[position] = [delay, delay + lasting]
    first = min(windows, default=None)
    window = [0.0, total] if first is None else windows[first]
    if first is None:
        remarks.append(f"{where}: has no stimulus besides holding; its window is all of it")
    elif first > 0 or len(windows) > 1:
        remarks.append(f"{where}: has several stimuli; its window is that of stimulus {first}")
    if "bap" in protocol.lower():
        window[1] = total
        remarks.append(
            f"{where}: its window lasts to its end, which BluePyOpt guesses from bAP in its name"
        )
    return {"duration": total, "window": window, "stimuli": steps}


def _measured(
    protocol: str,
    said: Mapping[str, list[dict[str, Any]]],
    places: Collection[str],
    amplitude: float,
    remarks: Remarks,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Blocks of features and targets of a protocol, whose step has an amplitude (nA)."""
    blocks: dict[tuple[str, str], dict[str, Any]] = {}
    targets: dict[str, Any] = {}
    for location, features in said.items():
        place = _named(location.removesuffix(".v"))
        where = f"features.json: {protocol}: {location}"
        if place not in {"soma", *places}:
            remarks.append(f"{where}: nothing is recorded there; left out")
            continue
        if place != "soma" and any("threshold" not in one for one in features):
            remarks.append(f"{where}: a spike crosses {DENDRITIC:g} mV, as in BluePyOpt's example")
        before = "" if place == "soma" else f"{place}_"
        for one in features:
            name, target = one["feature"], _target(one.get("val"))
            remarks.unknown(one, FEATURE_KEYS, f"{where}: {name}")
            settings: dict[str, Any] = {"interp_step": STEP}
            if "threshold" in one or place != "soma":
                settings["Threshold"] = float(one.get("threshold", DENDRITIC))
            if one.get("strict_stim"):
                settings["strict_stiminterval"] = True
            why = None
            if name not in EFEL_UNITS or name in UNUSABLE:
                why = UNUSABLE.get(name, "is no feature of eFEL")
            elif target is None:
                why = "is no mean and SD above 0"
            elif f"{before}{name}" in targets:
                why = "has another target before this one"
            elif name in NEED_STIMULUS_CURRENT:
                settings["stimulus_current"] = amplitude
                why = None if amplitude else "needs a step of current"
            if why or target is None:
                remarks.append(f"{where}: {name}: {why}; left out")
                continue
            block = {"signal": f"{place}_v", "efel": [], "settings": settings}
            if before:
                block["prefix"] = place
            blocks.setdefault((place, repr(settings)), block)["efel"].append(name)
            targets[f"{before}{name}"] = {"mean": target[0], "sd": target[1]}
    return list(blocks.values()), targets


def _target(said: Any) -> tuple[float, float] | None:
    """Mean and SD, if it begins with them; BluePyEModel's go on with how they were found."""
    if not isinstance(said, list) or len(said) < 2:
        return None
    numbers = [float(n) for n in said[:2] if is_number(n)]
    return (numbers[0], numbers[1]) if len(numbers) == 2 and numbers[1] > 0 else None
