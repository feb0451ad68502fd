"""The definition of a demo portal, and a compact way to write CKAN packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harvester.demo.responses import Exhibits

__all__ = ["ATTRIBUTION_4", "NOT_SAID", "Desk", "Json", "Organisation", "Site", "identifier", "licence"]

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Site:
    """The portal of one fictional government. Its files are served at ``/<id>/files/<name>``."""

    id: str
    type: str
    title: str
    path: str
    """Path of the portal's address: the base of the CKAN, or the feed itself."""
    government: str
    country: str
    """A code from XAA to XZZ, which ISO 3166-1 reserves for users."""
    contact_email: str
    records: Callable[[str, int], list[Json]]
    """(root address without a trailing slash, night) -> the records as served."""
    files: Callable[[int], Exhibits]
    """Night -> the contents of the files folder."""


def identifier(portal: str, *names: str) -> str:
    """Return a UUID made from the id ``portal`` and ``names``; the same arguments always give the same UUID.

    ``names`` say what is identified, such as ("organization", "finance") or the name of a package.
    """
    return str(uuid5(NAMESPACE_URL, "/".join(("https://example.org", portal, *names))))


def licence(id: str | None, title: str | None = None, url: str | None = None) -> Json:
    """Return the keys ``license_id``, ``license_title`` and ``license_url`` of a CKAN package. The last is left out if
    ``url`` is None, as CKAN does."""
    return {"license_id": id, "license_title": title} | ({"license_url": url} if url else {})


ATTRIBUTION_4 = licence("CC-BY-4.0", "Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/")
NOT_SAID = licence("notspecified", "License not specified")


@dataclass(frozen=True)
class Organisation:
    """A publisher in a demo portal: its name in addresses, its title, and the e-mail address of its data desk."""

    name: str
    title: str
    email: str


@dataclass(frozen=True)
class Desk:
    """Makes CKAN packages for one demo portal. ``root`` is the address of the server, ``portal`` the id of the portal,
    and ``path`` the path of its CKAN."""

    root: str
    portal: str
    path: str

    def file(self, name: str) -> str:
        """Return the address at which the portal serves the file ``name``."""
        return f"{self.root}/{self.portal}/files/{name}"

    def resource(self, name: str, format: str, *, url: str | None = None, title: str = "", **more: Any) -> Json:
        """Return a CKAN resource for a file of this portal, or for the address ``url`` if it is given.

        ``name`` is the file's name, and ``format`` the format that the resource states. ``title`` is the resource's
        name as shown; empty means ``name``. ``more`` sets further keys. With ``url_type="upload"``, :meth:`package`
        replaces the address by the one that CKAN gives to uploaded files.
        """
        return {
            "name": title or name,
            "description": more.pop("description", ""),
            "url": self.file(name) if url is None else url,
            "url_type": None,
            "format": format,
            "mimetype": None,
            "size": None,
            "hash": "",
            "created": "2024-11-05T09:12:44.310275",
            "last_modified": None,
            "metadata_modified": "2026-02-11T14:03:27.551902",
            "state": "active",
            **more,
        }

    def package(
        self,
        name: str,
        title: Any,
        notes: str | None,
        *resources: Json,
        by: Organisation | None,
        under: Json = ATTRIBUTION_4,
        tags: tuple[str, ...] = (),
        group: str | None = None,
        extras: Mapping[str, Any] | None = None,
        created: str = "2021-06-14T08:15:11.204518",
        modified: str = "2026-02-11T14:03:27.118840",
        **odd: Any,
    ) -> Json:
        """Return a CKAN package as the action ``package_show`` returns it.

        ``name``, ``title`` and ``notes`` are its name, title and description; ``resources`` are made by
        :meth:`resource`. ``by`` is the publisher, or None. ``under`` is the licence (see :func:`licence`). ``group`` is
        the name of the package's group in CKAN, or None. ``tags`` are its keywords, ``extras`` its further fields.
        ``created`` and ``modified`` are the times of the metadata record. ``odd`` sets or replaces any other key, to
        make a record that is unusual.
        """
        id = odd.get("id") or identifier(self.portal, name)
        organisation = by and {
            "id": identifier(self.portal, "organization", by.name),
            "name": by.name,
            "title": by.title,
            "type": "organization",
            "description": "",
            "image_url": "",
            "is_organization": True,
            "approval_status": "approved",
            "state": "active",
        }
        return {
            "author": by and by.title,
            "author_email": None,
            "creator_user_id": identifier(self.portal, "user"),
            "id": id,
            "isopen": under["license_id"] == "CC-BY-4.0",
            **under,
            "maintainer": by and f"{by.title}, data desk",
            "maintainer_email": by and by.email,
            "metadata_created": created,
            "metadata_modified": modified,
            "name": name,
            "notes": notes,
            "num_resources": len(resources),
            "num_tags": len(tags),
            "organization": organisation,
            "owner_org": organisation and organisation["id"],
            "private": False,
            "state": "active",
            "title": title,
            "type": "dataset",
            "url": None,
            "version": None,
            # CKAN's extras are text; structured values are JSON inside the text.
            "extras": [
                {"key": key, "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}
                for key, value in sorted((extras or {}).items())
            ],
            "groups": [{"id": group, "name": group, "title": group.title(), "display_name": group.title()}]
            if group
            else [],
            "tags": [{"name": tag, "display_name": tag, "state": "active", "vocabulary_id": None} for tag in tags],
            "resources": [self._placed(resource, id, n) for n, resource in enumerate(resources)],
            "relationships_as_subject": [],
            "relationships_as_object": [],
            **odd,
        }

    def _placed(self, resource: Json, package: str, position: int) -> Json:
        id = identifier(self.portal, package, str(position))
        placed = {**resource, "id": id, "package_id": package, "position": position}
        if resource["url_type"] == "upload":
            name = resource["url"].rsplit("/", 1)[1]
            placed["url"] = f"{self.root}{self.path}/dataset/{package}/resource/{id}/download/{name}"
        return placed
