"""Turn a table into frames for Great Expectations: its rows, its columns, the file, and all values in one column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal, overload

from quality.tables.read.text_table import TextTable
from quality.tables.scan.column_kinds import ColumnKind
from quality.tables.scan.parse_cells import days, numbers
from specs.expectations import COLUMN_KEYS

__all__ = ["Frames", "Pool"]

_MARK = "\x1f"
"""Part of the names of our own columns. No name of a table contains it, because there it counts as a space."""
_HALVES = (f"{_MARK}row{_MARK}left", f"{_MARK}row{_MARK}right")

ReadAs = Literal["text", "number", "date"]


class Pool(Sequence[str]):
    """The different texts of many columns, in the order in which they first occur. Missing ones (None) are left out.

    Repeated texts are removed when an element is first asked for. To see that no text contains a given word,
    :attr:`joined` is enough, which takes less time.
    """

    def __init__(self, columns: Sequence[Sequence[str | None]]) -> None:
        self._columns = columns

    @cached_property
    def joined(self) -> str:
        """Return the texts of all columns as one, each on a line, repeated ones too."""
        return "\n".join("\n".join(filter(None, column)) for column in self._columns)

    @cached_property
    def _texts(self) -> list[str]:
        found = dict.fromkeys(chain.from_iterable(self._columns))
        found.pop(None, None)
        return list(found)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return any(cell is not None for column in self._columns for cell in column)

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._texts[place]


class Frames:
    """The data frames of one table that Great Expectations checks. A column of a frame is built when it is first
    needed.

    There are four frames. "rows" has the columns of the table. "columns" has one row for each column of the table.
    "file" has a single row about the table as a whole. "pool" has columns with the distinct values of many columns of
    the table.

    ``table``: the table, or its first rows. ``kinds``: the kind of values in each of its columns. ``row_count``: the
    number of rows in the whole file; None if unknown.
    """

    def __init__(self, table: TextTable, kinds: Sequence[ColumnKind], row_count: int | None) -> None:
        self._table, self._kinds, self._row_count = table, kinds, row_count
        self._names = table.names
        width = len(self._names)
        self._rows: list[tuple[str | None, ...]] = []
        self.lines: list[int] = []
        """The line of the file on which each row of the frame "rows" starts."""
        missing = (None,) * width
        for row, line in zip(table.rows, table.lines, strict=True):
            cells: tuple[str | None, ...] = tuple(map(str.strip, row))
            if "" in cells:
                cells = tuple([cell or None for cell in cells])
                # A row without values is a structural defect, not a payment without an amount.
                if not any(cells):
                    continue
            if cells:
                self._rows.append(cells if len(cells) == width else (cells + missing)[:width])
                self.lines.append(line)
        self._made: dict[str, Sequence[Any]] = {}

    @cached_property
    def _cells(self) -> dict[str, Sequence[str | None]]:
        """Return the cells by column; a blank is None."""
        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(self._names)
        return dict(zip(self._names, columns, strict=True))

    def fitting(self, each: str) -> list[str]:
        """Return the names of the table columns that contain values of a kind.

        ``each`` is "text", "number" or "date", or "any" for all columns.
        """
        return [name for name, kind in zip(self._names, self._kinds, strict=True) if each in ("any", kind.kind)]

    def read(self, name: str, read_as: ReadAs) -> str:
        """Return the name of the frame column that contains the cells of the table column ``name``.

        ``read_as`` says how the cells are read: as "text", "number" or "date".
        """
        if read_as == "text":
            return name
        made = f"{name}{_MARK}{read_as}"
        if made not in self._made:
            cells = self._cells[name]
            self._made[made] = days(cells) if read_as == "date" else numbers(cells, self._decimal_char(name))
        return made

    def _decimal_char(self, name: str) -> str | None:
        # A comma was found in every value, so it is certain; a point is only assumed.
        found = self._kinds[self._names.index(name)].descriptor.get("decimalChar")
        return "," if found == "," else None

    def own(self, name: str) -> str:
        """Return the name that a column of the frame "columns" or "file" has in the data frame.

        ``name`` is what expectations call it, such as "row_count". The result differs from all names of columns of the
        table.
        """
        return f"{_MARK}{name}"

    def plain(self, column: str) -> str:
        """Return the name of the table column that a frame column was made from, for use in messages.

        For a column of the frames "columns" and "file", it is the name that expectations use, such as "row_count".
        """
        return column.strip(_MARK).partition(_MARK)[0]

    def pool(self, each: str, read_as: ReadAs) -> str:
        """Return the name of the frame column with the distinct values of all table columns of a kind.

        ``each`` is the kind, as in :meth:`fitting`; ``read_as`` says whether cells are read as text, numbers or dates.
        """
        made = f"{_MARK}each {each}{_MARK}{read_as}"
        if made not in self._made:
            columns = [self.values("rows", self.read(name, read_as)) for name in self.fitting(each)]
            if read_as == "text":
                self._made[made] = Pool(columns)
            else:
                distinct = dict.fromkeys(chain.from_iterable(columns))
                distinct.pop(None, None)
                self._made[made] = list(distinct)
        return made

    def halves(self) -> list[str]:
        """Return the names of two frame columns, made to find equal rows: one has the left half of each row, one the
        right half.

        Each half is a single text. Two rows are equal if both of their halves are.
        """
        return list(_HALVES)

    def _half(self, column: str) -> list[str | None]:
        middle = len(self._names) // 2
        places = slice(middle) if column == _HALVES[0] else slice(middle, None)
        halves = [row[places] for row in self._rows]
        return [repr(half) if any(half) else None for half in halves]

    def whole_rows(self, columns: Sequence[str]) -> Sequence[Sequence[str | None]] | None:
        """Return the values of all columns of the table if ``columns`` are the two :meth:`halves`, else None.

        Rows that are equal in all columns are equal in both halves. So repeated rows can be found without building the
        halves.
        """
        return list(self._cells.values()) if tuple(columns) == _HALVES else None

    def values(self, frame: str, column: str) -> Sequence[Any]:
        """Return the cells of one column of a frame, None for missing ones; empty if the frame has no such column.

        ``frame`` is "rows", "columns", "file" or "pool".
        """
        if column in self._made:
            return self._made[column]
        if frame == "rows" and column not in _HALVES:
            return self._cells.get(column, ())
        if frame == "rows":
            self._made[column] = self._half(column)
            return self._made[column]
        if column == self.own("name"):
            # A blank name is already reported as a structural defect; as None it is not checked again.
            self._made[column] = [label if label.strip() else None for label in self._table.header]
        elif column == self.own("filled_share"):
            total = len(self._rows)
            # To compare each cell with None takes five times as long.
            filled = [len(list(filter(None, cells))) for cells in self._cells.values()]
            self._made[column] = [count / total if total else None for count in filled]
        elif column == self.own("row_count"):
            self._made[column] = [self._row_count]
        elif column == self.own("column_count"):
            self._made[column] = [len(self._names)]
        else:
            return ()
        return self._made[column]

    def build(self, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> Any:
        """Return a pandas data frame with the columns that some expectations need. Short columns are padded with nulls.

        ``wanted`` contains a pair for each expectation: the name of the frame that it is about, and its settings, which
        name the columns.
        """
        import pandas as pd

        columns = self._wanted(wanted)
        height = max((len(values) for values in columns.values()), default=0)
        return pd.DataFrame(
            {name: pd.Series([*values, *[None] * (height - len(values))]) for name, values in columns.items()}
        )

    def height(self, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Return the number of rows of the data frame that :meth:`build` would return for the same ``wanted``."""
        return max((self._length(frame, name) for frame, name in self._named(wanted)), default=0)

    def _length(self, frame: str, column: str) -> int:
        return len(self._rows) if frame == "rows" and column in _HALVES else len(self.values(frame, column))

    def _wanted(self, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Sequence[Any]]:
        columns: dict[str, Sequence[Any]] = {}
        for frame, name in self._named(wanted):
            if name not in columns and (values := self.values(frame, name)):
                columns[name] = values
        return columns

    def _named(self, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
        """Yield frame and name of each column that some expectations need, perhaps repeatedly."""
        for frame, settings in wanted:
            named = [settings[key] for key in COLUMN_KEYS if key in settings]
            flat = [name for one in named for name in ([one] if isinstance(one, str) else one)]
            for name in flat or self._whole(frame):
                yield frame, name

    def _whole(self, frame: str) -> list[str]:
        """Return the columns for expectations about the table as a whole."""
        if frame == "rows":
            return self._names
        own = ("name", "filled_share") if frame == "columns" else ("row_count", "column_count")
        return [self.own(name) for name in own]
