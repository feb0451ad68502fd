"""The sections of a portal file, such as ``[limits]`` and ``[schedule]``, and web addresses as they stand in it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from specs.credentials import has_credential
from specs.errors import Strict

__all__ = ["Auth", "BrokenPolicy", "Limits", "Notify", "Recheck", "Retire", "Schedule", "WebAddress"]


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address that begins with http:// or https://")
    if "@" in parts.netloc or has_credential(value):
        raise ValueError(
            "must hold no login and no key: take it out, put it into an environment variable or a file of its own, and "
            'name that in the portal file, under [auth]: basic = true, or header = "...", or query = "..."; with '
            'env = "VARIABLE" or file = "path"'
        )
    return value.rstrip("/") if not parts.query else value


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Limits(Strict):
    """Limits on requests, time and bytes for one portal. The defaults are gentle, for portals that somebody else
    operates."""

    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds between two requests to one host. robots.txt can only lengthen it."""
    concurrency: Annotated[int, Field(ge=1, le=16)] = 2
    """Requests in flight to one host."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 60
    """Seconds for one page or check, from the connection to its last byte."""
    feed_timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600
    """Seconds for one feed or table, which may be long; but see ``min_bytes_per_s``."""
    min_bytes_per_s: Annotated[int, Field(ge=0)] = 1_000
    """A feed or table slower than this over ``timeout_s`` is aborted, because it could otherwise take all night."""
    deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 7_200
    """Seconds after which the harvest of the portal is ended; what was seen by then is kept as partial."""
    check_deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 14_400
    """Seconds after which no more of the portal's addresses are checked; the others come first in the next night."""
    reconnect_s: tuple[Annotated[float, Field(gt=0, le=3_600)], ...] = (5, 10, 20, 40, 75, 150, 300)
    """Seconds before each further try if a host that responded earlier refuses connections: ten minutes in all."""
    max_wait_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    """A host that asks for a longer pause (Retry-After, rate limit), in seconds, is left alone for the rest of the
    night."""
    page_rows: Annotated[int, Field(ge=1, le=1000)] = 500
    """Records requested in one page. The portal may send fewer; if a page fails, fewer are requested."""
    max_page_bytes: Annotated[int, Field(ge=1_000)] = 25_000_000
    """Bytes of one API response, held in memory. If pages are longer, fewer records are requested at once."""
    max_feed_bytes: Annotated[int, Field(ge=1_000)] = 2_000_000_000
    """Bytes of one feed, which goes to disk."""
    max_harvest_bytes: Annotated[int, Field(ge=1_000)] = 10_000_000_000
    """Bytes received from the portal in one harvest; what was seen by then is kept as partial."""
    max_record_bytes: Annotated[int, Field(ge=1_000)] = 20_000_000
    """Bytes of one record as JSON. A longer one is lost and reported."""
    max_datasets: Annotated[int, Field(ge=1)] = 2_000_000
    """Records read in one harvest; a portal whose paging never ends is cut off here."""
    max_table_bytes: Annotated[int, Field(ge=1_000)] = 20_000_000
    """Bytes of one downloaded table. A longer one is judged by its beginning."""
    max_downloads: Annotated[int, Field(ge=0)] = 1_000
    """Tables downloaded from the portal in one night."""
    max_checks: Annotated[int, Field(ge=0)] = 20_000
    """Addresses checked in one night, the most urgent first."""


class Retire(Strict):
    """When a dataset that its portal no longer lists is retired, which means marked as withdrawn.

    It is retired after so many complete harvests without it, and so many days; both must be reached. A retired dataset
    stays in the catalogue.
    """

    grace_runs: Annotated[int, Field(ge=1)] = 3
    """Complete harvests in a row that did not see it."""
    grace_days: Annotated[int, Field(ge=0)] = 0
    """Days since the first of them."""


class BrokenPolicy(Strict):
    """When the address of a file is called broken: after so many failed checks in a row, and so many days.

    Until both are reached, the failures do not count against the publisher.
    """

    after_checks: Annotated[int, Field(ge=1)] = 3
    """Checks in a row that failed, one a night at most."""
    after_days: Annotated[int, Field(ge=0)] = 2
    """Days between the first of them and the last."""


class Recheck(Strict):
    """How many hours pass until an address is checked again, as steps that grow while nothing changes.

    After a failed check, or if the data at the address have changed, the first step is used again.
    """

    hours: Annotated[tuple[Annotated[int, Field(ge=0, le=8_760)], ...], Field(min_length=1)] = (12, 24, 168, 720)
    """Hours of each step, from a run to the next one that asks (as in udata-hydra). [0] asks in every run."""
    after_checks: Annotated[int, Field(ge=1)] = 3
    """Checks in a row with the same result that lead to the next step."""


class Schedule(Strict):
    """When a portal is due to be harvested. A portal named on the command line is harvested whether or not it is
    due."""

    every_hours: Annotated[int, Field(ge=0)] = 0
    """Minimum hours from the start of one harvest to the next; 0: every run. With 160, a nightly run harvests it once a
    week."""
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    """Days (UTC) on which it is harvested; empty for every day."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Portals with a higher number start first."""
    full_every: Annotated[int, Field(ge=1)] = 7
    """Every so many harvests all records are read, even if the portal can say what changed. 1: always."""


class Notify(Strict):
    """Who is sent a message, beside the portal's contact, when a run finds news about the portal's government."""

    webhooks: tuple[WebAddress, ...] = ()
    """Addresses that get a JSON message by POST. They are never written into the catalogue, which is public."""


class Auth(Strict):
    """The credential for a portal's API. The portal file says where the key is stored, and never contains the key
    itself.

    The key is sent with requests to the portal's own host only, and is never stored. The files that
    the portal lists are requested without it.
    """

    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """Name of the HTTP header: ``Authorization``, ``X-API-Key``."""
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """Word before the key in the header: ``Bearer``."""
    query: Annotated[str, StringConstraints(pattern=r"^[\w$.-]+$")] | None = None
    """Name of the query key instead: ``api_key``."""
    basic: bool = False
    """HTTP Basic instead: the variable or file holds ``user:password``."""
    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Environment variable that holds the key."""
    file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """File that holds the key, in one line."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Auth:
        if sum((self.header is not None, self.query is not None, self.basic)) != 1:
            raise ValueError('name one of header = "...", query = "..." or basic = true')
        if (self.env is None) == (self.file is None):
            raise ValueError('name where the key is: env = "VARIABLE" or file = "path"')
        return self
