"""Files that a configuration names: each stays in the folder of the configuration."""

from pathlib import Path

from dendroflow.errors import ConfigurationError


def within(root: Path, path: Path) -> Path:
    """Return `path`; refuse one that leads out of `root`, by `..`, from `/`, or by a link.

    A configuration may come from somebody else. What it names is read, and messages about it quote
    what was read, so it must not name files of the reader.

    Raises
    ------
    ConfigurationError
        One line that names the path.
    """
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(f"{str(path)!r}: is no path of a file: {reason}") from error
    if not inside:
        raise ConfigurationError(
            f"{path}: leads out of the folder {root} of the configuration; copy the file into it"
        )
    return path
