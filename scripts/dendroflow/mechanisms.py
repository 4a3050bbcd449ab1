"""Compiling `.mod` files, named by their content."""

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dendroflow.errors import MechanismError
from dendroflow.files import files_of_model, replacing
from dendroflow.vector import Target, loops_report, targets_of_machine

LIBRARY = "libnrnmech.so"
CORENEURON_LIBRARY = "libcorenrnmech.so"
TIMEOUT_S = 600
# What a `.mod` file may include.
INCLUDED = frozenset({".inc", ".h", ".hpp"})


def sources(folder: Path) -> dict[str, Path]:
    """The `.mod` files of a model's folder, and the files that they may include.

    Returns
    -------
    dict
        name in the folder where they are compiled -> file. `.mod` files lie there beside each
        other, wherever they lie in the model's folder; so does what they include, which can be
        named with its sub-folder, too.

    Raises
    ------
    MechanismError
        If two of them have the same name.
    """
    found: dict[str, Path] = {}
    for name, path in files_of_model(folder).items():
        suffix = path.suffix.lower()
        if suffix not in {".mod", *INCLUDED}:
            continue
        flat = f"{path.stem}.mod" if suffix == ".mod" else path.name
        if flat in found:
            raise MechanismError(f"{path} and {found[flat]} have the same name; rename one")
        found[flat] = path
        if suffix != ".mod":
            found[name] = path
    return dict(sorted(found.items())) if any(name.endswith(".mod") for name in found) else {}


def digest(files: Mapping[str, Path], target: Target | None = None) -> str | None:
    """Name of the build of `files`: their names and bytes, NEURON's version, the architecture.

    Parameters
    ----------
    target
        for CoreNEURON: what it is compiled for.

    Returns
    -------
    str or None
        16 hexadecimal digits; None without files: then there is nothing to build.
    """
    if not files:
        return None
    lines = [f"{importlib.metadata.version('neuron')} {platform.machine()}"]
    lines += [f"{target.code} {target.march}"] if target else []
    for name, file in files.items():
        lines.append(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def target_of(folder: Path, build: str) -> Target:
    """What a build of a model's mechanisms for CoreNEURON is compiled for.

    Parameters
    ----------
    build
        name by `digest`.

    Raises
    ------
    MechanismError
        If this machine cannot run it: before an instruction that is not there ends the process.
    """
    files = sources(folder)
    for target in targets_of_machine():
        if digest(files, target) == build:
            return target
    raise MechanismError(
        f"the run was planned on another kind of processor than that of {platform.node()}, which "
        f"is of {targets_of_machine()[0].march or 'no vector unit that pays'}: plan it on the "
        "oldest kind, choose nodes of one kind, or write `engine: neuron`"
    )


def compile_mechanisms(
    folder: Path,
    library: Path,
    coreneuron: tuple[Path, Path] | None = None,
    *,
    target: Target | None = None,
    origin: Path | None = None,
) -> str:
    """Compile a model's mechanisms with nrnivmodl into `library`, and see that NEURON loads it.

    Parameters
    ----------
    coreneuron
        where CoreNEURON's library of the same mechanisms goes, if it is wanted, and what its
        compiler made of their loops.
    target
        of CoreNEURON's library; by default the fastest of this machine.
    origin
        the folder of which `folder` is a copy; messages name it instead.

    Returns
    -------
    str
        What the compiler said.

    Raises
    ------
    MechanismError
        With the compiler's message; nothing is left under the name `library`.
    """
    files, known = sources(folder), origin or folder
    if " " in sys.prefix:
        raise MechanismError(
            f"{known}: nrnivmodl fails in a path with spaces, and the environment "
            f"is in {sys.prefix!r}; move the checkout"
        )
    library.parent.mkdir(parents=True, exist_ok=True)
    beside = None if " " in str(library.absolute()) else library.parent
    with tempfile.TemporaryDirectory(prefix=".build-", dir=beside) as scratch:
        build = Path(scratch)
        for name, file in files.items():
            (build / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, build / name)
        said = _run(["nrnivmodl"], build, f"nrnivmodl refused {known}")
        built = build / platform.machine() / LIBRARY
        if not built.exists():
            raise MechanismError(f"nrnivmodl left no {LIBRARY} for {known}:\n{said}")
        # Loading ends the process if a mechanism has the name of one that NEURON has.
        load = (
            "import sys\nfrom neuron import h\n"
            "try:\n    h.nrn_load_dll(sys.argv[1])\n"
            "except RuntimeError as error:\n    sys.exit(str(error))"
        )
        with tempfile.TemporaryDirectory(prefix="dendroflow-") as elsewhere:
            _run(
                [sys.executable, "-c", load, str(built.resolve())],
                Path(elsewhere),
                f"the mechanisms of {known} compile but do not load",
            )
        if coreneuron:
            report = _compile_for_coreneuron(
                build, coreneuron[0], known, target or targets_of_machine()[0]
            )
            with replacing(coreneuron[1]) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in report), encoding="utf-8")
            said += "\n".join(report)
        with replacing(library) as temporary:
            shutil.copyfile(built, temporary)
    return said


def _compile_for_coreneuron(build: Path, library: Path, known: Path, target: Target) -> list[str]:
    """Compile what lies in a folder for CoreNEURON; a line about the loops of each mechanism."""
    folder = build / "coreneuron"
    shutil.copytree(build, folder, ignore=shutil.ignore_patterns(platform.machine(), folder.name))
    made = folder / platform.machine()
    made.mkdir()
    # It is what the command wraps when it is done.
    (made / "special").touch()
    said = _run(
        ["nrnivmodl-core", *target.options, "."],
        folder,
        f"nrnivmodl-core refused {known}; `engine: neuron` does without it",
    )
    with replacing(library) as temporary:
        shutil.copyfile(made / CORENEURON_LIBRARY, temporary)
    return [f"for {target.march or target.name}", *loops_report(said, made / "corenrn" / "mod2c")]


def _run(command: list[str], folder: Path, complaint: str) -> str:
    # Programs of the environment come before others of their names.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(command[0], path=path)
    if program is None:
        raise MechanismError(f"{command[0]} is not on PATH; it is installed with NEURON")
    try:
        child = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MechanismError(f"{complaint}: not finished after {TIMEOUT_S} s") from None
    if child.returncode != 0:
        # What follows a traceback is about nrnivmodl's own Python, not about the mechanism.
        said = child.stdout.partition("Traceback (most recent call last)")[0].strip()
        raise MechanismError(f"{complaint} (exit code {child.returncode}):\n{said}")
    return child.stdout
