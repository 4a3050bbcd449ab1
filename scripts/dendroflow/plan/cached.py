"""What is simulated already: the points of the batches of one `simulation_code`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow import layout
from dendroflow.tables.tables import read_notes, read_table
from dendroflow.tables.unfinished import has_sections, kept_in, notes_of, statuses


@dataclass(frozen=True)
class Cached:
    """Where the batches of an experiment's `simulation_code` lie.

    Attributes
    ----------
    feature_code
        empty where features are extracted on the spot: then `simulation_code` covers it.
    sections
        morphology -> digest of its sections, as far as they are known: a batch that was simulated
        with others does not count.
    """

    results: Path
    experiment: str
    simulation_code: str
    feature_code: str
    sections: Mapping[str, str] = field(default_factory=dict)

    def outcomes(self, batch: str) -> Path:
        """File of the outcomes of a batch."""
        return self._path(layout.OUTCOMES, batch)

    def traces(self, batch: str) -> Path:
        """File of the traces of a batch; it may not be there."""
        return self._path(layout.TRACES, batch)

    def features(self, batch: str) -> Path:
        """File of the features of a batch."""
        return self._path(
            layout.BATCH_FEATURES if self.feature_code else layout.FEATURES_ALONE, batch
        )

    def _path(self, pattern: layout.Pattern, batch: str, **values: Any) -> Path:
        return pattern.below(
            self.results,
            experiment=self.experiment,
            simulation_code=self.simulation_code,
            feature_code=self.feature_code,
            batch=batch,
            **values,
        )

    def statuses(self, batch: str) -> set[str]:
        """What became of the points of a batch."""
        return set(read_table(self.outcomes(batch), columns=["status"])["status"].to_pylist())

    def is_usable(self, batch: str) -> bool:
        """Whether it has features, or traces to extract them from, of the sections of now."""
        if not (self.features(batch).exists() or self.traces(batch).exists()):
            return False
        if not self.sections:
            return True
        return has_sections(read_notes(self.outcomes(batch)), self.sections)

    @property
    def unfinished(self) -> list[Path]:
        """Files that keep groups of batches that are not finished."""
        folder = self._path(layout.UNFINISHED, "0", number=0).parent
        return [path for path in kept_in(folder) if has_sections(notes_of(path), self.sections)]

    def unfinished_points(self, retry: Iterable[str]) -> set[str]:
        """Points that were simulated, and are in no batch yet."""
        again = set(retry)
        found = chain.from_iterable(statuses(path).items() for path in self.unfinished)
        return {point_id for point_id, status in found if status not in again}

    def points(self, retry: Iterable[str]) -> pd.DataFrame:
        """What is simulated already.

        Parameters
        ----------
        retry
            points of these statuses are left out, since they are to be simulated again.

        Returns
        -------
        pandas.DataFrame
            batch and runtime_s of each point, by point_id; of a point that several batches have,
            a sound row before any other.
        """
        again = set(retry)
        sound, unsound = [], []
        for path in sorted(self.outcomes("0").parent.glob("[0-9a-f]*.parquet")):
            if not self.is_usable(path.stem):
                continue
            table = read_table(path, columns=["point_id", "status", "runtime_s"]).to_pandas()
            table.insert(1, "batch", path.stem)
            is_ok = table["status"] == "ok"
            sound.append(table[is_ok])
            unsound.append(table[~is_ok & ~table["status"].isin(again)])
        if not sound:
            return pd.DataFrame({"batch": [], "runtime_s": []}, index=pd.Index([], dtype=str))
        whole: pd.DataFrame = pd.concat([*sound, *unsound]).drop_duplicates("point_id")
        return whole.set_index("point_id")[["batch", "runtime_s"]]
