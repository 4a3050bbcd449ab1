"""From a cell that BluePyOpt optimises to a model and an experiment.

BluePyOpt's examples describe a cell by `parameters.json`, `mechanisms.json`, `protocols.json` and
`features.json`; what each key means is written in the Python beside them. What that Python decides
is said as a remark, and a key that has no counterpart here is named.
"""

import ast
import json
import keyword
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dendroflow.errors import ConfigurationError, in_words
from dendroflow.features.names import EFEL_UNITS
from dendroflow.files import replacing
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import UNUSABLE
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
SETTINGS = {"v_init": "v_init", "celsius": "celsius"}
PARAMETER_KEYS = {
    *("param_name", "mech", "mech_param", "sectionlist", "type", "dist_type", "dist"),
    *("value", "bounds"),
}
STEP_KEYS = {"delay", "amp", "duration", "totduration"}
PLACE_KEYS = {"var", "name", "type", "somadistance", "seclist_name"}
# What eFEL interpolates to unless it is told otherwise, as in BluePyOpt (ms).
STEP = 0.1
# What a spike crosses in dendrites, where BluePyOpt's example is told so (mV).
DENDRITIC = -55.0
# Functions that a distribution may call.
FUNCTIONS = ("exp", "log", "sqrt", "pow")

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


class Remarks(list[str]):
    """What a person has to look at, one line each."""

    def unknown(self, keys: Collection[str], known: Collection[str], where: str) -> None:
        """Name the keys that have no counterpart."""
        self += [f"{where}: {key} has no counterpart; left out" for key in keys if key not in known]


def convert(folder: Path, config: Path, morphology: str) -> str:
    """Write a model and an experiment from a folder of BluePyOpt's files; return what to do next.

    Parameters
    ----------
    config
        the folder of a configuration, into which they are written.
    morphology
        an entry of its catalogue.

    Raises
    ------
    ConfigurationError
        If a file cannot be read or something of that name is there already.
    """
    name = re.sub(r"[^a-z0-9_]+", "_", folder.resolve().name.lower()).strip("_")
    if not re.match(r"[a-z]", name):
        name = f"cell_{name}"
    paths = {
        config / "experiments" / f"{name}.yaml": "experiment",
        config / "models" / name / "model.py": "model",
    }
    for path in paths:
        if path.exists():
            raise ConfigurationError(f"{path}: is there already; remove it, or rename {folder}")
    remarks = Remarks()
    parameters = _read(folder, "parameters.json", list)
    mechanisms = _read(folder, "mechanisms.json", dict, needed=False)
    protocols = _read(folder, "protocols.json", dict)
    features = _read(folder, "features.json", dict)
    try:
        model, settings, fitted = _model(name, parameters, mechanisms, protocols, remarks)
        judged = _protocols(protocols, features, remarks)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{folder}: is not what BluePyOpt writes: {in_words(error)}"
        ) from error
    experiment = {
        "title": f"{folder.name}, as BluePyOpt has it",
        "model": name,
        "morphology": morphology,
        "simulation": {"dt": 0.025, **settings},
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
    head = "".join(f"# - {remark}\n" for remark in remarks)
    text = f"# Converted from BluePyOpt. To be looked at:\n{head}" if head else ""
    text += yaml.safe_dump(experiment, sort_keys=False, allow_unicode=True, width=100)
    for path, content in zip(paths, (text, model), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    compiled = sorted({one for of in mechanisms.values() for one in of} - {"pas", "hh"})
    after = [f"{path}: written" for path in paths]
    if compiled:
        after.append(
            f"copy the .mod files of {', '.join(compiled)} into {config / 'models' / name}"
        )
    after.append(f"{morphology} must be an entry of {config / 'morphologies.yaml'}")
    return "\n".join([*after, *(f"look at: {remark}" for remark in remarks)])


def _read(folder: Path, name: str, kind: type, *, needed: bool = True) -> Any:
    path = folder / name
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not needed:
            return kind()
        raise ConfigurationError(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: is not JSON: {error}") from error
    if not isinstance(found, kind):
        raise ConfigurationError(f"{path}: holds no {kind.__name__}")
    return found


def _model(
    name: str, parameters: Any, mechanisms: Any, protocols: Any, remarks: Remarks
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The text of the model, settings of the simulation, and ranges of what is fitted."""
    declared, build, settings, fitted = [], [], {}, {}
    for sections, of in mechanisms.items():
        if sections not in SECTIONS:
            remarks.append(f"mechanisms.json: {sections} is no list of sections; left out")
            continue
        build += [f'insert({SECTIONS[sections]}, "{one}")' for one in of]
    for position, one in enumerate(parameters):
        where = f"parameters.json: {one.get('param_name', position)}"
        remarks.unknown(one, PARAMETER_KEYS, where)
        of, sections = one.get("param_name", ""), one.get("sectionlist", "")
        if one.get("type") == "global":
            if of in SETTINGS and "value" in one:
                settings[SETTINGS[of]] = one["value"]
            else:
                remarks.append(f"{where}: is global: set it in the experiment, or h.{of} on import")
            continue
        column = re.sub(r"\W", "_", f"{of}_{sections}")
        if sections not in SECTIONS or not of.isidentifier() or keyword.iskeyword(of):
            remarks.append(f"{where}: {sections or 'nothing'} is no list of sections; left out")
            continue
        try:
            value = _value(one, column)
        except ValueError as error:
            remarks.append(f"{where}: {error}; left out")
            continue
        bounds = one.get("bounds")
        default = "..." if bounds else repr(float(one["value"]))
        limits = f", ge={float(bounds[0])!r}, le={float(bounds[1])!r}" if bounds else ""
        unit = _unit(of)
        declared.append(
            f'        {column}: float = quantity({default}, "{unit}", "{of} of {sections}"{limits})'
        )
        origin = "" if value == f"p.{column}" else "origin=soma, "
        build.append(f"assign({SECTIONS[sections]}, {origin}{of}={value})")
        if bounds:
            fitted[f"parameters.{column}"] = {"range": [float(bound) for bound in bounds]}
    places = {"soma": "middle of the soma"}
    build.append('self.place("soma", soma)')
    for place, distance, sections in _extra_places(protocols, remarks):
        if place not in places:
            places[place] = f"{distance:g} µm from the soma"
            build.append(f'self.place("{place}", place_at(soma, {sections}, {distance!r}))')
    text = MODEL.format(
        title=f"The cell {name}",
        imports=_imports("\n".join(build)),
        name="".join(part.title() for part in name.split("_")),
        parameters="\n".join(declared) or "        pass",
        places=repr(places),
        build="\n".join(f"        {line}" for line in build),
    )
    return text, settings, fitted


def _imports(build: str) -> str:
    used = [name for name in ("assign", "insert", "place_at") if f"{name}(" in build]
    names = ", ".join(["Model", *used, "middle", "quantity", "replace_axon"])
    return ("import math\n\n" if "math." in build else "") + f"from dendroflow.model import {names}"


def _value(one: Mapping[str, Any], column: str) -> str:
    """The expression of a value in `build`; a function where it depends on the distance."""
    if ("value" in one) == ("bounds" in one):
        raise ValueError("has no value and no bounds, or both")
    if one.get("type") != "range" or one.get("dist_type", "uniform") == "uniform":
        return f"p.{column}"
    text = str(one.get("dist", ""))
    return f"lambda distance: {_distribution(text, column)}"


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


def _extra_places(protocols: Any, remarks: Remarks) -> Iterator[tuple[str, float, str]]:
    for protocol, said in protocols.items():
        for one in said.get("extra_recordings", []):
            where = f"protocols.json: {protocol}: extra_recordings: {one.get('name')}"
            remarks.unknown(one, PLACE_KEYS, where)
            sections = SECTIONS.get(one.get("seclist_name", ""))
            if one.get("type") != "somadistance" or sections is None or one.get("var") != "v":
                remarks.append(f"{where}: only v at a distance from the soma is known; left out")
                continue
            yield _named(one["name"]), float(one["somadistance"]), sections


def _named(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())


def _protocols(protocols: Any, features: Any, remarks: Remarks) -> dict[str, Any]:
    """Keys of the experiment: what is recorded, protocols with features, targets."""
    found: dict[str, Any] = {}
    places = {place for place, _, _ in _extra_places(protocols, Remarks())}
    record = {"soma_v": {"at": "soma"}} | {f"{place}_v": {"at": place} for place in sorted(places)}
    targets: dict[str, Any] = {}
    remarks.append(
        "stimuli and soma_v are at the middle of the soma, where BluePyOpt's example has them"
    )
    for protocol, said in protocols.items():
        where = f"protocols.json: {protocol}"
        if not isinstance(said, dict) or not isinstance(said.get("stimuli"), list):
            remarks.append(f"{where}: has no list of stimuli; left out")
            continue
        remarks.unknown(said, {"stimuli", "extra_recordings"}, where)
        own = _stimulated(where, said["stimuli"], remarks)
        if own is None:
            continue
        if protocol.lower() == "bap":
            own["window"][1] = float(own["duration"])
            remarks.append(
                f"{where}: its window lasts to its end, since BluePyOpt's example does so for bAP"
            )
        blocks, wanted = _measured(protocol, features.get(protocol, {}), places, remarks)
        if not blocks:
            remarks.append(f"{where}: nothing is measured under it; left out")
            continue
        found[_named(protocol)] = own | {"features": blocks}
        targets |= {f"{_named(protocol)}.{column}": target for column, target in wanted.items()}
    for name in features:
        if name not in protocols:
            remarks.append(f"features.json: {name} is no protocol; left out")
    return {"record": record, "protocols": found, "targets": targets}


def _stimulated(where: str, stimuli: list[Any], remarks: Remarks) -> dict[str, Any] | None:
    """Duration, stimuli and window of a protocol."""
    steps: dict[str, Any] = {}
    window = None
    total = 0.0
    for position, one in enumerate(stimuli):
        here = f"{where}: stimulus {position}"
        relative = [key for key in ("thresh_perc", "holding_current") if one.get(key) is not None]
        if relative and one.get("amp") is not None:
            remarks.append(
                f"{here}: has an absolute amplitude, and {' and '.join(relative)}, which counts in "
                "BluePyEModel once a threshold is known: write what is meant"
            )
        if not {key for key, value in one.items() if value is not None} >= STEP_KEYS:
            missing = ", ".join(sorted(STEP_KEYS - one.keys())) or "a number"
            remarks.append(
                f"{here}: is no step of current: {missing} is missing; protocol left out"
            )
            return None
        remarks.unknown(one, STEP_KEYS, here)
        delay, amplitude, lasting, whole = (
            float(one[key]) for key in ("delay", "amp", "duration", "totduration")
        )
        total = max(total, whole)
        holds = delay == 0 and lasting >= whole
        name = "holding" if holds and "holding" not in steps else f"step{position + 1}"
        steps[name] = {"kind": "step", "at": "soma", "amplitude": amplitude}
        steps[name] |= {"delay": delay, "duration": lasting}
        if not holds and window is None:
            window = [delay, delay + lasting]
    if window is None:
        remarks.append(f"{where}: has no stimulus besides holding; its window is all of it")
        window = [0.0, total]
    return {"duration": total, "window": window, "stimuli": steps}


def _measured(
    protocol: str, said: Any, places: Collection[str], remarks: Remarks
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Blocks of features and targets of a protocol."""
    blocks: list[dict[str, Any]] = []
    targets: dict[str, Any] = {}
    if not isinstance(said, dict):
        remarks.append(f"features.json: {protocol}: is no mapping of places; left out")
        return blocks, targets
    for location, features in said.items():
        place = _named(location.removesuffix(".v"))
        where = f"features.json: {protocol}: {location}"
        if place not in {"soma", *places}:
            remarks.append(f"{where}: nothing is recorded there; left out")
            continue
        wanted = {}
        for name, target in features.items():
            if name not in EFEL_UNITS or name in UNUSABLE:
                why = UNUSABLE.get(name, "is no feature of eFEL")
                remarks.append(f"{where}: {name} {why}; left out")
            elif not _is_target(target):
                remarks.append(f"{where}: {name}: is no mean and SD above 0; left out")
            else:
                wanted[name] = {"mean": float(target[0]), "sd": float(target[1])}
        if not wanted:
            continue
        settings: dict[str, Any] = {"interp_step": STEP}
        block = {"signal": f"{place}_v", "efel": list(wanted), "settings": settings}
        if place != "soma":
            block["prefix"] = place
            settings["Threshold"] = DENDRITIC
            remarks.append(f"{where}: a spike crosses {DENDRITIC:g} mV, as in BluePyOpt's example")
        blocks.append(block)
        before = "" if place == "soma" else f"{place}_"
        targets |= {f"{before}{name}": target for name, target in wanted.items()}
    return blocks, targets


def _is_target(target: Any) -> bool:
    numbers = isinstance(target, list) and len(target) == 2
    return numbers and all(isinstance(n, int | float) for n in target) and target[1] > 0
