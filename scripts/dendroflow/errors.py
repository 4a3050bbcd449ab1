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
