"""The configuration of a run, and all the files that it names, read and checked."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NoReturn, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from dendroflow.errors import ConfigurationError, printable
from dendroflow.settings.audit import Audit
from dendroflow.settings.base import (
    Name,
    Settings,
    Share,
    control_character,
    demand,
    each_once,
    naming,
)
from dendroflow.settings.experiment import RESERVED_NAMES, Experiment
from dendroflow.settings.files import within
from dendroflow.settings.morphologies import MorphologyName, MorphologySource, NeuroMorpho
from dendroflow.settings.morphometry import Comparison
from dendroflow.settings.problems import first_problem
from dendroflow.settings.quality import Quality
from dendroflow.settings.recordings import FILE as RECORDINGS
from dendroflow.settings.recordings import RecordingSet
from dendroflow.settings.simulation import Execution
from dendroflow.settings.style import Composition, Style, over, with_style
from dendroflow.settings.sweep import with_groups

T = TypeVar("T")

_TAG = "tag:yaml.org,2002:"

# PyYAML reads about 100 kB a second. Points by the thousand belong into a table.
MOST_BYTES = 2_000_000
# With all aliases written out: a short file can name a list of lists of lists ... of itself.
MOST_NODES = 1_000_000
# With this key Snakemake takes a configuration for a template, and runs the Python in it.
TEMPLATE_KEY = "__use_yte__"


class Project(Settings):
    """The content of `config/config.yaml`."""

    experiments: Annotated[tuple[Name, ...], AfterValidator(each_once)] = Field(
        min_length=1, description="files of `experiments/` beside this file, without `.yaml`"
    )
    max_failed_share: Share = Field(
        0.1, description="the run fails if more of an experiment's points fail"
    )
    execution: dict[str, Any] = Field(
        default_factory=dict, description="overrides `execution` of every experiment"
    )
    morphology_report: bool = Field(
        False, description="whether a run also reports on the morphologies of its experiments"
    )
    morphometry: dict[Name, Comparison] = Field(
        default_factory=dict,
        description="name: morphologies, and the observations that they are compared with",
    )
    style: Style = Field(Style(), description="how figures look on the page")
    panels: dict[Name, Composition] = Field(
        default_factory=dict, description="name: figures of several experiments on one page"
    )
    audit: Audit = Field(Audit(), description="what `snakemake audit` simulates again")
    neuromorpho: NeuroMorpho = Field(NeuroMorpho(), description="how NeuroMorpho.Org is reached")

    @model_validator(mode="before")
    @classmethod
    def _style_of_panels(cls, content: Any) -> Any:
        return with_style(content, "panels")

    @field_validator("experiments")
    @classmethod
    def _sound_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name in RESERVED_NAMES or name.startswith("sqlite_"):
                raise ValueError(
                    f"{name!r} is the name of a table of the database, or of a folder of the "
                    "results; choose another"
                )
        return names


class Configuration(Settings):
    """A project with its experiments and its catalogues of morphologies and recordings.

    Attributes
    ----------
    source
        the file of the configuration, for messages.
    folder
        where `experiments/`, `models/`, `morphologies.yaml`, `recordings.yaml` and `quality.yaml`
        lie.
    """

    source: Path
    folder: Path
    project: Project
    experiments: Mapping[str, Experiment]
    morphologies: Mapping[str, MorphologySource]
    recordings: Mapping[str, RecordingSet]
    quality: Quality

    def experiment_file(self, experiment: str) -> Path:
        """The file of an experiment."""
        return self.folder / "experiments" / f"{experiment}.yaml"

    def model_folder(self, experiment: str) -> Path:
        """The folder of the model of an experiment."""
        return self.folder / "models" / self.experiments[experiment].model


# What YAML 1.1 and 1.2 both read in one way, or what is a number in YAML 1.2 alone: 1e3, 08.
_SAFE = re.compile(
    r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.[0-9]+([eE][-+]?[0-9]+)?|"
    r"0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|true|True|TRUE|false|False|FALSE"
)
_NUMERIC = re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|0o[0-7]+")


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML in which a key that is given twice is an error, and aliases do not multiply for ever.

    So is what YAML 1.1, which Snakemake reads, and 1.2 do not read alike, such as `no` or `010`.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # Those that lead to the node that is composed.
        self._keys: list[Any] = []

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        plain = self.peek_event().implicit[0]  # type: ignore[no-untyped-call]
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        if found := control_character(node.value):
            self._refuse(node, found)
        if not plain or node.tag in (_TAG + "null", _TAG + "merge"):
            return node
        if _SAFE.fullmatch(node.value):
            # YAML 1.1 takes 1e3 for text.
            node.tag = _TAG + "float" if node.tag == _TAG + "str" else node.tag
        elif node.tag != _TAG + "str" or _NUMERIC.fullmatch(node.value):
            write = {"bool": ", else write true or false", "timestamp": ""}
            other = write.get(node.tag.removeprefix(_TAG), ", else write a plain decimal number")
            self._refuse(node, f"{node.value}: quote it if it is text{other}")
        return node

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node below `parent`; `index` is its position, or the node of its key."""
        self._keys.append(index.value if isinstance(index, yaml.ScalarNode) else index)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._keys.pop()
        return node

    def _refuse(self, node: yaml.Node, problem: str) -> NoReturn:
        where = ".".join(str(key) for key in self._keys if key is not None)
        said = f"{where}: {problem}" if where else problem
        raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and self._count(node, {}) > MOST_NODES:
            raise yaml.YAMLError(f"its aliases stand for more than {MOST_NODES:,} values")
        return node

    def _count(self, node: yaml.Node, counts: dict[yaml.Node, int]) -> int:
        """Return how many nodes there are from this one on, aliases written out."""
        if node not in counts:
            # What holds itself goes on for ever.
            counts[node] = MOST_NODES + 1
            children = [] if isinstance(node, yaml.ScalarNode) else node.value
            if isinstance(node, yaml.MappingNode):
                children = [child for pair in children for child in pair]
            counts[node] = 1 + sum(self._count(child, counts) for child in children)
        return counts[node]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    problem = f"key {key.value!r} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def read_text(path: Path) -> str:
    """Text of a file, if it is not too long; a `ConfigurationError` names the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        near = get_close_matches(path.stem, (other.stem for other in path.parent.glob("*.yaml")))
        hint = f"; did you mean {near[0]}.yaml?" if near else ""
        raise ConfigurationError(f"{path}: there is no such file{hint}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    if len(data) > MOST_BYTES:
        raise ConfigurationError(
            f"{path}: is larger than {MOST_BYTES:,} bytes; write many points into a `table`"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}: line {line}: is not UTF-8; save it as such") from error


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; a `ConfigurationError` names the file and the line."""
    text = read_text(path)
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigurationError(f"{path}: {line}{printable(error.problem or '')}") from error
    except yaml.reader.ReaderError as error:
        number, letter = text.count("\n", 0, error.position) + 1, chr(error.character)
        raise ConfigurationError(
            f"{path}: line {number}: holds the character {letter!r}: remove it"
        ) from error
    except Exception as error:
        # Tags such as `!!int ""` make PyYAML raise all sorts of errors.
        reason = printable(str(error)) or type(error).__name__
        raise ConfigurationError(f"{path}: is not YAML: {reason}") from error
    if isinstance(content, dict) and TEMPLATE_KEY in content:
        raise ConfigurationError(
            f"{path}: {TEMPLATE_KEY}: a configuration is no template, which could run any program; "
            "remove the key"
        )
    return content


def validated(kind: type[T], content: Any, source: Path | str) -> T:
    """Parse `content` as `kind`; a `ConfigurationError` names `source` and the key."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        in_file = partial(_line, source) if isinstance(source, Path) and source.is_file() else None
        raise ConfigurationError(f"{source}: {first_problem(error, content, in_file)}") from error


def _line(source: Path, keys: Sequence[str]) -> int:
    """The line of a YAML file on which stands what these keys lead to, as far as it is there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    node = yaml.compose(read_text(source), Loader=loader)
    line = 1
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and key.isdigit():
            node = node.value[int(key)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == key]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def load(content: Mapping[str, Any], source: Path, folder: Path | None = None) -> Configuration:
    """Read and check everything that a configuration names.

    Parameters
    ----------
    content
        the parsed configuration, as Snakemake hands it over (files merged with `--config`).
    source
        its file.
    folder
        where experiments, models and morphologies lie; beside the file by default.

    Raises
    ------
    ConfigurationError
        One line that names the file and the key.
    """
    project = validated(Project, content, source)
    folder = source.parent if folder is None else folder
    morphologies = _read_if_there(
        dict[MorphologyName, MorphologySource], within(folder, folder / "morphologies.yaml")
    )
    groups: dict[str, list[str]] = {}
    for name, cell in morphologies.items():
        if cell.group is not None:
            groups.setdefault(cell.group, []).append(name)
    experiments = {}
    for name in project.experiments:
        path = within(folder, folder / "experiments" / f"{name}.yaml")
        experiments[name] = _experiment(path, project, source, groups)
    for name, composition in project.panels.items():
        for letter, figure in composition.figures.items():
            _demand_figure(figure, experiments, f"{source}: panels.{name}.figures.{letter}: ")
    recordings = _read_if_there(dict[Name, RecordingSet], within(folder, folder / RECORDINGS))
    quality = _read_if_there(Quality, within(folder, folder / "quality.yaml"))
    for name, experiment in experiments.items():
        _check_requirements(experiment, quality, folder / "experiments" / f"{name}.yaml")
    return Configuration(
        source=source,
        folder=folder,
        project=project,
        experiments=MappingProxyType(experiments),
        morphologies=MappingProxyType(morphologies),
        recordings=MappingProxyType(recordings),
        quality=quality,
    )


def _demand_figure(name: str, experiments: Mapping[str, Experiment], where: str) -> None:
    experiment, figure = name.split(".")
    demand(experiment, experiments, where, " is not among `experiments`")
    figures = [each.name for each in experiments[experiment].figures]
    demand(figure, figures, where, f" is no figure of {experiment}")


def _read_if_there(kind: type[T], path: Path) -> T:
    return validated(kind, (read_yaml(path) or {}) if path.exists() else {}, path)


def _check_requirements(experiment: Experiment, quality: Quality, path: Path) -> None:
    """Refuse requirements that quality control does not know."""
    wanted = experiment.morphology_requires
    if wanted is None:
        return
    with naming(path):
        for key, known in (("uses", quality.uses), ("checks", quality.checks)):
            for name in getattr(wanted, key):
                before = f"morphology_requires.{key}: "
                demand(name, known, before, f" is not among the {key} of quality.yaml")


def _experiment(
    path: Path, project: Project, source: Path, groups: Mapping[str, Sequence[str]]
) -> Experiment:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: holds no experiment: keys such as `title` and `model`")
    try:
        content = {
            key: with_groups(value, groups) if key == "sweep" else value
            for key, value in content.items()
        }
    except ValueError as error:
        raise ConfigurationError(f"{path}: sweep: {error}") from error
    style = project.style.model_dump(exclude_unset=True)
    experiment = validated(Experiment, over(style, content), path)
    if not project.execution:
        return experiment
    execution = experiment.execution.model_dump() | project.execution
    replaced = {"execution": validated(Execution, execution, f"{source}: execution")}
    return experiment.model_copy(update=replaced)
