"""Read ``winnow.toml`` in the data folder: settings for every command there. Command-line options override it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from specs.errors import Strict, parse, read_toml

__all__ = ["NAME", "Configuration", "load", "remember_contact"]

NAME = "winnow.toml"


def _proxy(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be http://host:port of an HTTP proxy")
    return value.rstrip("/")


class Configuration(Strict):
    """The contents of ``winnow.toml``: settings of the operator that apply to every command on one data folder."""

    contact: Annotated[str, StringConstraints(min_length=3)] | None = None
    """E-mail address or page of the operator, for the user agent."""
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None
    """``http://host:port`` of the HTTP proxy that everything but FTP and local portals goes through. This machine
    resolves and checks host names before it asks the proxy. Proxies named in environment variables are ignored."""


def load(data: Path) -> Configuration:
    """Return the settings in ``winnow.toml`` of the data folder ``data``, or the defaults if there is no such file.
    Raise SpecError if the file is invalid."""
    path = data / NAME
    return parse(Configuration, read_toml(path), str(path)) if path.is_file() else Configuration()


def remember_contact(data: Path, contact: str) -> None:
    """Write the operator's ``contact`` into ``winnow.toml`` of the data folder ``data``, so that later commands use it.
    The file must not contain a contact yet; it is created if it is missing."""
    path = data / NAME
    data.mkdir(parents=True, exist_ok=True)
    before = path.read_text("utf-8") if path.is_file() else ""
    part = path.with_suffix(".part")
    # A JSON string is also a TOML string, and the key must stand before any table.
    part.write_text(f"contact = {json.dumps(contact, ensure_ascii=False)}\n{before}", "utf-8")
    part.replace(path)
