"""Recognise the columns of an inventory by their names, and if these say nothing or are wrong, by their values.

Hand-made tables have their own headers: "Web address", "dbid", "Nombre del conjunto de datos". Names are folded (case,
accents, signs) and compared as a whole, then without the words for "dataset". Addresses are recognised by the cells,
not by the header: a column "API" whose cells say "checked" is a status.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from catalog.vocabulary import format_of_url
from harvester.facts import field_name
from quality.tables.read.text_table import TextTable

__all__ = ["FURTHER", "fields_of", "is_inventory"]

_COLUMNS: dict[str, tuple[str, ...]] = {
    "identifier": (
        "identifier", "id", "identificador", "identifiant", "kennung", "codigo", "code", "identificativo", "uuid",
        "guid", "uid", "dataset_id", "datasetid",
        "identyfikator", "identifikator", "tunniste", "идентификатор", "код", "識別子", "编号", "編號", "식별자",
        "αναγνωριστικό", "المعرف",
    ),
    "title": (
        "title", "titulo", "titre", "titel", "titolo", "name", "nombre", "nom", "nome", "dataset", "label",
        "bezeichnung", "dataset_name", "dataset_title", "conjunto_de_datos", "conjunto_de_dados", "jeu_de_donnees",
        "datensatz",
        "naam", "navn", "namn", "nimi", "nimike", "tytuł", "nazwa", "název", "nazev", "názov", "naziv", "naslov",
        "ime", "cím", "megnevezés", "denumire", "titlu", "τίτλος", "όνομα", "başlık", "adı", "наименование",
        "название", "назва", "заглавие", "наслов", "назив", "nosaukums", "pavadinimas", "nimetus", "タイトル", "名称",
        "データセット名", "データ名", "标题", "標題", "名稱", "数据集名称", "資料集名稱", "数据名称", "제목",
        "데이터셋명", "목록명", "العنوان", "اسم", "שם",
        "judul", "nama", "tên", "ชื่อ", "наименование_набора_данных", "название_набора_данных",
        "наименование_набора", "назва_набору_даних",
    ),
    "description": (
        "description", "abstract", "summary", "resumen", "resume", "descr", "details", "descripcion", "descricao",
        "beschreibung", "descrizione", "notes",
        "omschrijving", "beschrijving", "beskrivelse", "beskrivning", "kuvaus", "opis", "popis", "leírás",
        "descriere", "περιγραφή", "açıklama", "описание", "опис", "апісанне", "説明", "概要", "描述", "简介",
        "說明", "설명",
        "الوصف", "תיאור", "deskripsi", "mô_tả", "apraksts", "aprašymas", "kirjeldus",
    ),
    "publisher": (
        "publisher", "publicador", "editeur", "producteur", "herausgeber", "organisation", "organization",
        "organizacion", "orgao", "editore", "entidad", "responsable", "owner", "owner_name", "agency", "department",
        "ministry", "institution", "institucion", "dienststelle", "provider", "author", "autor", "custodian",
        "dependencia", "organismo", "direction", "ente",
        "amt", "behörde", "stelle", "uitgever", "organisatie", "eigenaar", "utgiver", "ansvarlig", "organisaatio",
        "ylläpitäjä", "julkaisija", "dostawca", "wydawca", "urząd", "instytucja", "poskytovatel", "vydavatel",
        "úřad", "izdavač", "intézmény", "instituție", "instituția", "φορέας", "υπηρεσία", "kurum", "владелец",
        "организация", "орган", "издатель", "розпорядник", "организация", "提供機関", "組織名", "所管課", "部署",
        "担当課", "部门",
        "发布机构", "提供機關", "提供机构", "机关", "기관", "제공기관", "الجهة", "גוף", "instansi", "cơ_quan",
    ),
    "contact_name": (
        "contact_name", "contact", "contact_person", "contact_point", "contacto", "contato", "ansprechpartner",
        "contatto",
    ),
    "contact_email": (
        "contact_email", "email", "e_mail", "contact_mail", "correo", "correo_electronico", "courriel", "mail",
    ),
    "licence": (
        "licence", "license", "licencia", "licenca", "lizenz", "licenza", "licence_type", "license_type",
        "terms_of_use", "nutzungsbedingungen", "licence_url", "license_url", "licentie",
        "lisens", "lisenssi", "licens", "licencja", "licence_dat", "licencia", "лицензия", "ліцензія", "ライセンス",
        "利用規約", "许可", "授權", "라이선스", "άδεια", "lisans", "الترخيص",
    ),
    "keywords": (
        "keywords", "keyword", "tags", "tag", "palabras_clave", "etiquetas", "mots_cles", "palavras_chave",
        "schlagworter", "parole_chiave",
    ),
    "theme": (
        "theme", "themes", "tema", "thema", "topic", "subject", "sector", "category", "categoria", "categorie",
        "kategorie",
    ),
    "issued": (
        "issued", "published", "release_date", "publication_date", "date_published", "date_issued",
        "fecha_publicacion", "date_publication", "veroffentlicht", "data_publicacao", "date_de_publication",
    ),
    "modified": (
        "modified", "updated", "last_update", "last_updated", "last_modified", "date_modified", "update_date",
        "date_updated", "last_refreshed", "letzte_aktualisierung", "stand", "fecha_de_actualizacion",
        "fecha_actualizacion", "date_mise_a_jour", "aktualisiert", "data_atualizacao", "date_de_mise_a_jour",
        "ultima_actualizacion",
        "gewijzigd", "oppdatert", "opdateret", "uppdaterad", "päivitetty", "aktualizacja", "aktualizováno",
        "обновлено", "дата_обновления", "更新日", "最終更新日", "更新日期", "更新时间",
    ),
    "frequency": (
        "frequency", "update_frequency", "updates", "frecuencia_de_actualizacion", "frequence_de_mise_a_jour",
        "aktualisierung", "aktualisierungszyklus", "frecuencia", "frequence", "frequencia", "haufigkeit",
        "periodicite", "periodicidad", "periodicidade", "frequenza",
        "turnus", "intervall", "frekvens", "päivitystiheys", "częstotliwość", "frekvence", "периодичность",
        "更新頻度",
        "更新频率",
    ),
    "spatial": (
        "spatial", "coverage", "cobertura", "couverture", "raumbezug", "area", "country", "countries", "region",
        "geographic_coverage", "spatial_coverage", "pais", "pays", "land",
    ),
    "temporal_start": ("temporal_start", "start", "inicio", "debut", "beginn"),
    "temporal_end": ("temporal_end", "end", "fin", "fim", "ende"),
    "language": ("language", "languages", "langs", "lang", "idioma", "langue", "sprache", "lingua"),
    "landing_page": (
        "landing_page", "homepage", "web_page", "webpage", "portal_url", "page", "pagina", "web", "website",
        "seite",
    ),
    "is_part_of": ("is_part_of", "series", "parent"),
    "file_title": ("file_title", "resource", "recurso", "ressource", "datei"),
    "download_url": (
        "download_url", "url", "link", "enlace", "lien", "file", "fichier", "archivo", "arquivo", "href", "uri",
        "web_address", "address", "data_url", "download_link", "url_de_descarga", "download", "descarga",
        "fundstelle", "adresse", "adres", "bestand", "fil", "lenke", "länk", "linkki", "tiedosto", "plik", "odkaz",
        "soubor", "hivatkozás", "legătură", "σύνδεσμος", "bağlantı", "ссылка", "ссылка_на_файл", "посилання",
        "ダウンロード", "ダウンロードurl", "下载地址", "下載連結", "链接", "連結", "링크", "الرابط", "קישור",
        "tautan", "liên_kết", "adreso",
    ),
    "access_url": ("access_url", "service", "api"),
    "format": (
        "format", "formato", "file_format", "file_type", "filetype", "formats", "dateiformat",
        "formaat", "muoto", "формат", "ファイル形式", "形式", "格式", "형식", "formát",
    ),
    "media_type": ("media_type", "mime_type", "mimetype"),
    "byte_size": ("byte_size", "size", "tamano", "taille", "grosse", "tamanho"),
}  # fmt: skip
_FACTS = {
    **{
        (fact, "dataset"): fact
        for fact in (
            "licence", "title", "description", "keywords", "frequency", "spatial", "temporal_start", "temporal_end",
            "language", "issued", "modified", "publisher", "contact_name", "contact_email",
        )
    },
    ("themes", "dataset"): "theme", ("responsible", "dataset"): "publisher", ("contact", "dataset"): "contact_name",
    ("maintainer", "dataset"): "contact_name", ("maintainer_email", "dataset"): "contact_email",
    **{(fact, "file"): fact for fact in ("format", "media_type", "byte_size")},
}  # fmt: skip
"""Facts of ``specs/field_names.toml`` for which an inventory has a field."""
_OF_DATA = frozenset((
    "dataset", "datasets", "data", "set", "record", "resource", "resources", "the", "of", "for", "to", "del", "de",
    "la", "las", "los", "do", "da", "dos", "das", "des", "du", "le", "les", "el", "d", "l", "conjunto", "conjuntos",
    "datos", "jeu", "jeux", "donnees", "dados", "dati", "daten", "datensatz", "datensatzes", "datensatze",
    "recurso", "ressource", "catalogue", "catalog", "full", "official", "main", "public", "und", "and", "y", "e",
    "et",
))  # fmt: skip
"""Words of a header that only say that it is about a dataset."""
_ADDRESSES = ("download_url", "access_url", "landing_page")
_OF_OTHERS = re.compile(
    r"owner|publisher|organi[sz]|author|agenc|ministr|logo|image|imagen|icon|thumb|licen|lizenz|contact|mail|metadata|doc"
)
"""Match headers of addresses that do not lead to the data."""
_API = re.compile(r"(^|_)(api|service|servicio|endpoint|dienst|wms|wfs)(_|$)")
_NUMBERING = re.compile(
    r"(^|_)(id|uid|uuid|guid|key|slug|ref|reference|referencia|nr|no|num|number|numero|clave|cle)$|^\w{1,6}id$"
)
_ADDRESS = re.compile(r"(?i)(https?|ftps?)://\S+|www\.\S+\.\S+|//\S+\.\S+")
_HOST = re.compile(r"(?i)([a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(:\d+)?/?|(\d{1,3}\.){3}\d{1,3}(:\d+)?/?")
_PATH = re.compile(r"\.{0,2}/?[\w-]+(/[\w.-]+)+|[\w-]+\.[a-zA-Z]\w{1,7}|\w+://\S*|/\S+")
_NONE = re.compile(r"(?i)n\.?/?a\.?|none|null|tbd|no|-+|–|\?")
"""Match a cell that means "nothing"."""
FURTHER = "@file:"
"""Prefix of the field name for a column with a further file; the column's header follows."""
LONGEST_TITLE = 120
"""Highest average length, in characters, of a column that may hold titles."""
LOOKED_AT = 500
"""Number of cells of a column that are examined."""
MOST = 0.5
"""Share of the cells (0..1) that decides what a column holds."""


def fields_of(table: TextTable) -> dict[str, int]:
    """Return which column of ``table`` holds which field, as a mapping from field name to column number (from 0).

    Columns are recognised by their headers first. A column for addresses is dropped if no cell of it may be an address.
    Then the cells decide which further columns hold addresses and, if none was found yet, titles or identifiers. If
    several columns match a field, the first one is used. Each further column with addresses of files is a field of its
    own, named FURTHER followed by the header.
    """
    headers = [_folded(label) for label in table.header]
    found: dict[str, int] = {}
    for read in (_KNOWN.get, _loosely):
        for place, header in enumerate(headers):
            if place not in found.values() and (field := read(header)) is not None:
                found.setdefault(field, place)
    for place, label in enumerate(table.header):
        # The table of names for all portal types may know a header that this module does not.
        if place not in found.values() and (other := _of_all_types(label)) is not None:
            found.setdefault(other, place)
    for field in _ADDRESSES:
        if field in found and not _may_be_addresses(table, found[field]):
            del found[field]
    _add_addresses(table, headers, found)
    has_address = any(field in found for field in _ADDRESSES)
    if "title" not in found and has_address and (naming := _titling(table, headers, found)) is not None:
        found["title"] = naming
    if "identifier" not in found and (naming := _identifying(table, headers, found)) is not None:
        found["identifier"] = naming
    return found


def is_inventory(header: list[str]) -> bool:
    """Return whether ``header``, that of a table, has a column for titles and one for addresses of files or pages.

    Such a table may list the datasets of a portal.
    """
    fields = {_KNOWN.get(_folded(label)) or _loosely(_folded(label)) for label in header}
    return "title" in fields and any(field in fields for field in _ADDRESSES)


def _of_all_types(label: str) -> str | None:
    """Return the field of a header as in ``specs/field_names.toml``."""
    for of in ("dataset", "file"):
        name = field_name(label, "dataset" if of == "dataset" else "file")
        if name is not None and (name.fact, of) in _FACTS:
            return _FACTS[name.fact, of]
    return None


def _folded(label: str) -> str:
    """Return a header in lower case without accents, its words joined by "_"; letters of every script are kept."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", label) if unicodedata.category(one) != "Mn")
    parted = re.sub(r"([a-z])([A-Z])", r"\1_\2", plain).casefold()
    return re.sub(r"[\W_]+", "_", parted).strip("_")


_KNOWN = {_folded(name): field for field, names in _COLUMNS.items() for name in names}


def _loosely(header: str) -> str | None:
    """Return the field of a header after removing the words for "dataset"."""
    plain = header.replace("_", "")
    if plain in _KNOWN:
        return _KNOWN[plain]
    words = [word for word in header.split("_") if word not in _OF_DATA]
    return _KNOWN.get("_".join(words)) if words and len(words) < len(header.split("_")) else None


def _cells(table: TextTable, place: int) -> list[str]:
    """Return the first non-empty cells of a column."""

    def held() -> Iterator[str]:
        for row in table.rows:
            if place < len(row) and (cell := row[place].strip()):
                yield cell

    return [cell for cell, _ in zip(held(), range(LOOKED_AT), strict=False)]


def _share(cells: list[str], pattern: re.Pattern[str]) -> float:
    return sum(pattern.fullmatch(cell) is not None for cell in cells) / len(cells) if cells else 0.0


def _may_be_addresses(table: TextTable, place: int) -> bool:
    """Return whether some cell of a column may be an address; an empty column may hold addresses too."""
    cells = _cells(table, place)
    return not cells or any(pattern.match(cell) for cell in cells for pattern in (_ADDRESS, _HOST, _PATH))


def _add_addresses(table: TextTable, headers: list[str], found: dict[str, int]) -> None:
    """Add the columns whose cells are addresses, whatever their names; a bare host names a site, not a file."""
    named = found.get("download_url")
    if named is not None and "landing_page" not in found and _share(_cells(table, named), _HOST) > MOST:
        found["landing_page"] = found.pop("download_url")
    for place, header in enumerate(headers):
        if place in found.values() or _OF_OTHERS.search(header):
            continue
        cells = [cell for cell in _cells(table, place) if not _NONE.fullmatch(cell)]
        if _share(cells, _ADDRESS) <= MOST:
            continue
        forms = [format_of_url(cell) for cell in cells]
        files = sum(one is not None and one.id not in ("HTML", "XHTML") and one.kind != "service" for one in forms)
        wanted = ["landing_page", "download_url", "access_url"]
        if _API.search(header):
            wanted = ["access_url"]
        elif files * 2 > len(cells):
            # With a column for each format, every one of them holds a file.
            wanted = ["download_url", FURTHER + table.header[place].strip()]
        field = next((one for one in wanted if one not in found), None)
        if field is not None:
            found[field] = place


def _titling(table: TextTable, headers: list[str], found: dict[str, int]) -> int | None:
    """Return the first column of words whose values are different in nearly every row."""
    for place, header in enumerate(headers):
        if place in found.values() or _NUMBERING.search(header) or _OF_OTHERS.search(header):
            continue
        cells = _cells(table, place)
        if not cells or len(cells) < 0.9 * min(len(table.rows), LOOKED_AT):
            continue
        worded = sum(sum(letter.isalpha() for letter in cell) > len(cell) / 2 for cell in cells)
        is_short = sum(map(len, cells)) <= LONGEST_TITLE * len(cells)
        is_own = len(set(cells)) >= 0.9 * len(cells)
        if is_own and is_short and worded > 0.9 * len(cells) and not any("@" in cell for cell in cells):
            return place
    return None


def _identifying(table: TextTable, headers: list[str], found: dict[str, int]) -> int | None:
    """Return a column that is named like an identifier and is unique in nearly every row; a running number is none."""
    for place, header in enumerate(headers):
        if place in found.values() or not _NUMBERING.search(header):
            continue
        cells = _cells(table, place)
        looked_at = min(len(table.rows), LOOKED_AT)
        is_running = [cell.rstrip(".") for cell in cells] == [str(n) for n in range(1, len(cells) + 1)]
        if cells and len(cells) >= 0.9 * looked_at and len(set(cells)) >= MOST * len(cells) and not is_running:
            return place
    return None
