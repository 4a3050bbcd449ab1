"""Whom a paper cites that rests on a run: as lines of text, and as BibTeX."""

from collections.abc import Iterable
from dataclasses import dataclass

from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration


@dataclass(frozen=True)
class Reference:
    """A publication of a piece of software.

    Attributes
    ----------
    key
        of BibTeX, which is the software's name in small letters, and a year.
    kind
        of BibTeX: article or book.
    """

    key: str
    kind: str
    software: str
    author: str
    title: str
    where: str
    year: int
    doi: str

    @property
    def text(self) -> str:
        """One line."""
        said = f"{self.author}, {self.title}, {self.where}, {self.year}, doi {self.doi}"
        return f"{self.software}: {said}"

    @property
    def bibtex(self) -> str:
        """An entry."""
        field = {"article": "journal", "book": "publisher"}[self.kind]
        fields = {
            "author": self.author.replace(", ", " and ").replace("et al.", "others"),
            "title": f"{{{self.title}}}",
            field: self.where,
            "year": str(self.year),
            "doi": self.doi,
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


NEURON = (
    Reference(
        *("neuron2006", "book", "NEURON", "Nicholas T. Carnevale, Michael L. Hines"),
        *("The NEURON Book", "Cambridge University Press", 2006, "10.1017/CBO9780511541612"),
    ),
    Reference(
        *("neuron2022", "article", "NEURON", "Omar Awile, et al."),
        "Modernizing the NEURON Simulator for Sustainability, Portability, and Performance",
        *("Frontiers in Neuroinformatics 16:884046", 2022, "10.3389/fninf.2022.884046"),
    ),
)
CORENEURON = Reference(
    *("coreneuron2019", "article", "CoreNEURON", "Pramod Kumbhar, et al."),
    "CoreNEURON: An Optimized Compute Engine for the NEURON Simulator",
    *("Frontiers in Neuroinformatics 13:63", 2019, "10.3389/fninf.2019.00063"),
)
SNAKEMAKE = Reference(
    *("snakemake2021", "article", "Snakemake", "Felix Mölder, et al."),
    "Sustainable data analysis with Snakemake",
    *("F1000Research 10:33", 2021, "10.12688/f1000research.29032.2"),
)
EFEL = Reference(
    *("efel2026", "article", "eFEL", "Darshan Mandge, et al."),
    "eFEL: Electrophysiology feature extraction library",
    *("Bioinformatics 42(6)", 2026, "10.1093/bioinformatics/btag328"),
)
BLUEPYOPT = Reference(
    *("bluepyopt2016", "article", "BluePyOpt", "Werner Van Geit, et al."),
    "BluePyOpt: Leveraging Open Source Software and Cloud Infrastructure to Optimise Model "
    "Parameters in Neuroscience",
    *("Frontiers in Neuroinformatics 10:17", 2016, "10.3389/fninf.2016.00017"),
)


def references(configuration: Configuration, engines: Iterable[str]) -> list[Reference]:
    """Return what the experiments of a configuration use, whose engines are these."""
    experiments = configuration.experiments.values()
    found = [*NEURON, SNAKEMAKE]
    if "coreneuron" in engines:
        found.append(CORENEURON)
    if any(map(_takes_efel, experiments)):
        found.append(EFEL)
    if any(experiment.optimise is not None for experiment in experiments):
        found.append(BLUEPYOPT)
    return found


def _takes_efel(experiment: Experiment) -> bool:
    under = [experiment.under(name) for name in experiment.protocols] or [experiment]
    return any(block.efel for one in under for block in one.features.blocks)
