"""Metrics of usability: can a program read the data, and does the catalogue say how?"""

from __future__ import annotations

from catalog import vocabulary
from catalog.vocabulary import FileFormat
from quality.evidence import claims
from quality.evidence.prose import is_law, is_text
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE, format_name, format_of_data, present, yes

__all__: list[str] = []


def format_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares a format, else 0.

    It does so by dct:format, in any words, or by a media type that names a format. "application/octet-stream" names
    none.
    """
    return yes(bool(present(s.distribution.format)) or _names_format(s))


def _names_format(s: DistributionSubject) -> bool:
    named = vocabulary.file_format(s.distribution.media_type)
    return named is not None and named.id not in ("OCTET", "BIN")


def format_known(s: DistributionSubject) -> float | None:
    """Return 1 if the declared format is in Winnow's vocabulary of file formats, else 0.

    A recognised media type counts if no format (dct:format) is declared. None if neither is there, because
    ``format_present`` already fails.
    """
    if present(s.distribution.format):
        return format_field_known(s)
    return 1.0 if _names_format(s) else None


def format_field_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares a format (dct:format), in any words, else 0."""
    return present(s.distribution.format)


def format_field_known(s: DistributionSubject) -> float:
    """Return 1 if the declared format (dct:format) is in Winnow's vocabulary of file formats, else 0; 0 also without
    one.
    """
    return yes(vocabulary.file_format(s.distribution.format) is not None)


def media_type_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares a media type (dcat:mediaType), else 0."""
    return present(s.distribution.media_type)


def media_type_known(s: DistributionSubject) -> float:
    """Return 1 if the declared media type is in Winnow's vocabulary of media types, else 0."""
    return yes(vocabulary.known_media_type(s.distribution.media_type) is not None)


def format_aligned(s: DistributionSubject) -> float:
    """Return 1 if the declared format and the declared media type are both in Winnow's vocabularies, else 0."""
    return format_field_known(s) * media_type_known(s)


def format_mqa_machine_readable(s: DistributionSubject) -> float:
    """Return 1 if the declared format is on the list of machine-readable formats of the EU's MQA, else 0."""
    return yes(s.declared_format is not None and s.declared_format.mqa_machine_readable)


def format_mqa_non_proprietary(s: DistributionSubject) -> float:
    """Return 1 if the declared format is on the list of non-proprietary formats of the EU's MQA, else 0."""
    return yes(s.declared_format is not None and s.declared_format.mqa_non_proprietary)


def machine_readable(s: DistributionSubject) -> Measurement:
    """Return 1 if the format is machine-readable, else 0. Unknown if the format is not known.

    The format is that of the file served, or else the declared one. What was served in place of the file, such as an
    error page, does not count. None for the text of a law, ordinance or judgment, and for a web page that shows a map.
    An archive such as ZIP is readable if a table was read in it, else unknown: what it contains decides.
    """
    fmt = format_of_data(s)
    if fmt is not None and (fmt.id == "MAP_PRVW" or (is_text(fmt) and is_law(s.dataset.title))):
        return None
    if fmt is not None and fmt.kind == "archive" and not fmt.is_machine_readable:
        has_table = s.table is not None and s.table.status in ("valid", "invalid") and s.table.row_count is not None
        return 1.0 if has_table else UNKNOWN
    return UNKNOWN if fmt is None else yes(fmt.is_machine_readable)


def machine_readable_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``machine_readable``: "the format is PDF".

    The format is that of the file served, or else the declared one.
    """
    return f"the format is {format_name(format_of_data(s))}"


def format_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the format recognised in the bytes of the file fits the declared format, else 0.

    None if no format of a file is declared, if the address is broken or invalid, or if a web page or other content came
    in place of the file, because then other metrics already fail. Unknown if the address was not checked or the check
    was inconclusive, if no format was recognised in the bytes, or if the declared format cannot be recognised from
    bytes with certainty.
    """
    declared, served = s.declared_format, s.served_format
    if declared is None or declared.kind in ("web", "service"):
        return None
    if s.check is None or not s.check.is_known:
        return UNKNOWN
    if s.check.outcome != "ok" or (s.table is not None and s.table.status == "wrong_content"):
        return None
    return UNKNOWN if served is None else claims.agrees(declared, served)


def format_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``format_truthful``: "declared CSV, served XLS"."""
    return f"declared {format_name(s.declared_format)}, served {format_name(s.served_format)}"


def _served_as(fmt: FileFormat | None, s: DistributionSubject) -> Measurement:
    """Return 1 if the bytes are of the given format, else 0; None if it is no file's, or a page came in its place."""
    is_page = fmt is None or fmt.kind in ("web", "service")
    if fmt is None or is_page or s.table is None or s.table.status == "wrong_content" or s.served_format is None:
        return None
    return claims.agrees(fmt, s.served_format)


def media_type_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the format recognised in the bytes of the file fits the declared media type, else 0.

    None if the media type is missing, not recognised, that of a web page or service, or application/octet-stream, which
    is true of any file. None also if no file was inspected, other content came in its place, or no format was
    recognised in its bytes. Unknown if files of the declared media type cannot be recognised with certainty.
    """
    fmt = vocabulary.file_format(s.distribution.media_type)
    return None if fmt is not None and fmt.id in ("OCTET", "BIN") else _served_as(fmt, s)


def media_type_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``media_type_truthful``.

    For example "declared text/csv, served XLS".
    """
    return f"declared {s.distribution.media_type}, served {format_name(s.served_format)}"


def content_type_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the format recognised in the bytes of the file fits the Content-Type header of the response, else 0.

    None if there is no successful response with that header, or if the header is not recognised, is that of a web page
    or service, or names no format (text/plain, application/octet-stream). None also if no file was inspected, other
    content came in its place, or no format was recognised in its bytes. Unknown if the named format cannot be
    recognised from bytes with certainty.
    """
    fmt = vocabulary.file_format(s.check.content_type) if s.check is not None and s.check.outcome == "ok" else None
    return None if fmt is None or fmt.id in ("TXT", "OCTET", "BIN") else _served_as(fmt, s)


def content_type_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``content_type_truthful``.

    For example "sent as text/csv, is XLS", with the Content-Type header as it was sent. "no" if the URL was not
    checked.
    """
    return NOTHING_MORE if s.check is None else f"sent as {s.check.content_type}, is {format_name(s.served_format)}"


def byte_size_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the declared size agrees with the size of the file served, else 0.

    A difference of a tenth and 1,000 bytes is allowed. None if no size is declared or it cannot be read, if the address
    is broken or invalid, or if other content came in place of the file. Unknown if the size of the file is not known.
    """
    if s.table is not None and s.table.status == "wrong_content":
        return None
    return claims.byte_size(s.distribution.byte_size, s.check)


def byte_size_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``byte_size_truthful``.

    For example "declared 20 KB, served 1048576 bytes". "no" if the URL was not checked.
    """
    if s.check is None:
        return NOTHING_MORE
    return f"declared {s.distribution.byte_size}, served {claims.served_bytes(s.check)} bytes"


def checksum_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the file served has the declared checksum, else 0.

    None if no hexadecimal checksum in a supported algorithm is declared, if the address is broken or invalid, or if
    other content came in place of the file. Otherwise unknown if the checksum of the file was not computed. None also
    if the declared checksum has another length than the algorithm gives.
    """
    if s.table is not None and s.table.status == "wrong_content":
        return None
    return claims.checksum(s.distribution, s.check)


def checksum_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``checksum_truthful``.

    They say which checksum differs, by the algorithm that the record declares, for example "the declared SHA-256 is
    another than that of the file".
    """
    return f"the declared {s.distribution.checksum_algorithm} is another than that of the file"


def language_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the script in which the file is written fits a declared language, 0 if it fits none of them, else
    None.

    Only a script other than Latin decides: the Latin script is shared by too many languages. The result is 0 only if
    all declared languages are written in Latin letters. None in all other cases: no language is declared, one of them
    is not recognised, the address does not answer, no script was recognised in the file, or a declared language is
    written in a third script.
    """
    languages = [vocabulary.language(one) for one in s.distribution.language or s.dataset.language]
    if s.check is None or s.check.outcome != "ok" or None in languages:
        return None
    return claims.language([one.id for one in languages if one is not None], s.check.script)


def language_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``language_truthful``.

    For example "declared en, written in Cyrillic letters". "no" if the URL was not checked.
    """
    if s.check is None:
        return NOTHING_MORE
    declared = ", ".join(s.distribution.language or s.dataset.language)
    return f"declared {declared}, written in {s.check.script} letters"


def file_distinct(s: DistributionSubject) -> Measurement:
    """Return 0 if the file has the same bytes as the file of another year of the same data, else 1.

    Files of another year belong to the same publisher and have titles that differ only in the year. Files below 1,000
    bytes and tables without rows give 1, because they may be equal for good reason. None unless the file was downloaded
    completely.
    """
    if s.check is None or s.check.outcome != "ok" or s.check.sha256 is None or s.check.is_truncated:
        return None
    return yes(claims.twin_of(s) is None)


def file_distinct_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``file_distinct``, at most 300 characters.

    They name another distribution with the same file, by the titles of its dataset and its own, for example "the same
    file as of: Budget 2023 / Spending 2023".
    """
    return f"the same file as of: {claims.twin_of(s)}"[:300]


def byte_size_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares its size in bytes (dcat:byteSize), else 0."""
    return present(s.distribution.byte_size)


def documentation_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution or its dataset has documentation, a schema or a standard that it
    conforms to, else 0.
    """
    d, dataset = s.distribution, s.dataset
    own = (d.documentation, d.described_by, d.conforms_to)
    shared = (dataset.documentation, dataset.described_by, dataset.conforms_to)
    return yes(any(present(value) for value in (*own, *shared)))


def status_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares its status (adms:status), else 0."""
    return present(s.distribution.status)


def dcat_ap_mandatory(s: DatasetSubject) -> float:
    """Return 1 if the mandatory properties of DCAT-AP 2.1.1 are declared, else 0.

    They are title and description of the dataset, a name of its publisher if it has one, and an access URL of each
    distribution.
    """
    d = s.dataset
    has_names = (d.publisher is None or bool(d.publisher.name)) and present(d.title) and present(d.description)
    return yes(bool(has_names) and all(present(x.distribution.access_url) for x in s.distributions))
