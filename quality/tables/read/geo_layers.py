"""Read the attributes of features in GeoPackage files and shapefiles with pyogrio, if installed; geometries are
ignored.

Of GDAL's drivers only these two are kept: nothing in a file can call another driver or the network.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from quality.confine import room_to_load
from quality.tables.limits import UnreadableError
from quality.tables.read.json_records import RecordTable

__all__ = ["MOST_LAYERS", "read_layers"]

MOST_LAYERS = 20
_MOST_ROWS = 200_000
_MOST_CELLS = 500_000
_DRIVERS = frozenset({"GPKG", "ESRI Shapefile"})
_INSTALL = "GeoPackage and shapefiles are read with pyogrio, which is not installed: pip install 'winnow-opendata[geo]'"
_OPTIONS = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "GDAL_NUM_THREADS": "1",
    "GDAL_PAM_ENABLED": "NO",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_SQLITE_STATIC_VIRTUAL_OGR": "NO",
    "SHAPE_RESTORE_SHX": "NO",
}


@cache
def _reader() -> Any:
    """Return pyogrio with only the two drivers."""
    os.environ |= {"GDAL_DRIVER_PATH": "disable", "PROJ_NETWORK": "OFF"}
    try:
        with room_to_load():
            import pyogrio
            from pyogrio import _ogr
    except ImportError as error:
        raise UnreadableError(_INSTALL) from error
    others = set(pyogrio.list_drivers()) - _DRIVERS
    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(sorted(others)), **_OPTIONS})
    # Registering again leaves out the drivers to skip, and removes them if they were registered.
    _ogr._register_drivers()
    if set(pyogrio.list_drivers()) - _DRIVERS:
        raise UnreadableError("GDAL keeps other drivers than the two that are wanted here")
    return pyogrio


def read_layers(path: Path) -> list[RecordTable]:
    """Return the attributes of the features in each layer of a GeoPackage or shapefile, as one table for each layer.

    ``path`` is the GeoPackage, or the .shp file of the shapefile. At most 20 layers, and 200,000 rows or 500,000 cells
    of each, are read. Raise UnreadableError if it cannot be read, or the library pyogrio is not installed.
    """
    reader = _reader()
    try:
        layers = [str(name) for name, _ in reader.list_layers(path)]
        return [_layer(reader, path, layer) for layer in layers[:MOST_LAYERS]]
    except (reader.errors.DataSourceError, reader.errors.DataLayerError, RuntimeError, ValueError) as error:
        # The library's message may quote content of the file.
        raise UnreadableError(f"GDAL cannot read it ({type(error).__name__})") from error


def _layer(reader: Any, path: Path, layer: str) -> RecordTable:
    info = reader.read_info(path, layer=layer)
    names = [str(name) for name in info["fields"]]
    most = min(_MOST_ROWS, max(1, _MOST_CELLS // max(1, len(names))))
    meta, _, _, columns = reader.raw.read(
        path, layer=layer, read_geometry=False, max_features=most, datetime_as_string=True
    )
    texts = [[_text(value) for value in column.tolist()] for column in columns]
    rows = [list(row) for row in zip(*texts, strict=True)]
    total = info["features"]
    return RecordTable(
        [str(name) for name in meta["fields"]], rows, unit="features", name=layer, is_sample=total > len(rows)
    )


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)
