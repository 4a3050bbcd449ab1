"""Models as runs use them: named by digests, imported from a copy, described without running."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from dendroflow import mechanisms
from dendroflow.errors import ModelError, StoreError
from dendroflow.files import files_of_model, replacing
from dendroflow.plan.code import digest_of_files
from dendroflow.vector import targets_of_machine


@dataclass(frozen=True)
class ModelNames:
    """What names a model's folder as it is now.

    Attributes
    ----------
    copy
        digest of every byte: names the copy from which jobs import.
    code
        digest without comments, docstrings and layout: part of `simulation_code`.
    mechanisms
        name of the build of its `.mod` files; None if it has none.
    coreneuron
        the same of CoreNEURON's build, for this machine.
    """

    folder: Path
    copy: str
    code: str
    mechanisms: str | None
    coreneuron: str | None

    def build(self, engine: str) -> str | None:
        """The build that an engine needs."""
        return self.coreneuron if engine == "coreneuron" else self.mechanisms


def names_of(folder: Path) -> ModelNames:
    """Name a model's folder.

    Raises
    ------
    ModelError, MechanismError
        If it has no `model.py`, Python that does not parse, or `.mod` files that cannot be
        compiled together.
    """
    files, compiled = files_of_model(folder), mechanisms.sources(folder)
    return ModelNames(
        folder,
        digest_of_files(files),
        digest_of_files(files, comments=False),
        mechanisms.digest(compiled),
        mechanisms.digest(compiled, targets_of_machine()[0]),
    )


def copy_model(folder: Path, copy: Path, digest: str) -> None:
    """Copy a model's folder, `model.py` last.

    Raises
    ------
    ModelError
        If the folder is no longer the one that `digest` names.
    """
    files = files_of_model(folder)
    # What an earlier attempt has left.
    shutil.rmtree(copy, ignore_errors=True)
    for name in sorted(files, key=lambda name: name == "model.py"):
        with replacing(copy / name) as temporary:
            shutil.copyfile(files[name], temporary)
            files[name] = temporary
            if name == "model.py" and digest_of_files(files) != digest:
                raise ModelError(f"{folder}: changed after planning; run snakemake again")
        files[name] = copy / name


def check_copy(copy: Path) -> None:
    """Refuse a copy that is not what its name says.

    Raises
    ------
    StoreError
        If a file of it was changed, added or removed.
    """
    if digest_of_files(files_of_model(copy)) != copy.name:
        raise StoreError(f"{copy}: is not as it was copied; delete it and run snakemake again")
