"""Write a commitment file: questions for a person, options for a program, and never a file that cannot be read back."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from specs.commitments import Clause, load_file
from specs.errors import SpecError
from specs.measures import measures
from specs.portals import shipped
from specs.vocabularies.countries import alpha3, name_of

__all__ = ["ask", "country_code", "from_answers", "of_portal", "portals_by_country", "save"]

_QUESTIONS = {
    "commitment_id": "Id (list/number, such as ogp/KE0034)",
    "title": "Title",
    "country": "Country",
    "url": "Page where the promise stands",
    "quote": "Its words",
    "start": "First day (YYYY-MM-DD)",
    "deadline": "Last day (YYYY-MM-DD)",
}


def ask(data: Path, said: dict[str, Any]) -> dict[str, Any]:
    """Return the answers needed for a commitment file. Those missing in ``said`` are asked for on the terminal, except
    the government.

    If no option names the government, it is that of the first portal that the scope names (see :func:`of_portal`) or,
    without such a portal, it gets the name of the country. If no option names the country, it is that of this portal;
    it is asked for only if the portal states none. ``data`` is the folder of the catalogue. ``said`` maps the options
    of ``winnow commitments new`` to their values; None or empty means not given. Raise click.UsageError for an unknown
    country.
    """
    answers = dict(said)
    answers["country"] = answers["country"] or of_portal(data, answers["scopes"])[1]
    for key, question in _QUESTIONS.items():
        answers[key] = answers[key] or click.prompt(question)
    answers["country"] = code = country_code(answers["country"])
    answers["scopes"] = list(answers["scopes"]) or _many(
        f"Datasets meant, as key=value ({', '.join(Clause.model_fields)})"
    )
    answers["government"] = answers["government"] or of_portal(data, answers["scopes"])[0] or name_of(code)
    if not answers["indicators"]:
        for measure in measures().values():
            click.echo(f"  {measure.id}: {measure.title} ({measure.unit})", err=True)
    answers["indicators"] = list(answers["indicators"]) or _many("Indicator, as measure:baseline:target")
    return answers


def of_portal(data: Path, scopes: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the government responsible for the first known portal in ``scopes`` ("portal=zurich"), and its country.

    A portal is known if the catalogue in the folder ``data`` has it, or if its file comes with the program. The country
    is a three-letter code. If a portal in the catalogue states no government, the title of the portal is returned in
    its place. Both are None without a known portal; either is None if the portal file does not state it.
    """
    for one in scopes:
        key, _, portal_id = (part.strip() for part in one.partition("="))
        if key != "portal":
            continue
        for row in _portals(data):
            if row["id"] == portal_id:
                return row["government"], row["country"]
    return None, None


def portals_by_country(data: Path) -> dict[str, list[str]]:
    """Return the ids of the known portals by country (a three-letter code), sorted; those without a country are left
    out.

    Known are those in the catalogue in the folder ``data`` and those that come with the program.
    """
    found: dict[str, set[str]] = {}
    for row in _portals(data):
        if row["country"]:
            found.setdefault(row["country"], set()).add(row["id"])
    return {country: sorted(ids) for country, ids in found.items()}


def _portals(data: Path) -> list[dict[str, Any]]:
    """Return id, government and country of all known portals, those of the catalogue first."""
    found: list[dict[str, Any]] = []
    if (data / "catalog.db").is_file():
        from catalog.db.store import open_catalog
        from catalog.repositories.portals import portals_by_government

        with open_catalog(data / "catalog.db") as catalog:
            found = portals_by_government(catalog)
    return found + [{"id": one.id, "government": one.government, "country": one.country} for one in shipped().values()]


def country_code(text: str) -> str:
    """Return the three-letter code (ISO 3166-1) of the country that ``text`` names by code or English name. Codes that
    ISO reserves for users, such as XKX, are accepted too.

    Raise click.UsageError for an unknown country.
    """
    code = alpha3(text) or (text if re.fullmatch(r"X[A-Z]{2}", text) else None)
    if code is None:
        raise click.UsageError(f"{text!r} is no country; give its ISO 3166-1 code or English name")
    return code


def _many(question: str) -> list[str]:
    found = [click.prompt(question)]
    while more := click.prompt("One more (empty for none)", default="", show_default=False):
        found.append(more)
    return found


def from_answers(answers: dict[str, Any]) -> str:
    """Return the text of a commitment file made from ``answers``, the result of :func:`ask`. Raise click.UsageError if
    an answer has the wrong form."""
    government = f"{{ name = {_text(answers['government'])}, iso3 = {_text(answers['country'])} }}"
    clauses = []
    for one in answers["scopes"]:
        key, sign, value = one.partition("=")
        if not sign or key.strip() not in Clause.model_fields:
            raise click.UsageError(f"--scope {one}: wants key=value with one of: {', '.join(Clause.model_fields)}")
        clauses.append(f"{{ {key.strip()} = {_text(value.strip())} }}")
    lines = [
        f"id = {_text(answers['commitment_id'])}",
        f"title = {_text(answers['title'])}",
        f"government = {government}",
        "",
        "[source]",
        f"url = {_text(answers['url'])}",
        f"quote = {_text(answers['quote'])}",
        "",
        "[period]",
        f"start = {answers['start']}",
        f"deadline = {answers['deadline']}",
        "",
        "[scope]",
        f"any = [{', '.join(clauses)}]",
    ]
    used: dict[str, int] = {}
    for one in answers["indicators"]:
        lines += _indicator(one, used)
    return "\n".join(lines) + "\n"


def _indicator(one: str, used: dict[str, int]) -> list[str]:
    parts = [part.strip() for part in one.split(":")]
    if len(parts) not in (2, 3) or parts[0] not in measures():
        raise click.UsageError(f"--indicator {one}: wants measure:baseline:target with one of: {', '.join(measures())}")
    measure = measures()[parts[0]]
    try:
        figures = [float(part) if part else None for part in parts[1:]]
    except ValueError:
        raise click.UsageError(f"--indicator {one}: baseline and target must be numbers") from None
    baseline, target = (None, figures[0]) if len(figures) == 1 else figures
    if target is None:
        raise click.UsageError(f"--indicator {one}: the target is missing")
    name = measure.id.replace(".", "_")
    used[name] = used.get(name, 0) + 1
    direction = "maintain" if baseline == target else measure.better
    lines = ["", "[[indicators]]", f"id = {_text(name if used[name] == 1 else f'{name}_{used[name]}')}"]
    lines += ['kind = "measured"', f"measure = {_text(measure.id)}", f"direction = {_text(direction)}"]
    lines += [f"baseline = {baseline:g}"] if baseline is not None else []
    return [*lines, f"target = {target:g}"]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def save(text: str, folder: Path) -> Path:
    """Write ``text``, the text of a commitment file, to a file in ``folder`` that is named after the id in it. Return
    its path. Raise SpecError if the text is invalid or the file exists."""
    try:
        commitment_id = str(tomllib.loads(text).get("id", ""))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"new commitment: not valid TOML: {error}; dates are written as 2026-01-31") from None
    name = f"{commitment_id.replace('/', '-')}.toml"
    with tempfile.TemporaryDirectory() as kept:
        trial = Path(kept) / Path(name).name
        trial.write_text(text, encoding="utf-8")
        try:
            load_file(trial)
        except SpecError as error:
            raise SpecError(str(error).replace(str(trial), "new commitment")) from None
    path = folder / name
    if path.exists():
        raise SpecError(f"{path}: is there already; change it by hand, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
