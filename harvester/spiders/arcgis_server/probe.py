"""How an ArcGIS Server is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import (
    CERTAIN,
    AsGiven,
    Detection,
    Probe,
    ProbeResponse,
    TypeProbes,
    without_query,
)
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "arcgis_server", "arcgis_service"]


def arcgis_server(seen: ProbeResponse) -> Detection | None:
    """Return an "arcgis-server" detection if the response ``seen`` is the services directory of an ArcGIS Server, else
    None.

    It is one if its body is a JSON object with a list of services, and with a version ("currentVersion") or a list of
    folders that is not empty. The number of services is taken as the number of datasets if the directory has no
    folders; otherwise the number is None.
    """
    body = object_of(seen)
    services, folders = body.get("services"), body.get("folders") or []
    if not isinstance(services, list) or not isinstance(folders, list) or not ("currentVersion" in body or folders):
        return None
    told = f"a directory of {len(services)} services and {len(folders)} folders"
    return Detection("arcgis-server", CERTAIN, len(services) if not folders else None, told)


def arcgis_service(seen: ProbeResponse) -> Detection | None:
    """Return an "arcgis-server" detection if the response ``seen`` describes one service of an ArcGIS Server, else
    None.

    It does if its body is a JSON object with "currentVersion" and at least one field that only descriptions of services
    have, such as "mapName". The number of datasets is 1.
    """
    body = object_of(seen)
    own = {"mapName", "singleFusedMapCache", "bandCount", "hasVersionedData", "supportsDisconnectedEditing"}
    if "currentVersion" in body and own & body.keys():
        return Detection("arcgis-server", CERTAIN, 1, "one service of an ArcGIS Server")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(110, "/arcgis/rest/services?f=json", arcgis_server, "/arcgis/rest/services"),
        Probe(1040, "/rest/services?f=json", arcgis_server, "/rest/services"),
        Probe(1050, "/server/rest/services?f=json", arcgis_server, "/server/rest/services"),
    ),
    as_given=(AsGiven(40, "?f=json", arcgis_server, ("rest/services", "arcgis")),),
    recognisers=(
        (80, arcgis_server),
        (200, arcgis_service),
    ),
    own_address=without_query,
)
