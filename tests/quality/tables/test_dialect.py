"""Encodings, delimiters, headers, and what columns hold."""

from __future__ import annotations

import codecs

import pytest

from quality.tables.read.dialect import decode, detect_dialect, find_header, read_records
from quality.tables.scan.column_kinds import kind_by_values

FRENCH = "Numéro;Libellé;Quantité\n1;Forêt élevée à Besançon;3,5\n2;Hôtel de ville, préfecture;7,1\n" * 20
GERMAN = "Straße;Größe;Ort\nHauptstraße;5,3;Köln\nBürgerplatz;6;München\n" * 20
POLISH = "Ulica;Województwo;Ilość\nŁódzka;łódzkie;3,5\nGłówna;śląskie;małżeństwa źródło\n" * 20
SPANISH = "Código;Descripción;Año\n1;Niñez y educación pública;2019\n2;Señalización de vías;2020\n" * 20
PORTUGUESE = "Código;Descrição;Região\n1;Educação e saúde pública;Açores\n2;Ações de inclusão;São João\n" * 20
DANISH = "Kode;Område;År\n1;København og Ærø;2019\n2;Søer og åer på Fyn;2020\n" * 20
RUSSIAN = "Город;Улица;Число\nМосква;Ленина;5\nКазань;Мира;6\n" * 20
GREEK = "Δήμος;Πληθυσμός\nΑθήνα;664046\nΠάτρα;213984\n" * 20


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (FRENCH, "cp1252", "windows-1252"),
        (GERMAN, "cp1252", "windows-1252"),
        (GERMAN, "latin-1", "windows-1252"),
        (POLISH, "cp1250", "windows-1250"),
        (FRENCH, "cp850", "cp850"),
        (GERMAN, "cp850", "cp850"),
        (GERMAN, "mac_roman", "mac-roman"),
        (SPANISH, "cp850", "cp850"),
        (SPANISH, "cp1252", "windows-1252"),
        (PORTUGUESE, "cp850", "cp850"),
        (PORTUGUESE, "cp1252", "windows-1252"),
        (DANISH, "cp850", "cp850"),
        (DANISH, "cp1252", "windows-1252"),
        (POLISH, "cp852", "cp852"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (GREEK, "cp1253", "windows-1253"),
        (FRENCH, "utf-8", "utf-8"),
        (FRENCH, "utf-8-sig", "utf-8"),
        (RUSSIAN, "utf-16", "utf-16"),
        (FRENCH, "utf-16-le", "utf-16-le"),
    ],
)
def test_encodings(text: str, codec: str, expected: str) -> None:
    decoded = decode(text.encode(codec))
    assert (decoded.encoding, decoded.text, decoded.bad_bytes) == (expected, text, 0)
    assert (decoded.confidence == 1.0) == (expected in ("utf-8", "utf-16"))


def test_declared_charset_goes_before_a_guess() -> None:
    decoded = decode("Łódź;1\n".encode("iso-8859-2"), "ISO-8859-2")
    assert decoded.text == "Łódź;1\n"
    assert decode(FRENCH.encode(), "iso-8859-1").encoding == "utf-8"  # but not before the bytes


def test_utf8_cut_inside_a_character() -> None:
    raw = "ville;nom\n1;Besançon\n2;été".encode()[:-1]
    decoded = decode(raw, is_cut=True)
    assert (decoded.encoding, decoded.text) == ("utf-8", "ville;nom\n1;Besançon\n")
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        cut = decode(mark + "a;b\n1;é\n2;".encode(codec) + b"\x41", is_cut=True)
        assert (cut.text, cut.bad_bytes) == ("a;b\n1;é\n", 0)


def test_broken_utf8_says_where() -> None:
    raw = FRENCH.encode() + b"3;caf\xe9;1\n" + FRENCH.encode()
    decoded = decode(raw)
    assert (decoded.encoding, decoded.bad_bytes, decoded.first_bad_line) == ("utf-8", 1, 61)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        (FRENCH, ";"),
        ("a;1,5;2,5\nb;2,5;3,5\nc;4,5;5,5\n", ";"),
        ("a\tb, c\n1\t2, 3\n", "\t"),
        ("a|b|c\n1|2,0|3\n4|5,0|6\n", "|"),
        ("sep=;\na;b\n1;2\n", ";"),
        ("name\nAnna\nBerta\nCarl\n", None),
        ("text\nOne, two\nthree\nfour\nfive, six, seven\n", None),
        ("Title of it all\n\nid,name,place\n1,A,x\n2,B,y\n3,C,z\nTotal,3\n", ","),
    ],
)
def test_delimiters(text: str, delimiter: str | None) -> None:
    assert detect_dialect(text).delimiter == delimiter


def test_quotes_and_escapes() -> None:
    assert detect_dialect("'a','b'\n'1','x,y'\n'2','z'\n").quote_char == "'"
    text = 'id,name\n1,"say \\"a, b\\" twice"\n2,"c"\n3,"d \\"e, f\\""\n'
    dialect = detect_dialect(text)
    assert dialect.escape_char == "\\"
    assert [len(cells) for _, cells in read_records(text, dialect)] == [2, 2, 2, 2]


def test_records_know_their_line() -> None:
    text = 'a,b\r\n1,"x\r\ny\r\nz"\r\n2,c\r\n'
    assert [line for line, _ in read_records(text, detect_dialect(text))] == [1, 2, 5]
    assert [line for line, _ in read_records("a,b\r1,2\r3,4", detect_dialect("a,b\r1,2\r"))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["a", "b"], ["1", "2"]], 0),
        ([["Title", "", ""], ["", "", ""], ["a", "b", "c"], ["1", "2", "3"]], 2),
        ([["# made by hand"], ["a", "b"], ["1", "2"]], 1),
        ([["#id", "name"], ["1", "x"]], 0),
        ([["a", "", "c"], ["1", "2", "3"]], 0),
        ([[], [""]], None),
    ],
)
def test_header(rows: list[list[str]], expected: int | None) -> None:
    assert find_header(rows) == expected


@pytest.mark.parametrize(
    ("values", "kind", "type_"),
    [
        (["1", "2", "-3", "", "n/a", "4", "5"], "number", "integer"),
        (["1,5", "2", "3,25", "4", "5"], "number", "number"),
        (["1.5", "2", "3", "4", "5e3"], "number", "number"),
        (["1,234.50", "£2.00", "-£3", "(4.00)", "12"], "number", "string"),
        (["1.234,50", "2 345,00 €", "3", "4", "12"], "number", "string"),
        (["1'234.50", "2", "3", "4", "5"], "number", "string"),
        (["01067", "80331", "10115", "20095", "50667"], "text", "string"),
        (["1", "2", "3", "4", "5", "14a"] + ["7"] * 20, "text", "string"),
        (["1", "2", "3", "4", "5", "four"] + ["7"] * 20, "number", "integer"),
        (["31/12/2024", "1/2/2024", "3/4/2024", "5/6/2024", "7/8/2024"], "date", "date"),
        (["12/31/2024", "1/2/2024", "3/4/2024", "5/6/2024", "7/8/2024"], "date", "date"),
        (["31.12.2024", "01.02.2024", "03.04.2024", "05.06.2024", "07.08.2024"], "date", "date"),
        (["2024-12-31T10:00:00Z", "2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], "date", "string"),
        (["1", "2"], "text", "string"),
        (["a", "b", "1", "2", "3"], "text", "string"),
    ],
)
def test_votes(values: list[str], kind: str, type_: str) -> None:
    found = kind_by_values(values)
    assert (found.kind, found.descriptor["type"]) == (kind, type_)


@pytest.mark.parametrize("charset", ["zip", "idna", "punycode", "undefined", "utf-7", "x\x00y", "nothing"])
def test_a_charset_that_is_none_is_passed_over(charset: str) -> None:
    raw = "Straße, Köln, Gänsemarkt, Öffnung, für alle\n".encode("cp1252") * 20
    assert decode(raw, charset).encoding == "windows-1252"
