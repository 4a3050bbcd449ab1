"""Loading compiled mechanisms, and importing a user's model."""

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

from dendroflow.errors import MechanismError, ModelError, in_words
from dendroflow.kernel.globals import SettingChangedError, known_globals, settings_of_neuron
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
    known_globals.cache_clear()
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
        If the file raises on import, creates sections, sets what belongs to the experiment, or
        defines no single model.
    """
    if origin is not None:
        _ORIGINS.update(dict.fromkeys((str(folder), str(folder.resolve())), str(origin)))
    path = (origin or folder) / "model.py"
    before = settings_of_neuron()
    module = _import(folder / "model.py")
    for name, value in settings_of_neuron().items():
        if value != before[name]:
            raise SettingChangedError(name, f"{path}: ")
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
    # As they are now they are put back before each build.
    known_globals()
    return models[0]


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
        raise ModelError(with_origins(where + in_words(error))) from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def with_origins(text: str) -> str:
    """What an error says, with the paths that the user knows in place of those of copies."""
    for copy, origin in _ORIGINS.items():
        text = text.replace(copy, origin)
    return text


def assigned_globals(folder: Path) -> frozenset[str]:
    """Names of the ASSIGNED variables in the `.mod` files of a folder, as hoc knows them."""
    names: set[str] = set()
    for path in folder.rglob("*.[mM][oO][dD]"):
        text = path.read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"(?s)\bCOMMENT\b.*?\bENDCOMMENT\b|[:?][^\n]*", " ", text)
        suffix = re.search(r"\b(?:SUFFIX|POINT_PROCESS|ARTIFICIAL_CELL)\s+(\w+)", text)
        for block in re.findall(r"\bASSIGNED\s*\{([^}]*)\}", text):
            words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", block))
            names.update(f"{word}_{suffix[1]}" if suffix else word for word in words)
    return frozenset(names)


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
