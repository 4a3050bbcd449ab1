"""What is simulated already: the points of the batches that are kept under one recipe."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dendroflow.tables.tables import read_table


@dataclass(frozen=True)
class Kept:
    """Where the batches of one recipe are kept.

    `measures` is empty where features are extracted on the spot, as the recipe says.
    """

    folder: Path
    measures: str

    @property
    def of(self) -> tuple[str, str]:
        """Experiment and recipe."""
        return self.folder.parent.name, self.folder.name

    def statuses(self, batch: str) -> set[str]:
        """What became of the points of a batch."""
        column = read_table(self.outcomes(batch), columns=["status"]).column("status")
        return set(column.unique().to_pylist())

    def outcomes(self, batch: str) -> Path:
        """File of the outcomes of a batch."""
        return self.folder / "outcomes" / f"{batch}.parquet"

    def is_usable(self, batch: str) -> bool:
        """Whether its features are there, or can be extracted without simulating it again."""
        file = f"{batch}.parquet"
        return (self.folder / "features" / self.measures / file).exists() or (
            self.folder / "traces" / file
        ).exists()

    def points(self, retry: Iterable[str]) -> pd.DataFrame:
        """What is simulated already.

        Parameters
        ----------
        retry
            points of these statuses are left out, since they are to be simulated again.

        Returns
        -------
        pandas.DataFrame
            batch and runtime_s of each point, by point_id; of a point that several batches hold,
            a sound row before any other.
        """
        again = set(retry)
        sound, unsound = [], []
        for path in sorted(self.folder.glob("outcomes/[0-9a-f]*.parquet")):
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
