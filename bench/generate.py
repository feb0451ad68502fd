"""Generate tables for measurements: mixed columns, some of them dirty; the same seed gives the same table."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

__all__ = ["COLUMNS", "write_table"]

COLUMNS = (
    *("id", "name", "town", "region", "code", "amount", "share", "count", "start_date", "end_date", "updated_at"),
    *("status", "is_open", "lat", "lon", "category", "year", "note", "phone", "score"),
)
_TOWNS = ("Springfield", "Riverton", "Lake View", "Old Harbour", "Nieuwstad", "Saint-Denis", "Oakville", "Port Royal")
_NOTE = "the quick brown fox jumps over the lazy dog and so on and so on, or so it seems"


def write_table(path: Path, size_bytes: float, *, seed: int = 1, bad_every: int = 20_000, is_typed: bool = True) -> int:
    """Write a CSV of about ``size_bytes`` with 20 columns; return its rows.

    Every ``bad_every``-th row is too short, too long, or holds words among numbers or dates.
    """
    rng = random.Random(seed)
    first = dt.date(2015, 1, 1)
    size = rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        while size < size_bytes:
            rows += 1
            day = first + dt.timedelta(days=rng.randrange(3000))
            row = [
                str(rows),
                f"Organisation {rng.randrange(100_000)}",
                rng.choice(_TOWNS),
                f"R{rng.randrange(20):02}",
                f"C{rng.randrange(100_000):05}",
                f"{rng.uniform(1, 1e6):.2f}",
                f"{rng.random():.4f}",
                str(rng.randrange(1000)),
                day.isoformat(),
                (day + dt.timedelta(days=30)).isoformat(),
                f"{day.isoformat()}T{rng.randrange(24):02}:{rng.randrange(60):02}:00",
                rng.choice(("open", "closed", "pending")),
                rng.choice(("true", "false")),
                f"{rng.uniform(40, 60):.5f}",
                f"{rng.uniform(-5, 20):.5f}",
                f"category {rng.randrange(40)}",
                str(rng.randrange(1990, 2024)),
                _NOTE[: rng.randrange(20, 63)],
                f"+44 20 {rng.randrange(10**8):08}",
                f"{rng.gauss(50, 10):.3f}",
            ]
            if rows % bad_every == bad_every - 1:
                match (rows // bad_every) % 4:
                    case 0:
                        row = row[:-2]
                    case 1:
                        row.append("x")
                    case 2:
                        row[5], row[7] = "much", "many"
                    case _:
                        row[8] = "yesterday"
            line = ",".join(row) + "\n"
            size += len(line)
            file.write(line)
    return rows
