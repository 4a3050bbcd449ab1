"""Where the morphologies of a catalogue lie in the results, and which sections they have."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dendroflow import layout
from dendroflow.errors import ConfigurationError, MorphologyError
from dendroflow.morphology.files import changes_of
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import digest_of_sections, load_sections, save_sections
from dendroflow.plan.code import code_digest
from dendroflow.settings.project import Configuration


@cache
def reader() -> str:
    """Digest of the code and of the NEURON that read morphologies: part of a file's name."""
    code = code_digest("morphology", "kernel/sections.py")
    return hashlib.sha256(f"{code} {version('neuron')}".encode()).hexdigest()[:16]


def names_of_morphology(configuration: Configuration, name: str) -> dict[str, Any]:
    """What stands in the paths of a morphology."""
    source = configuration.morphologies[name]
    pin = source.sha256[:16] if source.sha256 else "unpinned"
    return {"morphology": name, "pin": pin, "suffix": source.suffix, "reader": reader()}


def check_sources(configuration: Configuration, names: Iterable[str], results: Path) -> None:
    """Refuse morphologies of which it is known before they are fetched that they are not as pinned.

    Raises
    ------
    ConfigurationError
        A line for each.
    """
    catalogue, wrong = configuration.folder / "morphologies.yaml", []
    for name in names:
        fetched = layout.MORPHOLOGY.below(results, **names_of_morphology(configuration, name))
        source, service = configuration.morphologies[name], configuration.project.neuromorpho
        try:
            if fetched.exists() and source.changes != changes_of(fetched):
                raise MorphologyError(
                    f"morphology '{name}': {fetched} was mended in another way than the catalogue "
                    "says now; delete it, and it is fetched and compared with its pin again"
                )
            if not fetched.exists():
                from dendroflow.morphology.fetch import check_pin

                check_pin(name, source, neuromorpho=service, root=configuration.folder)
        except MorphologyError as error:
            wrong.append(f"{catalogue}: {error}")
    if wrong:
        raise ConfigurationError("\n".join(wrong))


def known_sections(
    configuration: Configuration, names: Iterable[str], results: Path, *, keep: bool
) -> dict[str, str]:
    """Digests of the sections of morphologies that are fetched; of others nothing is known yet.

    A file that the reader of now has not read is read here, in a process of its own.

    Parameters
    ----------
    keep
        whether the sections that are read are written, too.
    """
    found = {}
    check_sources(configuration, names, results)
    for name in names:
        values = names_of_morphology(configuration, name)
        path = layout.SECTIONS.below(results, **values)
        fetched = layout.MORPHOLOGY.below(results, **values)
        if path.exists():
            found[name] = digest_of_sections(load_sections(path))
        elif fetched.exists():
            try:
                sections = import_sections(fetched)
            except MorphologyError:
                continue  # The job that imports it says why.
            if keep:
                save_sections(sections, path)
            found[name] = digest_of_sections(sections)
    return found
