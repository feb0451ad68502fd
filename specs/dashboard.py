"""``dashboard.toml``: the figures of the Project Open Data dashboard."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from specs.errors import Strict, parse, read_toml

__all__ = ["Figure", "dashboard_version", "figures"]


class Figure(Strict):
    """One figure of the Project Open Data dashboard: its id and title."""

    id: str
    title: str


class _Dashboard(Strict):
    version: str
    source: str
    figure: tuple[Figure, ...]


@lru_cache(maxsize=1)
def _file() -> _Dashboard:
    path = Path(__file__).parent / "dashboard.toml"
    return parse(_Dashboard, read_toml(path), str(path))


def figures() -> dict[str, Figure]:
    """Return the figures of the Project Open Data dashboard by id, in the order of the file."""
    return {figure.id: figure for figure in _file().figure}


def dashboard_version() -> str:
    """Return the version of ``dashboard.toml``, the definition of the dashboard's figures."""
    return _file().version
