"""Errors that are meant for the user: one line that names the file, the key and the remedy."""


class DendroflowError(Exception):
    """Base of every error whose message is complete without a traceback."""


class FolderInUseError(DendroflowError):
    """A folder of results in which another run is at work."""


class ConfigurationError(DendroflowError):
    """A configuration, experiment or sweep that cannot be run as it is written."""


class MorphologyError(DendroflowError):
    """A morphology that cannot be fetched, is not what was pinned, or is unfit for NEURON."""


class MechanismError(DendroflowError):
    """Mechanisms that do not compile or do not load."""


class ModelError(DendroflowError):
    """A model that breaks the contract of `dendroflow.model`."""


class StoreError(DendroflowError):
    """A stored result that is damaged or does not have the declared columns."""


class TooManyFailuresError(DendroflowError):
    """More points failed than the configuration allows."""


class PackageError(DendroflowError):
    """A repository that cannot be made, or a wheel that does not fit."""


LONGEST = 500


def printable(text: str) -> str:
    """The text on one line; what a terminal, UTF-8 or XML does not take is written as an escape."""
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def in_words(error: BaseException) -> str:
    """Kind and text of an error, printable, on one line of at most 500 characters."""
    try:
        text = str(error)[: 2 * LONGEST]
    except Exception:
        text = "(its text cannot be made)"
    return f"{type(error).__name__}: {printable(text)}"[:LONGEST]
