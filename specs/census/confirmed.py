"""``data/census/PORTAL.toml``: which datasets of a portal a person took for key datasets, and which not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.census import key_words
from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["Confirmation", "confirmations_path", "read_confirmations", "write_confirmations"]

Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
_HEADER = """\
# Which datasets of this portal are key datasets, as a person said. Written by "winnow census review"; it may be edited.
# An answer holds until the dataset says something else of itself; then the census asks again.
"""


class Confirmation(Strict):
    """A person's answer to the question whether a dataset is a key dataset.

    ``key``: id of the key dataset. ``who``, ``when`` and ``why``: who answered, on which day, and for what reason.
    """

    key: Text
    dataset: Text
    """Id of the dataset in the catalogue."""
    identifier: str = ""
    """Identifier that the portal gave it then, in case that the catalogue is made anew."""
    title: str = ""
    """Title that it had then."""
    answer: Literal["yes", "no"]
    who: Text
    when: date
    why: Text
    said: str = ""
    """Digest of what the dataset said of itself then. With "" the answer holds whatever the dataset says."""


class _Confirmations(Strict):
    answer: tuple[Confirmation, ...] = Field(default=())


def confirmations_path(folder: Path, portal_id: str) -> Path:
    """Return the file with a portal's confirmations. ``folder``: the data folder. The file need not exist."""
    return folder / "census" / f"{portal_id}.toml"


def read_confirmations(path: Path) -> tuple[Confirmation, ...]:
    """Return the answers in the file ``path``, in its order; none if there is no such file.

    Raise SpecError, with file, key and remedy, if the file is invalid, names a key that does not exist, or has two
    answers, even equal ones, about the same dataset and key.
    """
    if not path.exists():
        return ()
    found = parse(_Confirmations, read_toml(path), str(path)).answer
    seen: set[tuple[str, str]] = set()
    for one in found:
        if one.key not in key_words():
            raise SpecError(f"{path}: key: {one.key}: no such key dataset; use one of: {', '.join(key_words())}")
        if (one.key, one.dataset) in seen:
            raise SpecError(f"{path}: {one.key}, {one.dataset}: answered twice; remove one of the answers")
        seen.add((one.key, one.dataset))
    return found


def write_confirmations(path: Path, answers: Iterable[Confirmation]) -> None:
    """Write ``answers``, in their order, to the file ``path`` in place of those that it has.

    Its folder is made if it is missing. The file is never written in part.
    """
    parts = [_HEADER]
    for one in answers:
        lines = ["[[answer]]"]
        for name, value in one.model_dump(mode="python").items():
            # A JSON string is a basic string of TOML.
            shown = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{name} = {shown}".replace("\x7f", "\\u007f"))
        parts.append("\n".join(lines) + "\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.name}.new")
    trial.write_text("\n".join(parts), encoding="utf-8")
    trial.replace(path)
