"""Read the people and organisations of an ISO record: who publishes the data, and who can be asked."""

from __future__ import annotations

from lxml import etree

from catalog.model import Contact, Publisher
from harvester.facts.values import email, first
from harvester.spiders.documents.iso_text import code, href, iso_text
from harvester.spiders.documents.xml_reading import find, find_all

__all__ = ["PUBLISHERS", "Parties", "contact_of", "parties_of", "publisher_of"]

Parties = list[tuple[str, dict[str, str | None]]]
"""Pairs of role (in lower case) and the party's names and addresses."""
PUBLISHERS = (
    "publisher", "owner", "rightsholder", "resourceprovider", "custodian", "originator", "pointofcontact", "author",
    "principalinvestigator", "distributor", "sponsor", "funder", "editor", "processor", "collaborator", "contributor",
)  # fmt: skip
"""Roles whose organisation counts as publisher, the best first, in lower case."""


def parties_of(record: etree._Element, about: etree._Element | None, cited: etree._Element | None) -> Parties:
    """Return the people and organisations responsible for the data as pairs (role, party).

    ``record`` is the root of the ISO record, ``about`` the element with the description of the data, and ``cited`` its
    citation. Contacts for the data come first, then the parties of the citation, then the distributors. The role is in
    lower case, and "" if none is stated. A party is a dictionary with the keys organisation, person, position, email,
    url and identifier; what is not stated is None.
    """
    places = [
        *find_all(about, "pointOfContact/*"),
        *find_all(cited, "citedResponsibleParty/*"),
        *find_all(record, "distributionInfo/MD_Distribution/distributor/MD_Distributor/distributorContact/*"),
    ]
    return [((code(find(place, "role/CI_RoleCode")) or "").lower(), _party(place)) for place in places]


def _party(place: etree._Element) -> dict[str, str | None]:
    """Return names, email and web address of a CI_ResponsibleParty or CI_Responsibility."""
    party = find(place, "party/CI_Organisation")
    person = find(place, "party/CI_Individual")
    # The Swiss profile splits a person's name into parts.
    parted = " ".join(part for name in ("First", "Last") if (part := iso_text(place, f"individual{name}Name")))
    inside = find(party, "individual/CI_Individual")
    mails, links = [], []
    for holder in (place, party, inside, person):
        mails += find_all(holder, "contactInfo/CI_Contact/address/CI_Address/electronicMailAddress")
        links += find_all(holder, "contactInfo/CI_Contact/onlineResource/CI_OnlineResource/linkage")
    return {
        "organisation": first(iso_text(place, "organisationName"), iso_text(party, "name")),
        "identifier": href(find(place, "organisationName")),
        "person": first(
            iso_text(place, "individualName"),
            parted,
            iso_text(inside, "name"),
            iso_text(person, "name"),
        ),
        # A position, such as "help desk", can be asked but does not publish.
        "position": first(iso_text(place, "positionName"), iso_text(inside, "positionName")),
        "email": email(first(*(iso_text(mail) for mail in mails))),
        "url": first(*(iso_text(link) for link in links)),
    }


def publisher_of(parties: Parties) -> Publisher | None:
    """Return the publisher of the data among ``parties``; None if nobody with a name has a suitable role.

    The roles are tried in the order of :data:`PUBLISHERS`, for organisations first and then for people. A person who is
    only the point of contact is no publisher.
    """
    for kind in ("organisation", "person"):
        for role in PUBLISHERS:
            for held, who in parties:
                # A person named as point of contact is no publisher.
                if held == role and (name := who[kind]) and (kind == "organisation" or role != "pointofcontact"):
                    return Publisher(name=name, identifier=who["identifier"], email=who["email"], url=who["url"])
    return None


def contact_of(parties: Parties, record: etree._Element) -> Contact | None:
    """Return the contact for the data; None if there is none.

    ``parties`` are those responsible for the data; the contacts of ``record`` (its root element) come after them.
    Anyone with an email or web address is preferred, the point of contact first.
    """
    ordered = sorted(parties, key=lambda one: one[0] != "pointofcontact")
    ordered += [("", _party(place)) for place in find_all(record, "contact/*")]
    reachable = [who for _, who in ordered if who["email"] or who["url"]]
    for who in [*reachable, *(who for _, who in ordered)]:
        name = who["organisation"] or who["person"] or who["position"]
        if name or who["email"] or who["url"]:
            return Contact(name=name, email=who["email"], url=who["url"])
    return None
