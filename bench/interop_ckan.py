"""Let a real CKAN with ckanext-dcat and ckanext-harvest harvest the site's catalogue, and compare what it holds.

    python bench/interop_ckan.py [SHARED]

``SHARED`` (``../shared``) has ``realservers/ckan_up.sh``, which installs and starts CKAN on the loopback interface with
150 made datasets, and ``scale/serve.py`` with records of real portals. The records of both are served as one portal,
which Winnow harvests and publishes, and CKAN harvests the pages of its site (``/catalog.ttl``) four times: at first;
with one record changed and one gone; again, while a night with another change is published after the first page, which
must not be seen; and once more. What should be there is counted in the records as received; a licence, if CKAN knows it
and the dataset has a file. The program exits with 1 if CKAN cannot be started or anything is missing; nothing is
skipped. ``RS_STATE`` names the folder of the servers' state, ``PORT`` CKAN's port (5000).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from interop_portal import Winnow, later, recorded

STATE = Path(os.environ.get("RS_STATE", "/tmp/realservers"))  # as the servers' own scripts have it
PORT = os.environ.get("PORT", "5000")
CKAN = f"http://127.0.0.1:{PORT}"
MADE, REAL, SOURCE = 150, 50, "winnow-interop"


def records(shared: Path) -> list[dict[str, Any]]:
    """Return the records that CKAN was made with, and some of real portals."""
    found: list[dict[str, Any]] = call("package_search", rows=1000)["results"]
    # Not those that an earlier run of this program has left there.
    made = [one for one in found if "guid" not in {extra["key"] for extra in one.get("extras", ())}]
    return [*made, *recorded(shared, REAL)]


def start(shared: Path) -> None:
    done = subprocess.run(
        ["bash", str(shared / "realservers" / "ckan_up.sh")],
        env={**os.environ, "N": str(MADE)},
        capture_output=True,
        text=True,
    )
    if "READY" not in done.stdout:
        raise SystemExit(f"CKAN cannot be started:\n{done.stdout[-500:]}{done.stderr[-2000:]}")


def call(action: str, **values: Any) -> Any:
    request = urllib.request.Request(  # loopback
        f"{CKAN}/api/3/action/{action}",
        json.dumps(values).encode(),
        {"Authorization": (STATE / "ckan" / "token").read_text().strip(), "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["result"]


_HARVEST = """
import sys
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app
from ckan.plugins import toolkit
app = make_app(CKANConfigLoader(sys.argv[1]).get_config())
with app._wsgi_app.test_request_context():
    from ckan import model
    from ckanext.harvest.model import HarvestJob, HarvestObject
    from ckanext.harvest.queue import fetch_and_import_stages, gather_stage, get_harvester
    user = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})
    made = toolkit.get_action("harvest_job_create")(
        {"ignore_auth": True, "user": user["name"], "model": model, "session": model.Session},
        {"source_id": sys.argv[2], "run": False})
    job = HarvestJob.get(made["id"])
    harvester = get_harvester(job.source.type)
    for one in gather_stage(harvester, job) or ():
        fetch_and_import_stages(harvester, HarvestObject.get(one))
    job.status = "Finished"
    job.save()
    for error in job.gather_errors:
        print("gather:", error.message)
    for obj in model.Session.query(HarvestObject).filter_by(harvest_job_id=job.id):
        for error in obj.errors:
            print("object:", obj.guid, error.message)
"""


def harvest(source: str) -> None:
    """Run a whole harvest job, without the queues that would spread it over processes."""
    venv = next(STATE.glob("venv-ckan-*"))
    command = [str(venv / "bin" / "python"), "-c", _HARVEST, str(STATE / "ckan" / "ckan.ini"), source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-1000:] + done.stderr[-3000:])
    for line in done.stdout.splitlines()[:20]:
        print("  CKAN says:", line[:300])


def held(source: str) -> dict[str, dict[str, Any]]:
    """Return what CKAN holds of the source, by the identifier of the record."""
    found: dict[str, dict[str, Any]] = {}
    start = 0
    while page := call("package_search", fq=f"harvest_source_id:{source}", rows=100, start=start)["results"]:
        for one in page:
            extras = {extra["key"]: extra["value"] for extra in one.get("extras", ())}
            found[extras["identifier"]] = one
        start += len(page)
    return found


def compare(wanted: list[dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    """Print the comparison and return what is missing."""
    bad = []

    def tell(fact: str, there: int, stated: int, least: float = 1.0) -> None:
        print(f"  {fact:34} {there:5} of {stated:5}")
        if there < least * stated:
            bad.append(fact)

    tell("datasets", sum(one["id"] in found for one in wanted), len(wanted))
    tell("no others", len(wanted), max(len(found), len(wanted)))
    pairs = [(one, found[one["id"]]) for one in wanted if one["id"] in found]
    tell("files", sum(len(has["resources"]) for _, has in pairs), sum(len(one["resources"]) for one, _ in pairs))
    tell("titles", sum(one["title"].strip() == has["title"].strip() for one, has in pairs), len(pairs), 0.99)
    known = {one["id"] for one in call("license_list")} - {"notspecified"}
    licensed = [(one, has) for one, has in pairs if one.get("license_id") in known and one["resources"]]
    same = [one["license_id"] == has.get("license_id") for one, has in licensed]
    tell("licences that CKAN knows", sum(same), len(same))
    tell(
        "licences on each file",
        sum(all(f.get("license") for f in has["resources"]) for _, has in licensed),
        len(licensed),
    )
    for one, has in licensed:
        if one["license_id"] != has.get("license_id"):
            print(
                "    ", *(one.get(name) for name in ("license_id", "license_url", "license_title")), has["license_id"]
            )
    formats = [
        (f, g)
        for one, has in pairs
        for f, g in zip(one["resources"], has["resources"], strict=False)
        if f.get("format")
    ]
    tell("files with a format", sum(bool(g.get("format")) for _, g in formats), len(formats), 0.99)
    return bad


def main(shared: Path) -> None:
    start(shared)
    for old in call("harvest_source_list"):
        if old["title"] == SOURCE:
            call("harvest_source_clear", id=old["id"])
            call("package_delete", id=old["id"])
    bad = []
    with tempfile.TemporaryDirectory() as place:
        winnow, wanted = Winnow(Path(place) / "data"), records(shared)

        def check(what: str, wanted: list[dict[str, Any]]) -> None:
            harvest(source)
            print(f"{what} ({winnow.pages} pages)", flush=True)
            winnow.pages, found = 0, held(source)
            bad.extend(f"{fact} ({what})" for fact in compare(wanted, found))
            if found.get(wanted[0]["id"], {}).get("title", "").strip() != wanted[0]["title"].strip():
                bad.append(f"the title of the changed one ({what})")

        with winnow.serving(wanted):
            name = f"{SOURCE}-{winnow.address.rpartition(':')[2]}"
            source = call("harvest_source_create", name=name, title=SOURCE, url=f"{winnow.address}/catalog.ttl",
                          source_type="dcat_rdf", config='{"rdf_format": "text/turtle"}')["id"]  # fmt: skip
            check("first harvest", wanted)
            winnow.records = wanted = later(wanted, "Changed by the portal")
            winnow.night()
            check("one record changed, one gone", wanted)
            winnow.records = later(wanted, "Changed while CKAN harvests")
            winnow.between = winnow.night
            check("the same once more, with a change in the middle", wanted)
            check("after that change", winnow.records)
    if bad:
        raise SystemExit(f"not as in the records: {', '.join(bad)}")


if __name__ == "__main__":
    _shared = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / ".." / "shared"
    try:
        main(_shared)
    finally:
        subprocess.run(["bash", str(_shared / "realservers" / "ckan_down.sh")], check=False)
