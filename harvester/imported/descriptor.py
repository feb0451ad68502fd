"""What ``datapackage.json`` of another Winnow's Parquet package must say to be taken in.

Keys that are not listed here are not read: later versions may have more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from catalog.parquet.descriptor import FORMAT, LICENCE

__all__ = ["Described", "DescribedFile", "DescribedOrigin", "DescribedPortal", "described"]

CatalogueId = Annotated[str, StringConstraints(pattern=r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$")]
Address = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f<>\"]+$")]
RunId = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}T[0-9]{6}Z$")]
PortalId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,40}$")]
Count = Annotated[int, Field(ge=0, le=50_000_000)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class DescribedOrigin(_Model):
    """A catalogue through which a portal came: its id, the address of its site, and who publishes it."""

    id: CatalogueId
    site_url: Address | None = None
    published_by: Line | None = None


class DescribedPortal(_Model):
    """A portal of the package. ``origin``: who measured it, then everybody through whom it came."""

    id: PortalId
    last_complete_run: RunId | None = None
    last_complete_at: Annotated[str, StringConstraints(max_length=40)] | None = None
    origin: Annotated[tuple[DescribedOrigin, ...], Field(min_length=1, max_length=10, strict=False)]

    @property
    def completed(self) -> datetime | None:
        """End of the last complete harvest, with a time zone; None if none was complete. Raise ValueError for what is
        no instant."""
        if self.last_complete_at is None:
            return None
        found = datetime.fromisoformat(self.last_complete_at)
        if found.tzinfo is None:
            raise ValueError(f"{self.last_complete_at!r} has no time zone")
        return found


class DescribedFile(_Model):
    """A Parquet file of the package. Its path is not read: it follows from table and portal."""

    hash: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0, le=1 << 40)]
    path: Annotated[str, StringConstraints(max_length=200)]
    table: Annotated[Name, Field(alias="winnow:table")]
    portal: Annotated[PortalId | None, Field(alias="winnow:portal")] = None
    rows: Annotated[Count, Field(alias="winnow:rows")]


class _Winnow(_Model):
    format: Literal[FORMAT]  # type: ignore[valid-type]
    catalogue: DescribedOrigin
    run: RunId
    winnow_version: Line | None = None
    portals: Annotated[tuple[DescribedPortal, ...], Field(max_length=10_000, strict=False)]


class _Licence(_Model):
    path: str


class Described(_Model):
    """The descriptor of a package."""

    winnow: _Winnow
    licenses: Annotated[tuple[_Licence, ...], Field(max_length=20, strict=False)] = ()
    resources: Annotated[tuple[DescribedFile, ...], Field(max_length=500_000, strict=False)]


def described(found: Any) -> Described:
    """Return the descriptor in a JSON document. Raise ValueError, with key, reason and next step, if it is not that of
    a package that this version reads, or not under the licence of our own measurements."""
    version = found.get("winnow", {}).get("format") if isinstance(found, dict) and _is_object(found, "winnow") else None
    if not isinstance(version, int):
        raise ValueError(
            "it is no Parquet package of a Winnow: winnow.format is missing; take the folder exports/parquet"
        )
    if version != FORMAT:
        raise ValueError(f"it has format {version}, and this version reads {FORMAT}: use a newer version of Winnow")
    try:
        made = Described.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])[:200]
        raise ValueError(f"{where}: {first['msg'][:200]}") from None
    if LICENCE not in {one.path for one in made.licenses}:
        raise ValueError(f"licenses: the measurements are not under {LICENCE}; ask who publishes them")
    for name in ("id", "id of portals"):
        keys = (
            [(one.table, one.portal) for one in made.resources] if name == "id" else [p.id for p in made.winnow.portals]
        )
        if len(keys) != len(set(keys)):
            raise ValueError("a table or portal is listed twice")
    for portal in made.winnow.portals:
        if len({one.id for one in portal.origin}) != len(portal.origin):
            raise ValueError(f"{portal.id}: origin: a catalogue is listed twice")
    return made


def _is_object(found: dict[str, Any], key: str) -> bool:
    return isinstance(found.get(key), dict)
