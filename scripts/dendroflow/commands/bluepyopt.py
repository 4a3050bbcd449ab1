"""What BluePyOpt's files of a cell say, whichever of two shapes they have.

The example of a layer 5 cell lists its parameters; stimuli are a list, and features a mapping to
mean and SD. That of a thalamic cell, and BluePyEModel, have parameters and mechanisms by list of
sections in one file, stimuli by name, and a list of features. Here all are of the first shape.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dendroflow.errors import ConfigurationError, printable

# Where a number is from, in how many cells, and a value for tests: they change none.
SOURCES = {"__comment", "n", "fid", "test"}
_WORDS = {dict: "a mapping", list: "a list", str: "a text", float: "a number"}


class Remarks(list[str]):
    """What a person has to look at, one line each."""

    def unknown(self, keys: Collection[str], known: Collection[str], where: str) -> None:
        """Name the keys that have no counterpart."""
        self += [f"{where}: {key} has no counterpart; left out" for key in keys if key not in known]


@dataclass(frozen=True)
class Files:
    """A cell's files.

    Attributes
    ----------
    parameters
        each with `param_name`, `sectionlist`, `type`, `value` or `bounds`, and its distribution.
    mechanisms
        list of sections -> names.
    protocols
        name -> `stimuli` and `extra_recordings`, both lists.
    features
        protocol -> place -> entries with `feature`, `val`, and perhaps `strict_stim`.
    """

    parameters: list[dict[str, Any]]
    mechanisms: dict[str, list[str]]
    protocols: dict[str, dict[str, Any]]
    features: dict[str, dict[str, list[dict[str, Any]]]]


def read(folder: Path, remarks: Remarks) -> Files:
    """Read the files of a folder.

    Raises
    ------
    ConfigurationError
        If one is missing, or is not what BluePyOpt reads.
    """
    first, second, third, fourth = (
        folder / f"{name}.json" for name in ("parameters", "mechanisms", "protocols", "features")
    )
    parameters = _load(first)
    mechanisms = _load(second) if second.exists() else {}
    if isinstance(parameters, dict):
        remarks.unknown(parameters, {"parameters", "mechanisms", "distributions"}, first.name)
        own = _items(parameters.get("mechanisms", {}), f"{first}: mechanisms")
        grouped = {sections: _kind(of, dict, place).get("mech", []) for sections, of, place in own}
        mechanisms = grouped | _kind(mechanisms, dict, str(second))
        parameters = _listed(parameters, str(first))
    if not mechanisms:
        remarks.append("mechanisms.json: is not there, or empty: the model inserts none")
    return Files(
        [_parameter(one, place) for one, place in _entries(parameters, str(first))],
        {
            sections: [_kind(one, str, at) for one, at in _entries(of, place)]
            for sections, of, place in _items(mechanisms, str(second))
        },
        {name: _protocol(said, place) for name, said, place in _items(_load(third), str(third))},
        {
            name: {at: _features(of, there) for at, of, there in _items(said, place)}
            for name, said, place in _items(_load(fourth), str(fourth))
        },
    )


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; copy it there under this name"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: is not JSON: {error}") from error


def is_number(value: Any) -> bool:
    """Whether it is a number that a float holds: JSON has true, NaN, and whole ones of any size."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _kind(value: Any, kind: type, where: str) -> Any:
    """The value, if it is of this kind."""
    if not (is_number(value) if kind is float else isinstance(value, kind)):
        shown = json.dumps(value)
        shown = shown if len(shown) < 40 else f"{shown[:36]} ..."
        raise ConfigurationError(
            printable(f"{where}: is {shown}; write {_WORDS[kind]}, as BluePyOpt does")
        )
    return value


def _entries(values: Any, where: str) -> Iterator[tuple[Any, str]]:
    """Each of a list, and where it is."""
    for k, value in enumerate(_kind(values, list, where)):
        yield value, f"{where}: entry {k}"


def _items(said: Any, where: str) -> Iterator[tuple[str, Any, str]]:
    """Each of a mapping, and where it is; no comments."""
    for key, value in _kind(said, dict, where).items():
        if key not in SOURCES:
            yield key, value, f"{where}: {key}"


def _checked(said: Any, kinds: dict[str, type], where: str) -> dict[str, Any]:
    """A mapping without what is null, some of whose values have to be of a kind."""
    found = {key: value for key, value in _kind(said, dict, where).items() if value is not None}
    for key in kinds.keys() & found.keys():
        _kind(found[key], kinds[key], f"{where}: {key}")
    return found


def _listed(said: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """Parameters by list of sections, as a list of parameters."""
    found = []
    along = _kind(said.get("distributions", {}), dict, f"{where}: distributions")
    for sections, of, place in _items(said.get("parameters", {}), f"{where}: parameters"):
        for said_of_one, at in _entries(of, place):
            one = _checked(said_of_one, {"dist": str}, at)
            entry = {"param_name": one.get("name"), "sectionlist": sections, **one}
            entry["bounds" if isinstance(one.get("val"), list) else "value"] = one.get("val")
            entry["type"] = "global" if sections == "global" else "section"
            if one.get("dist", "uniform") != "uniform":
                by = _kind(along.get(one["dist"], {}), dict, f"{where}: distributions")
                entry |= {"type": "range", "dist_type": one["dist"], "dist": by.get("fun", "")}
            for key in ("name", "val"):
                entry.pop(key, None)
            found.append(entry)
    return found


def _parameter(said: Any, where: str) -> dict[str, Any]:
    texts = dict.fromkeys(("sectionlist", "type", "dist_type", "dist"), str)
    name = _kind(_kind(said, dict, where).get("param_name"), str, f"{where}: its name")
    where = f"{where}: {name}"
    found = _checked(said, texts | {"value": float, "bounds": list}, where)
    bounds = found.get("bounds", [0, 0])
    if len(bounds) != 2:
        raise ConfigurationError(f"{where}: bounds: write two numbers, as BluePyOpt does")
    for bound in bounds:
        _kind(bound, float, f"{where}: bounds")
    return found


def _protocol(said: Any, where: str) -> dict[str, Any]:
    """A protocol whose stimuli are a list: those by name in their order, or the only one."""
    found = dict(_kind(said, dict, where))
    if found.get("type") == "StepProtocol":
        del found["type"]
    stimuli = found.get("stimuli", [])
    if isinstance(stimuli, dict):
        stimuli = [stimuli] if "delay" in stimuli else list(stimuli.values())
    step: dict[str, type] = dict.fromkeys(("delay", "amp", "duration", "totduration"), float)
    place: dict[str, type] = dict.fromkeys(("name", "type", "var", "seclist_name"), str)
    place["somadistance"] = float
    others = found.get("extra_recordings", [])
    return found | {
        key: [_checked(one, kinds, at) for one, at in _entries(listed, f"{where}: {key}")]
        for key, listed, kinds in (("stimuli", stimuli, step), ("extra_recordings", others, place))
    }


def _features(said: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(said, list):
        # Such files mean the spikes within the stimulus unless they say otherwise.
        entries = [
            {"strict_stim": True} | _kind(one, dict, at) for one, at in _entries(said, where)
        ]
    else:
        entries = [{"feature": name, "val": target} for name, target, _ in _items(said, where)]
    for entry in entries:
        _kind(entry.get("feature"), str, f"{where}: the name of a feature")
    return [_checked(entry, {"threshold": float}, where) for entry in entries]
