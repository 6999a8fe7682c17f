"""Batches of text kept on disk between passes, for formats that are slow to read twice; columns may join later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spool:
    """Write batches, some of which have more columns than those before; read them back with all columns."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, 0
        self.files: list[Path] = []
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._names: list[str] = []

    def add(self, names: list[str], columns: list[pa.Array]) -> None:
        """A batch; `names` begins with the names of the batch before."""
        batch = pa.RecordBatch.from_arrays(columns, names=[str(i) for i in range(len(names))])
        if self._writer is None or len(names) != len(self._names):
            self.close()
            self._names = list(names)
            self.files.append(self.folder / f"spool-{len(self.files)}.arrows")
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_stream(str(self.files[-1]), batch.schema, options=options)
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """All batches under these names; columns that were not known yet are missing."""
        self.close()
        for file in self.files:
            with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as reader:
                for batch in reader:
                    columns = [
                        *batch.columns,
                        *[pa.nulls(batch.num_rows, pa.string())] * (len(names) - batch.num_columns),
                    ]
                    yield pa.RecordBatch.from_arrays(columns, names=names)
