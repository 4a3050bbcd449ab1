"""What planning needs to know of a model, learnt in a child process and kept by content.

Importing a model runs the user's code and NEURON; neither may take the planner with it.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dendroflow.errors import ConfigurationError, DendroflowError, ModelError
from dendroflow.files import replacing
from dendroflow.morphology.import3d import run_with_neuron
from dendroflow.plan.code import code_digest
from dendroflow.plan.models import ModelNames, copy_model
from dendroflow.settings.base import control_character
from dendroflow.settings.stimuli import Recording

TIMEOUT_S = 120
PROCESSES = ("shared", "alone", "fresh")
# What decides a description.
DESCRIBING = ("kernel", "plan/description.py")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its default (None if it must be given), unit, and JSON schema."""

    default: Any
    unit: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Description:
    """A model as planning sees it; `signals` are their units, `meanings` their descriptions."""

    parameters: Mapping[str, Parameter]
    signals: Mapping[str, str]
    meanings: Mapping[str, str]
    runs_alone: bool
    builds_rxd: bool
    needs_morphology: bool
    required_sections: tuple[str, ...]
    time_unit: str
    places: Mapping[str, str] = field(default_factory=dict)

    def with_recordings(self, record: Mapping[str, Recording]) -> "Description":
        """The same with the signals that an experiment records.

        Raises
        ------
        ConfigurationError
            If the model has a signal of that name.
        """
        for name in sorted(self.signals.keys() & record.keys()):
            raise ConfigurationError(
                f"record: {name}: the model records a signal of this name; choose another"
            )
        return replace(
            self,
            signals={**self.signals, **{name: r.known_unit for name, r in record.items()}},
            meanings={**self.meanings, **{name: r.meaning for name, r in record.items()}},
        )


def describe(model: ModelNames, kept: Path, *, keep: bool = False) -> Description:
    """Describe a model.

    Parameters
    ----------
    kept
        file that holds the description, or shall.
    keep
        whether to write it there.

    Raises
    ------
    ModelError
        If the model breaks the contract, raises on import, hangs, or kills its process.
    """
    library = code_digest(*DESCRIBING)
    with suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["library"] == library:
            return TypeAdapter(Description).validate_python(known["description"])
    content = _ask_child(model)
    if keep:
        with replacing(kept) as temporary:
            text = json.dumps({"library": library, "description": content}, indent=1)
            temporary.write_text(text, encoding="utf-8")
    return TypeAdapter(Description).validate_python(content)


def _ask_child(model: ModelNames) -> dict[str, Any]:
    path = model.folder / "model.py"
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as scratch:
        answer, copy = Path(scratch) / "description.json", Path(scratch) / model.folder.name
        copy_model(model.folder, copy, model.copy)
        module, arguments = "dendroflow.plan.description", [str(copy), str(answer)]
        try:
            child = run_with_neuron(module, arguments, scratch, TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise ModelError(f"{path}: importing it took longer than {TIMEOUT_S} s") from None
        content: dict[str, Any] = {}
        if answer.exists():
            content = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in content:
        raise ModelError(content["error"].replace(str(copy), str(model.folder)))
    if not content:
        code = child.returncode
        cause = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        said = child.stderr.decode("utf-8", "replace").strip()
        last = (said.splitlines() or ["no message"])[-1]
        raise ModelError(f"{path}: importing it {cause}: {last}")
    return content


def inspect(folder: Path) -> Description:
    """Describe a model in this process, by importing it."""
    from pydantic_core import to_jsonable_python

    from dendroflow.kernel.model import declared
    from dendroflow.runs.loading import load_model

    model = load_model(folder)
    if model.process not in PROCESSES:
        choice = ", ".join(PROCESSES)
        raise ModelError(f"{folder / 'model.py'}: process: {model.process!r} is none of {choice}")
    schema = model.Parameters.model_json_schema()
    parameters = {}
    for name, declaration in model.Parameters.model_fields.items():
        properties = schema["properties"][name]
        reference = properties.get("$ref") or (properties.get("allOf") or [{}])[0].get("$ref")
        if reference:
            properties = schema["$defs"][reference.rpartition("/")[2]] | properties
        parameters[name] = Parameter(
            default=(
                None if declaration.is_required() else to_jsonable_python(declaration.get_default())
            ),
            unit=properties.get("unit", ""),
            description=declaration.description or "",
            schema=properties,
        )
    description = Description(
        parameters=parameters,
        signals={name: declared(signal).unit for name, signal in model.signals.items()},
        meanings={
            name: declared(signal).description or name.replace("_", " ")
            for name, signal in model.signals.items()
        },
        runs_alone=model.process != "shared",
        builds_rxd=model.builds_rxd(),
        needs_morphology=model.needs_morphology or bool(model.required_sections),
        required_sections=tuple(model.required_sections),
        time_unit=model.time_unit,
        places=dict(model.places),
    )
    _refuse_control_characters(asdict(description), f"{folder / 'model.py'}")
    return description


def _refuse_control_characters(content: Any, where: str) -> None:
    """Refuse names, units, descriptions and values that no figure can show."""
    if isinstance(content, str) and (problem := control_character(content)):
        raise ModelError(f"{where}: {problem}")
    if isinstance(content, dict):
        for key, value in content.items():
            _refuse_control_characters(key, where)
            _refuse_control_characters(value, f"{where}: {key}")


if __name__ == "__main__":
    try:
        found = asdict(inspect(Path(sys.argv[1])))
    except DendroflowError as error:
        found = {"error": " ".join(str(error).split())}
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
