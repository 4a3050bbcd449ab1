"""What worker processes need besides their points, loaded from the files of a job."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from dendroflow import layout
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.model import Model
from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.kernel.sections import Sections
from dendroflow.mechanisms import target_of
from dendroflow.morphology.sections import digest_of_sections, load_sections, require_sections
from dendroflow.runs.loading import (
    assigned_globals,
    load_mechanisms,
    load_model,
)
from dendroflow.runs.search import Searching


@dataclass(frozen=True)
class Workload:
    """What a worker needs besides its points; handed over by fork, so never copied.

    `measure`, where given, makes features of traces and outcomes in the worker, so that the
    traces never leave it. `compare`, where given, is called before with what a group gave, and
    returns in what it is not quite as expected, or raises. `coreneuron` has CoreNEURON advance the
    cells. `searches` are those of protocols. `assigned` are globals that a run may change, `record`
    what the experiment records, and `folder` that of the model. Where CoreNEURON was `chosen` for
    the user, it has to give what NEURON gives.
    """

    model: type[Model]
    morphologies: Mapping[str, Sections]
    plausible: Mapping[str, tuple[float, float]]
    measure: Callable[[pa.Table, pa.Table], pa.Table] | None = None
    coreneuron: bool = False
    assigned: frozenset[str] = frozenset()
    record: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path = Path()
    compare: Callable[[GroupResult], str] | None = None
    searches: Mapping[str, Searching] = field(default_factory=dict)
    chosen: bool = False

    @property
    def sections(self) -> dict[str, str]:
        """Digest of the sections of each morphology, for the notes of a batch."""
        return {name: digest_of_sections(found) for name, found in self.morphologies.items()}


@contextmanager
def loaded(
    results: Path,
    notes: Mapping[str, Any],
    model: tuple[Path, Path],
    mechanisms: Sequence[Path],
    sections: Mapping[str, Path],
    *,
    measure: Callable[[pa.Table, pa.Table], pa.Table] | None = None,
    searches: Mapping[str, Searching] = MappingProxyType({}),
) -> Iterator[Workload]:
    """Load a model and what it needs, and work in a folder of its own.

    Parameters
    ----------
    notes
        of the plan.
    model
        the copy of its folder, and the folder of which it is one.
    mechanisms
        compiled libraries.
    sections
        files by name of morphology.
    searches
        of protocols that search.

    Raises
    ------
    ModelError, MechanismError, MorphologyError
        If something does not load, or a morphology lacks sections that the model requires.
    """
    content = notes["simulation_content"]
    copy, results = model[0].absolute(), results.absolute()
    if content["engine"] != "neuron":
        for library in mechanisms:
            target_of(copy, library.parent.parent.name)
    files = {name: path.absolute() for name, path in sections.items()}
    libraries = [path.absolute() for path in mechanisms]
    scratch = results / Path(layout.SCRATCH).name
    scratch.mkdir(parents=True, exist_ok=True)
    # NEURON loads mechanisms that lie where it starts, and writes.
    with TemporaryDirectory(prefix="simulate-", dir=scratch) as folder, chdir(folder):
        for library in libraries:
            load_mechanisms(library)
        morphologies = {name: load_sections(path) for name, path in files.items()}
        for name, found in morphologies.items():
            require_sections(found, notes["required_sections"], name)
        workload = Workload(
            load_model(copy, model[1]),
            morphologies,
            content["plausible"],
            measure,
            content["engine"] != "neuron",
            assigned_globals(copy),
            content["record"],
            copy,
            searches=searches,
            chosen=bool(notes["engine_why"]) and content["engine"] != "neuron",
        )
        share_compiled_reactions(results / Path(layout.REACTIONS).name)
        yield workload
