"""Let a real udata, the software of data.gouv.fr, harvest the site's catalogue, and compare what it holds.

    python bench/interop_udata.py [SHARED]

``SHARED`` (``../shared``) has ``realservers/udata_up.sh``, which installs udata, and ``scale/serve.py`` with records of
real portals. They are served as one portal, which Winnow harvests and publishes, and udata's own harvester reads the
pages of its site four times, as in ``interop_ckan.py``. Its database is mongomock, in the memory of the process
that harvests. What should be there is counted in the records as received; a licence, where its id or address in the
record is that of one that udata knows. The program exits with 1 if udata cannot be started or anything is missing.
``RS_STATE`` names the folder where it is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from interop_portal import Winnow, later, recorded

STATE = Path(os.environ.get("RS_STATE", "/tmp/realservers"))  # as the servers' own scripts have it
REAL = 400
LICENCES = [
    ("cc-by", "Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    ("cc-by-sa", "Creative Commons Attribution Share-Alike 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    ("cc-zero", "Creative Commons CC Zero", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ("cc-by-2.5-ar", "Creative Commons Attribution 2.5 Argentina", "https://creativecommons.org/licenses/by/2.5/ar/"),
    ("odc-odbl", "Open Data Commons Open Database License", "https://opendatacommons.org/licenses/odbl/"),
    ("odc-by", "Open Data Commons Attribution License", "https://opendatacommons.org/licenses/by/"),
]
"""Licences that udata is given: id, title, address. It compares addresses by themselves, without the scheme."""
_HARVEST = """
import json, sys
import udata_app
from datetime import date
with udata_app.app.app_context():
    from udata.core.dataset.models import Dataset, License
    from udata.harvest.actions import run
    from udata.harvest.models import HarvestJob, HarvestSource
    app = udata_app.app
    app.config.update(HARVESTER_BACKENDS=["dcat"], URLS_ALLOW_LOCAL=True, URLS_ALLOW_PRIVATE=True)
    # What is gone is archived at once: tomorrow is the day before which it must have been seen last.
    app.config["HARVEST_AUTOARCHIVE_GRACE_DAYS"] = -1
    License.drop_collection()
    for id, title, url in json.loads(sys.argv[2]):
        License(id=id, title=title, url=url).save()
    source = HarvestSource(name="winnow", url=sys.argv[1], backend="dcat", autoarchive=True).save(validate=False)
    for line in sys.stdin:
        run(source)
        job = HarvestJob.objects(source=source).order_by("-created").first()
        errors = [error.message for error in job.errors]
        errors += [f"{item.remote_id}: {error.message}" for item in job.items for error in item.errors]
        held = [
            {
                "id": one.harvest.remote_id,
                "title": one.title,
                "created": one.harvest.created_at and one.harvest.created_at.isoformat(),
                "modified": one.harvest.modified_at and one.harvest.modified_at.isoformat(),
                "license": one.license and one.license.id,
                "files": [{"title": f.title, "url": f.url, "format": f.format, "mime": f.mime, "size": f.filesize}
                          for f in one.resources],
            }
            for one in Dataset.objects(archived=None) if one.harvest and one.harvest.remote_id
        ]
        print(json.dumps({"status": job.status, "errors": errors, "held": held}), flush=True)
"""


class Udata:
    """A process of udata with one source, which it harvests when told."""

    def __init__(self, shared: Path, address: str) -> None:
        python = STATE / "venv-udata" / "bin" / "python"
        place = (shared / "realservers").resolve()
        files = STATE / "udata" / "interop"
        environment = os.environ | {"PYTHONPATH": str(place), "UDATA_N": "0", "UDATA_FS": str(files)}
        self._process = subprocess.Popen(
            [str(python), "-c", _HARVEST, address, json.dumps(LICENCES)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=STATE,
        )  # fmt: skip

    def harvest(self) -> list[dict[str, Any]]:
        """Run a harvest job, print its errors, and return all datasets that udata holds and shows."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            # Its libraries print, too.
            if line.startswith("{"):
                told = json.loads(line)
                break
        else:
            raise SystemExit("udata ended")
        print(f"  udata says: {told['status']}, {len(told['errors'])} errors")
        for error in told["errors"][:10]:
            print("   ", error[:300])
        held: list[dict[str, Any]] = told["held"]
        return held

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def compare(wanted: list[dict[str, Any]], held: list[dict[str, Any]]) -> list[str]:
    """Print the comparison and return what is missing."""
    bad = []
    found = {one["id"]: one for one in held}

    def tell(fact: str, there: int, stated: int, least: float = 1.0) -> None:
        print(f"  {fact:34} {there:5} of {stated:5}", flush=True)
        if there < least * stated:
            bad.append(fact)

    tell("datasets", sum(one["id"] in found for one in wanted), len(wanted))
    tell("each once, and no others", len(wanted), max(len(held), len(wanted)))
    pairs = [(one, found[one["id"]]) for one in wanted if one["id"] in found]
    # udata keeps one file for each address that a dataset names, and none without an address.
    tell("files", sum(len(has["files"]) for _, has in pairs), sum(len(_addresses(one)) for one, _ in pairs))
    tell("titles", sum(one["title"].strip() == has["title"].strip() for one, has in pairs), len(pairs), 0.99)
    known = {_bare(address): id for id, _, address in LICENCES}
    licensed = [(one, has) for one, has in pairs if _bare(one.get("license_url")) in known and one["resources"]]
    same = [known[_bare(one["license_url"])] == has["license"] for one, has in licensed]
    tell("licences whose address udata knows", sum(same), len(same))
    files = [(f, g) for one, has in pairs for f, g in _files(one["resources"], has["files"])]
    tell("addresses", len(files), sum(len(_addresses(one)) for one, _ in pairs))
    formats = [(f, g) for f, g in files if f.get("format")]
    tell("files with a format", sum(bool(g.get("format") or g.get("mime")) for _, g in formats), len(formats), 0.99)
    return bad


def _addresses(record: dict[str, Any]) -> set[str]:
    return {address for one in record["resources"] if (address := (one.get("url") or "").strip())}


def _files(stated: list[dict[str, Any]], held: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the pairs of files that have the same address; in RDF a blank of an address is %20."""
    by_address = {unquote(one["url"]): one for one in held}
    ours = {unquote((one.get("url") or "").strip()): one for one in reversed(stated)}
    return [(one, by_address[address]) for address, one in ours.items() if address in by_address]


def _bare(address: str | None) -> str:
    return (address or "").partition("://")[2].strip().lower().removeprefix("www.").rstrip("/").removesuffix("/deed.en")


def start(shared: Path) -> None:
    done = subprocess.run(
        ["bash", str(shared / "realservers" / "udata_up.sh")],
        env={**os.environ, "N": "10"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Only its installation is needed.
    subprocess.run(["bash", str(shared / "realservers" / "udata_down.sh")], check=False, capture_output=True)
    if "READY" not in done.stdout:
        raise SystemExit(f"udata cannot be started:\n{done.stdout[-500:]}{done.stderr[-2000:]}")


def main(shared: Path) -> None:
    start(shared)
    bad = []
    with tempfile.TemporaryDirectory() as place:
        winnow, wanted = Winnow(Path(place) / "data"), recorded(shared, REAL)
        with winnow.serving(wanted):
            udata = Udata(shared, f"{winnow.address}/catalog.ttl")

            def check(what: str, wanted: list[dict[str, Any]]) -> None:
                held = udata.harvest()
                print(f"{what} ({winnow.pages} pages)", flush=True)
                winnow.pages = 0
                bad.extend(f"{fact} ({what})" for fact in compare(wanted, held))
                if [one["title"] for one in held if one["id"] == wanted[0]["id"]] != [wanted[0]["title"]]:
                    bad.append(f"the title of the changed one ({what})")

            try:
                check("first harvest", wanted)
                winnow.records = wanted = later(wanted, "Changed by the portal")
                winnow.night()
                check("one record changed, one gone", wanted)
                winnow.records = later(wanted, "Changed while udata harvests")
                winnow.between = winnow.night
                check("the same once more, with a change in the middle", wanted)
                check("after that change", winnow.records)
            finally:
                udata.end()
    if bad:
        raise SystemExit(f"not as in the records: {', '.join(bad)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / ".." / "shared")
