"""Cut persons, mail addresses and telephone numbers from the words of a promise: an office made it, not an official.

Action plans have a table "Contact information" with names and numbers in it. Names in running text, without a title or
a label, cannot be told from other names: a person reads every draft.
"""

from __future__ import annotations

import re

__all__ = ["EMAIL", "PERSON", "TELEPHONE", "without_persons"]

EMAIL, PERSON, TELEPHONE = "[e-mail]", "[person]", "[telephone]"
"""What stands in place of what was cut."""
MOST = 200
"""Characters behind a label that may be cut: more than that is no name."""
_LABEL = re.compile(
    r"""(?ix) (?: name\ (?:and\ title\ )?of\ (?:the\ )?responsible\ persons?
          (?:\ from\ (?:the\ )?(?:implementing|lead)\ agency)?
      | responsible\ persons? | (?:lead\ )?contact\ (?:persons?|point|name) | persona\ (?:de\ contacto|responsable)
      | nombre\ de\ la\ persona\ responsable(?:\ de\ la\ (?:agencia|entidad|institución)\ implementadora)?
      | punto\ de\ contacto | responsable\ del\ compromiso | personne\ (?:responsable|à\ contacter)
      | nome\ (?:da\ pessoa\ |do\ )responsável | ответственн\w+\ лиц\w+ )
      (?:\ from\ [^:\t]{1,60}:|\s*[:\t–-])?""",
)
"""Labels of the templates of action plans, behind which a person is named."""
_OTHER_LABEL = re.compile(
    r"(?i)^\W*(?:title|department|e-?mail|phone|tel|other|additional|government|correo|cargo|otros|actores|titre|courriel|"
    r"dates?|start|milestone|verifiable|description|contact information|información)"
)
_NEXT_LABEL = re.compile(r"\b(?:Title|Department|E-?mail|Phone|Cargo|Correo|Título|Titre|Courriel)\b")
_EMAIL = re.compile(r"\[email\]|[\w.+-]{1,64}[@＠][\w-]{1,63}(?:\.[\w-]{1,63}){1,20}", re.IGNORECASE)
"""The lengths are those of RFC 5321, section 4.5.3.1. Without bounds, a long cell takes time by the square of its
length."""
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mme|Dr|Prof|Sr|Sra|Lic|Ing|Hon|M\.A|H\.E)\b\.?(?:\s+(?:Dr|Prof)\.?)?"
    r"(?:\s+(?:de|del|la|van|von|al|el|bin))*(?:\s+[^\W\d_a-zß-öø-ÿ][\w'’-]+){1,3}(?:\s+–\s+[^\W\d_a-z][\w'’-]+)?"
)
_NUMBER = re.compile(r"(?<![\w/.,-])[+(\d][\d \u00a0().\-/]{5,59}[\d)](?!\w)")
_AMOUNT = re.compile(r"\(?\d{1,3}(?:[ \u00a0.]\d{3}){2,}\)?")
_CURRENCY = r"(?:€|\$|£|%|eur(?:os?)?\b|usd\b|(?:us )?dollars?\b|pounds?\b|pesos?\b|reais\b|francs?\b|gbp\b|million)"
_BEFORE_AMOUNT = re.compile(rf"(?i)(?:{_CURRENCY}|r\$)[ \u00a0]?\(?$")
_BEHIND_AMOUNT = re.compile(rf"(?i)[ \u00a0]?\)?{_CURRENCY}")
_PLAIN_LABEL = re.compile(r"(?i)^(\W{0,5}(?:responsable|nombre|name|nome|nom|contacto?)\s{0,3}:\s{0,3})(?=\w)")
_NAMES = re.compile(
    r"(?:[^\W\d_a-zß-öø-ÿ][\w'’.-]*(?:\s{1,3}(?:de|del|la|van|von|al|el|bin|y|da|dos))*(?:\s{1,3}|$|(?=,))){2,5}"
)
_OFFICE = re.compile(
    r"(?i)minist|secret|direc|agen[cz]|instit|offic|oficina|depart|council|consej|comis|commis|cent[re]|bureau|gob|gov"
    r"|auto?rit|unit|unidad|fund|found|servi|univers|munic|city|nation|nacion|state|estad|data|datos|plan|portal|project"
)
"""Parts of words that the name of an office has and that of a person hardly ever."""
_LOWER = re.compile(r"\b(?:Mr|Mrs|Ms|Mme)\b\.?\s{1,9}[^\W\d_][\w'’-]{1,40}(?:\s{1,3}[^\W\d_][\w'’-]{1,40})?")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2} ?[./-] ?\d{1,2} ?[./-] ?\d{2,4}(?!\d)|\d{1,2}[./](?:19|20)\d\d"
    r"|(?:19|20)\d\d\s*[-/– ]\s*(?:19|20)?\d\d(?!\d))"
)
_TELEPHONE_WORD = re.compile(r"(?i)\b(?:tele?ph?one?|phone|tel|tél|fax|mobile|móvil|celular|telefon\w*|телефон)\b")


def without_persons(text: str) -> str:
    """Return a text without e-mail addresses, telephone numbers, and persons who are named by a title or a label.

    Each is replaced by "[e-mail]", "[telephone]" or "[person]"; names in running text are not recognised. Lines are
    kept.

    - What follows a label such as "Contact person" is cut to the end of the line or, if nothing follows there, in the
      next line, unless that has a label too. If more than 200 characters follow, it is cut to the next label within
      200 characters or, without one, kept as text.
    - In a line without a label, words before an e-mail address are cut as the name of its owner, if they are two or
      more words of less than 200 characters together.
    - What follows "Responsable:", "Nombre:", "Name:" and the like at the beginning of a line is cut if it is two to
      five words with capitals, none of which is a word of offices such as "Ministerio".
    - Seven digits or more that are no dates are cut as a telephone number if they begin with "+", "00" or a bracket, if
      the line also has a word such as "phone", an address or a person, or if they are nearly the whole line. Amounts
      stay: numbers beside a currency, and in brackets those in groups of three digits.

    >>> without_persons("Contact person: Ada Example, ada@example.org, +44 20 7946 0000")
    'Contact person: [person], [e-mail], [telephone]'
    """
    found = []
    is_next = False
    for line in text.splitlines():
        if not line.strip():
            found.append(line)
            continue
        if is_next and not _OTHER_LABEL.match(line) and not _LABEL.search(line):
            line = _beside_person(line)
        is_next = False
        label = _LABEL.search(line)
        if label and len(line) - label.end() > MOST:
            if end := _NEXT_LABEL.search(line, label.end(), label.end() + MOST):
                line = f"{line[: label.end()]} {PERSON} {line[end.start() :]}"
        elif label:
            rest = line[label.end() :]
            is_next = not rest.strip()
            line = line[: label.end()] + (f" {_beside_person(rest)}" if rest.strip() else "")
        elif address := _EMAIL.search(line):
            before = line[: address.start()]
            if re.search(r"[^\W\d_]{2}\s+[^\W\d_]{2}", before) and not _OTHER_LABEL.match(line) and len(before) < MOST:
                line = f"{PERSON} {line[address.start() :]}"
        line = _without_plain_label(line)
        found.append(_LOWER.sub(PERSON, _TITLED.sub(PERSON, _without_numbers(_EMAIL.sub(EMAIL, line)))))
    return "\n".join(found)


def _beside_person(text: str) -> str:
    """Return what stands beside a name behind a label: only addresses and numbers, which are replaced later."""
    kept = [one[0] for one in _EMAIL.finditer(text)]
    kept += [one[0].strip() for one in _NUMBER.finditer(_EMAIL.sub(" ", text)) if _digits(one[0]) >= 7]
    return ", ".join([PERSON, *kept])


def _without_plain_label(line: str) -> str:
    """Return a line without the person whose name alone follows a label that offices have, too."""
    label = _PLAIN_LABEL.match(line)
    name = _NAMES.match(line, label.end()) if label else None
    if label is None or name is None or _OFFICE.search(name[0]):
        return line
    return f"{label[1]}{PERSON}{line[name.end() :]}"


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _without_numbers(line: str) -> str:
    is_said = bool(_TELEPHONE_WORD.search(line)) or EMAIL in line or PERSON in line

    def replaced(found: re.Match[str]) -> str:
        number = found[0]
        is_alone = len(number.strip()) >= len(line.strip()) - 2
        is_marked = number.startswith(("+", "00", "(")) or is_said or is_alone
        is_amount = bool(
            (number.startswith("(") and not is_said and _AMOUNT.fullmatch(number))
            or _BEHIND_AMOUNT.match(line, found.end())
            or _BEFORE_AMOUNT.search(line, max(0, found.start() - 12), found.start())
        )
        is_number = _digits(number) >= 7 and is_marked and not is_amount
        return TELEPHONE if is_number and not _DATE.search(number) else number

    return _NUMBER.sub(replaced, line)
