"""The metrics and dimensions of the EU's Metadata Quality Assessment (MQA) that ours correspond to.

data.europa.eu publishes its own measurements in DQV with the terms of piveau's vocabulary,
``https://piveau.eu/ns/voc#`` (piveau-vocabularies, ``piveau-dqv-vocabulary.ttl``). Its values are true and false, and
HTTP status codes; ours are numbers from 0 to 1, so a term is close, not the same, where the answers differ in kind.
"""

from __future__ import annotations

__all__ = ["MQA", "MQA_CLOSE", "MQA_DIMENSIONS", "MQA_EXACT"]

MQA = "https://piveau.eu/ns/voc#"
MQA_EXACT = {
    "keyword_present": "keywordAvailability",
    "theme_present": "categoryAvailability",
    "spatial_present": "spatialAvailability",
    "temporal_present": "temporalAvailability",
    "download_url_declared": "downloadUrlAvailability",
    "format_field_present": "formatAvailability",
    "media_type_present": "mediaTypeAvailability",
    "format_aligned": "formatMediaTypeVocabularyAlignment",
    "licence_in_mqa_list": "knownLicence",
    "access_rights_present": "accessRightsAvailability",
    "access_rights_known": "accessRightsVocabularyAlignment",
    "contact_present": "contactPointAvailability",
    "publisher_present": "publisherAvailability",
    "rights_present": "rightsAvailability",
    "byte_size_present": "byteSizeAvailability",
    "distribution_issued_present": "dateIssuedAvailability",
    "distribution_modified_present": "dateModifiedAvailability",
}
"""Our metric, and the MQA's that asks the same of the same thing and answers it with yes or no."""
MQA_CLOSE = {
    # A status code there.
    "access_url_ok": "accessUrlStatusCode",
    "download_url_ok": "downloadUrlStatusCode",
    # The dataset's licence counts for its files here.
    "licence_present": "licenceAvailability",
    # Lists of formats of ours; the shapes of a version of DCAT-AP there that is not told.
    "format_mqa_non_proprietary": "formatMediaTypeNonProprietary",
    "format_mqa_machine_readable": "formatMediaTypeMachineInterpretable",
    "dcat_ap_2_conforms": "dcatApCompliance",
    # Of the dataset here, of the file there.
    "issued_present": "dateIssuedAvailability",
    "modified_or_record_present": "dateModifiedAvailability",
    "mqa_v1": "scoring",
}
"""Our metric, and the MQA's that asks nearly the same."""
MQA_DIMENSIONS = {
    "findability": "findability",
    "accessibility": "accessibility",
    "interoperability": "interoperability",
    "reusability": "reusability",
    "contextuality": "contextuality",
}
"""Dimension of the systems ``mqa_v1`` and ``mqa_v2``, and its term."""
