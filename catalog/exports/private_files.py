"""Write the files that nobody may publish into a folder of their own, beside ``exports`` and not inside it.

``private/<government>/publishers/<publisher>/personal.csv`` in the data folder says where personal data are suspected
in the files of one publisher, who alone is sent it. Only the owner of the data folder can read it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from catalog.exports.finding_lines import FindingLines
from catalog.exports.folders import folder_name, publisher_folder
from catalog.exports.job import ExportJob
from catalog.exports.sent_file import PERSONAL, sent_file
from catalog.repositories.withheld import withheld_personal

__all__ = ["PRIVATE", "misplaced", "private_file", "write_private"]

PRIVATE = "private"
"""Name of the folder, in the data folder."""


def private_file(data: Path, government: str, publisher: str | None, publisher_id: str) -> Path:
    """Return the path of the file that says where personal data are suspected in the files of a publisher.

    It need not exist. ``data``: the data folder. ``government``: name of the publisher's government. ``publisher``:
    name of the publisher, None if it has none.
    """
    own = publisher_folder(publisher, publisher_id)
    return data / PRIVATE / folder_name(government) / "publishers" / own / f"{PERSONAL}.csv"


def write_private(job: ExportJob) -> list[Path]:
    """Write the private files of a run, each readable by its owner alone, and return their paths.

    They are few, and are written in every export. Those of earlier exports that this one does not write are deleted:
    the data are gone, or the finding is public by now. So are the files that earlier versions wrote below ``exports``.
    """
    data = job.catalog.path.parent
    for path in misplaced(job.out):
        path.unlink()
    # Only our own rule and an instant are inserted into the text.
    rows = job.catalog.db.conn.execute(
        f"""select d.publisher_id, d.id from findings f join datasets d on d.id = f.dataset_id
            where {withheld_personal(job.run_id)} and d.publisher_id is not null order by 1, 2"""  # noqa: S608  # see above
    ).fetchall()
    datasets: dict[str, dict[str, None]] = {}
    for publisher_id, dataset_id in rows:
        datasets.setdefault(publisher_id, {})[dataset_id] = None
    written: list[Path] = []
    lines = FindingLines(job.catalog, job.run_id) if datasets else None
    for card in job.cards if lines else ():
        ids = datasets.get(card["entity_id"], ()) if card["entity_level"] == "publisher" else ()
        if lines is None or not (found := [*lines.rows([*ids], is_withheld=True)]):
            continue
        path = private_file(data, card["government"], card["entity_name"], card["entity_id"])
        _close(data / PRIVATE)
        with sent_file(job, path.parent, PERSONAL, job.languages[card["government"]]) as file:
            for row in found:
                file.write(row)
        for one in file.paths:
            one.chmod(0o600)
        written += file.paths
    _delete_others(data / PRIVATE, {*written})
    return written


def misplaced(exports: Path) -> list[Path]:
    """Return the private files that earlier versions wrote into the folder ``exports``, sorted. The next export deletes
    them."""
    return sorted(exports.glob(f"*/publishers/*/{PERSONAL}*"))


def _close(folder: Path) -> None:
    """Make a folder that only its owner can enter, or make one so that is there already."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _delete_others(folder: Path, kept: set[Path]) -> None:
    for path in folder.glob(f"*/publishers/*/{PERSONAL}*"):
        if path not in kept:
            path.unlink()
            for parent in path.parents[:4]:
                # One that is not empty stays.
                with suppress(OSError):
                    parent.rmdir()
