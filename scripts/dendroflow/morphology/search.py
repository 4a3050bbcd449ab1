"""Finding cells of NeuroMorpho.Org by their metadata, through its API.

https://neuromorpho.org/apiReference.html: `/neuron/select` takes a query `q` and filters `fq`, each
of a field and a value, and answers in pages.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from dendroflow.errors import MorphologyError
from dendroflow.morphology.download import Downloader, DownloadError, NotFoundError
from dendroflow.settings.morphologies import NeuroMorpho

# The service asks for no limit; this is what its other clients keep to.
PAUSE_S = 0.5
PAGE_SIZE = 500


class Found(NamedTuple):
    """NeuroMorpho.Org's metadata of the cells that meet all criteria, by `neuron_id`.

    Of the cells `selected` by the service, so many were `read` to look for texts.
    """

    records: tuple[dict[str, Any], ...]
    selected: int
    read: int


def search(
    equal: Mapping[str, str],
    containing: Mapping[str, str],
    service: NeuroMorpho,
    *,
    most: int = 10_000,
) -> Found:
    """Search for cells by their metadata.

    Parameters
    ----------
    equal
        Field -> value that the service selects by, such as `{"species": "mouse"}`. Where a field
        has several values, one of them is enough. Upper and lower case are alike.
    containing
        Field -> text that the field must contain; looked for in what was selected.
    most
        How many of the selected cells to read at most.

    Raises
    ------
    MorphologyError
        In one line, if nothing is given to select by, or the service does not answer.
    """
    if not equal:
        raise MorphologyError(
            "name at least one field and its value for NeuroMorpho.Org to select by, such as "
            "species=mouse"
        )
    downloader = Downloader(service)
    records: list[dict[str, Any]] = []
    selected, page, pages = 0, 0, 1
    while page < pages and len(records) < most:
        if page:
            time.sleep(PAUSE_S)
        address = _address(service, equal, page, min(PAGE_SIZE, most))
        part, pages, selected = _page(downloader, address)
        records += part
        page += 1
    kept = [
        record
        for record in records[:most]
        if all(value.casefold() in _folded(record, key) for key, value in equal.items())
        and all(
            any(text.casefold() in value for value in _folded(record, key))
            for key, text in containing.items()
        )
    ]
    return Found(tuple(kept), selected, min(len(records), most))


def texts(record: Mapping[str, Any], field: str) -> list[str]:
    """The values of a field on one line each, fit for a terminal; none where it is empty."""
    value = record.get(field)
    items = value if isinstance(value, list) else [value]
    lines = (" ".join(str(item).split()) for item in items if item not in (None, "", "None"))
    return ["".join(char for char in line if char.isprintable()) for line in lines]


def _folded(record: Mapping[str, Any], field: str) -> list[str]:
    return [text.casefold() for text in texts(record, field)]


def _address(service: NeuroMorpho, equal: Mapping[str, str], page: int, size: int) -> str:
    query: list[tuple[str, object]] = []
    for key, value in equal.items():
        quoted = f'"{value}"' if set(value) & set(" ,:") else value
        query.append(("fq" if query else "q", f"{key}:{quoted}"))
    query += [("page", page), ("size", size), ("sort", "neuron_id")]
    return f"{service.address}/api/neuron/select?{urlencode(query, quote_via=quote)}"


def _page(downloader: Downloader, address: str) -> tuple[Sequence[dict[str, Any]], int, int]:
    """The records of one page, the number of pages, and of all cells."""
    try:
        body = downloader.get(address)
    except NotFoundError:
        # This is how the service says that it selects nothing.
        return [], 0, 0
    except DownloadError as error:
        raise MorphologyError(f"NeuroMorpho.Org ({address}): {error}") from error
    try:
        content = json.loads(body)
        records = content.get("_embedded", {}).get("neuronResources", [])
        page = content["page"]
        if not all(isinstance(record, dict) for record in records):
            raise TypeError
        return records, int(page["totalPages"]), int(page["totalElements"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MorphologyError(
            f"NeuroMorpho.Org ({address}): does not answer with a page of neurons; check "
            "neuromorpho.address and the names of the fields, or try again later"
        ) from error
