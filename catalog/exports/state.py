"""``folders.json``: what each exported folder was made from, in which run, and the hashes of its files.

With it the next export sees which folders it can leave alone, and the manifest need not read their files again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalog.files import write_whole

__all__ = ["STATE", "ExportState", "FolderState", "read_state"]

STATE = "folders.json"
"""Name of the file, in the folder of all governments."""


@dataclass(slots=True)
class FolderState:
    """What is recorded about one exported folder.

    ``fingerprint``: digest of what its files were made from, see :mod:`catalog.exports.fingerprints`.
    """

    fingerprint: str
    run: str
    """Id of the run that wrote it."""
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file, by its name in the folder."""

    def is_whole(self, folder: Path) -> bool:
        """Return whether every recorded file is in ``folder`` with the recorded size.

        The contents are not read: ``winnow verify`` compares them with the hashes of the manifests.
        """
        try:
            return all((folder / name).stat().st_size == size for name, (size, _) in self.files.items())
        except OSError:
            return False


@dataclass(slots=True)
class ExportState:
    """What is recorded about all exported folders, in ``folders.json``, to recognise which must be written again.

    ``everything``: digest of all that the files were made from; "" if the export was interrupted or there was none.
    """

    everything: str = ""
    folders: dict[str, FolderState] = field(default_factory=dict)
    """By path below the folder of all governments, which is "." itself."""

    def is_whole(self, out: Path) -> bool:
        """Return whether every recorded folder has all its recorded files with their sizes.

        ``out``: the folder of all governments. The result is False if that folder itself is not recorded.
        """
        return "." in self.folders and all(one.is_whole(out / name) for name, one in self.folders.items())

    def hash_of(self, name: str, size: int) -> str | None:
        """Return the recorded SHA-256 of a file; None if it is not recorded, or is recorded with another size.

        ``name``: its path relative to the folder of all governments. ``size``: its present size in bytes.
        """
        folder, _, file = name.rpartition("/")
        known = self.folders.get(folder or ".")
        # Files in folders that are of nobody alone are recorded with everything, by their whole path.
        file, known = (file, known) if known else (name, self.folders.get("."))
        found = known.files.get(file) if known else None
        return found[1] if found and found[0] == size else None

    def write(self, out: Path) -> None:
        """Write ``folders.json`` into ``out``; it is never half written."""
        out.mkdir(parents=True, exist_ok=True)
        content = {"everything": self.everything, "folders": {n: asdict(self.folders[n]) for n in sorted(self.folders)}}
        write_whole(out / STATE, json.dumps(content, ensure_ascii=False) + "\n")


def read_state(out: Path) -> ExportState:
    """Return the state in ``folders.json`` of the folder ``out``; an empty one if there is none that can be read."""
    try:
        content: dict[str, Any] = json.loads((out / STATE).read_text("utf-8"))
        folders = {
            name: FolderState(
                one["fingerprint"], one["run"], {n: (int(f[0]), str(f[1])) for n, f in one["files"].items()}
            )
            for name, one in content["folders"].items()
        }
        return ExportState(str(content["everything"]), folders)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return ExportState()
