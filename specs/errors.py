"""How an invalid hand-written file is refused: file, key, what is wrong, what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from specs.credentials import mask

M = TypeVar("M", bound="Strict")


class SpecError(Exception):
    """Raised if a hand-written file, such as a portal file, cannot be used. The message names the file, the key and
    what to do."""


class Strict(BaseModel):
    """Base class of the models that read hand-written files. An unknown key is an error, objects cannot be changed, and
    blanks around texts are removed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, str_strip_whitespace=True)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the contents of the TOML file ``path``.

    Raise SpecError if the file is missing, cannot be read, or is not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file; check the path") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: not valid TOML: {error}; strings need quotation marks") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None


def parse(model: type[M], data: dict[str, Any], where: str) -> M:
    """Return ``data``, the contents of a file, as an object of the class ``model``.

    ``where``: the name of the file in error messages. Raise SpecError with one line for each invalid key.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecError("\n".join(_line(model, e, where) for e in error.errors())) from None


def _line(model: type[Strict], error: Any, where: str) -> str:
    key = ".".join(str(part) for part in error["loc"]) or "(file)"
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: {key}: unknown key; remove it, or use one of: {', '.join(_keys(model, error['loc']))}"
        case "missing":
            return f"{where}: {key}: missing; add it"
        case _:
            value = mask(str(error.get("input")))[:80]
            return f"{where}: {key}: {mask(error['msg'])} (found {value!r}); correct the value"


def _keys(model: type[Strict], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed beside the wrong one, following nested models."""
    fields = model.model_fields
    for part in loc[:-1]:
        annotation = fields[part].annotation if isinstance(part, str) and part in fields else None
        nested = [a for a in (annotation, *getattr(annotation, "__args__", ())) if hasattr(a, "model_fields")]
        if nested:
            fields = nested[0].model_fields
    return sorted(field.alias or name for name, field in fields.items())
