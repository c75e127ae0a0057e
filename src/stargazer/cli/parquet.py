"""Neighbours as Parquet, where pyarrow is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from typing import Any, BinaryIO

from stargazer.cli.answer import Row
from stargazer.errors import InvalidRequest
from stargazer.service.items import item

_ROWS_A_GROUP = 10_000


def check_parquet() -> None:
    """See whether Parquet can be written.

    Raises:
        InvalidRequest: pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise InvalidRequest("--format", "csv, ndjson or json until you `pip install pyarrow`", got="parquet")


class ParquetWriter:
    """Writes Parquet with the members of the published items as columns."""

    def __init__(self, file: BinaryIO) -> None:
        # It is large, and most people have no use for it.
        self._arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        self._schema = self._columns()
        self._held: list[dict[str, Any]] = []
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        for row in rows:
            self._held.append(item(row))
            if len(self._held) == _ROWS_A_GROUP:
                self._pass_on()

    def close(self) -> None:
        """Write the footer, without which the rest cannot be read."""
        self._pass_on()
        self._writer.close()

    def _pass_on(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._held, schema=self._schema))
        self._held.clear()

    def _columns(self) -> Any:
        arrow = self._arrow
        counts = ["shared", "stars", "shared_low", "shared_high"]
        scores = ["relevance", "jaccard", "cosine"]
        return arrow.schema(
            [
                ("repo", arrow.string()),
                ("stargazers", arrow.list_(arrow.string())),
                *((name, arrow.int64()) for name in counts),
                *((name, arrow.float64()) for name in scores),
            ]
        )
