"""Loading compiled mechanisms, and importing a user's model."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from dendroflow.errors import MechanismError, ModelError, in_words
from dendroflow.kernel.model import Model

# Copies of models that were loaded, and the folders of which they are copies.
_ORIGINS: dict[str, str] = {}


def load_mechanisms(library: Path) -> None:
    """Load a compiled library into this process, once, and tell CoreNEURON of the one beside it.

    Raises
    ------
    MechanismError
        If NEURON does not load it.
    """
    from neuron import h

    beside = library.with_name("libcorenrnmech.so")
    path = str(library.resolve())
    # In an ASCII locale NEURON takes no other letters.
    if not h.nrn_load_dll(path if path.isascii() else os.path.relpath(path)):
        raise MechanismError(f"{library}: does not load; delete it and run snakemake again")
    if beside.exists():
        os.environ["CORENEURONLIB"] = str(beside.resolve())


def load_model(folder: Path, origin: Path | None = None) -> type[Model]:
    """The model class of `folder/model.py`, which is imported.

    Parameters
    ----------
    origin
        the folder of which this is a copy; messages name it instead.

    Raises
    ------
    ModelError
        If the file raises on import, creates sections, defines no single model, or
        imports rxd although the model shares its process.
    """
    if origin is not None:
        _ORIGINS.update(dict.fromkeys((str(folder), str(folder.resolve())), str(origin)))
    path = (origin or folder) / "model.py"
    module = _import(folder / "model.py")
    models = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Model)
        and value.__module__ == module.__name__
    ]
    if len(models) != 1:
        names = ", ".join(model.__name__ for model in models) or "none"
        raise ModelError(f"{path}: must define one subclass of Model; it defines {names}")
    from neuron import h

    if any(True for _ in h.allsec()):
        raise ModelError(f"{path}: creates sections on import; create them in build")
    if _names_rxd(module) and models[0].process == "shared" and not builds_rxd(models[0]):
        _refuse_rxd(models[0], f"{path}: ")
    return models[0]


def builds_rxd(model: type[Model]) -> bool:
    """Whether a model creates the objects of rxd for many cells at once."""
    return model.process == "shared" and model.build_rxd.__func__ is not Model.build_rxd.__func__  # type: ignore[attr-defined]


def refuse_shared_rxd(model: type[Model]) -> None:
    """Refuse a model that has made species of rxd in `build`, unless its points run alone.

    Raises
    ------
    ModelError
        If it shares its process: rxd would advance its species with those of other cells.
    """
    species = getattr(sys.modules.get("neuron.rxd.species"), "_all_species", ())
    if model.process == "shared" and any(one() is not None for one in species):
        _refuse_rxd(model)


def _refuse_rxd(model: type[Model], where: str = "") -> NoReturn:
    raise ModelError(
        f"{where}model {model.__name__} uses rxd, which would advance its species with those of "
        'other cells; set `process = "alone"` in it, or create them in `build_rxd` for all cells'
    )


def _names_rxd(module: ModuleType) -> bool:
    """Whether a name of a model's module means rxd, or something of it."""
    named = (
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in vars(module).values()
    )
    return any(str(name).startswith(("neuron.rxd", "neuron.crxd")) for name in named)


def _import(path: Path) -> ModuleType:
    name = f"dendroflow_model_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, "the name ends in .py"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        where = f"{path}: {_where(error, path)}"
        raise ModelError(one_line(error, where)) from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def one_line(error: BaseException, before: str = "") -> str:
    """What an error says, on one line, with the paths that the user knows."""
    text = before + in_words(error)
    for copy, origin in _ORIGINS.items():
        text = text.replace(copy, origin)
    return text


def _where(error: BaseException, path: Path) -> str:
    """`"line 12: "`, where the model's own file is to blame."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    lines = []
    traceback = error.__traceback__
    while traceback is not None:
        if Path(traceback.tb_frame.f_code.co_filename) == path:
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return f"line {lines[-1]}: " if lines else ""
