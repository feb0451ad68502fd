"""The stage track over a real catalogue: readings, memory, failed harvests, and what is checked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog, instant, started
from catalog.model import Contact, Dataset, Distribution, Publisher, ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.commitment_rows import members_of
from catalog.repositories.harvests import begin_harvest, finish_harvest
from catalog.repositories.scopes import Scopes
from catalog.repositories.targets import due_targets
from quality.commitments.compare import best_practice
from quality.commitments.track import peek, track
from quality.systems.stage import score_portal
from specs.commitments import Commitment, Scope, examples, load_file
from specs.errors import SpecError
from tests.making import key_of, portal, store

OPEN, CLOSED = "http://creativecommons.org/licenses/by/4.0/", "cc-by-nc"


def dataset(n: int, *themes: str, licence: str | None = OPEN, **more: Any) -> Dataset:
    return Dataset(
        identifier=str(n),
        title=f"Roads of ward {n}",
        themes=themes,
        publisher=Publisher(name="Road Office"),
        contact=Contact(name="Desk", email="desk@example.org"),
        modified="2024-01-01",
        distributions=(
            Distribution(identifier="r", access_url=f"https://files.example/{n}.csv", format="CSV", licence=licence),
        ),
        **more,
    )


def write_run(
    catalog: Catalog,
    run_id: str,
    found: Sequence[Dataset],
    *,
    portal_id: str = "a",
    verdict: str = "complete",
    **more: Any,
) -> None:
    """Store a run of a portal, with a check of every address."""
    about = replace(portal(portal_id), **{"country": "MNE", **more})
    catalog.begin_run("test", [about], version="0", methodology="0", run_id=run_id)
    if verdict == "complete":
        store(catalog, run_id, portal_id, found)
    else:
        begin_harvest(catalog, run_id, portal_id)
        finish_harvest(catalog, run_id, portal_id, verdict)  # type: ignore[arg-type]
    at = instant(started(run_id))
    urls = [part.access_url for one in found for part in one.distributions if part.access_url]
    write_checks(catalog, run_id, [ResourceCheck(url=url, outcome="ok", status=200, checked_at=at) for url in urls])
    score_portal(catalog, run_id, portal_id)


def readings(catalog: Catalog, run_id: str) -> dict[str, dict[str, Any]]:
    rows = catalog.rows("select * from commitment_readings where run_id = ?", [run_id])
    return {row["indicator_id"]: row for row in rows}


def commitment(
    folder: Path, indicators: str = "", *, scope: str = 'all = [{ portal = "a" }]', more: str = ""
) -> Commitment:
    path = folder / "test-roads.toml"
    path.write_text(
        f"""
        id = "test/roads"
        title = "Roads under an open licence"
        government = {{ name = "Example Land", iso3 = "MNE" }}
        source = {{ url = "https://example.org/plan", quote = "all roads open" }}
        period = {{ start = 2024-01-01, deadline = 2025-12-31 }}
        {more}
        [scope]
        {scope}
        [[indicators]]
        id = "licence"
        kind = "measured"
        measure = "dataset.licence_open"
        direction = "increase"
        baseline = 0
        target = 0.9
        {indicators}
        """,
        encoding="utf-8",
    )
    return load_file(path)


def test_29_to_33_datasets_and_two_themes_are_limited_and_missed(catalog: Catalog) -> None:
    """The shape of ME0059, with made-up values; the IRM called the real one limited."""
    (promise,) = (one for one in examples() if one.id == "ogp/ME0059")
    old = [dataset(n, ("JUST", "EDUC", "AGRI", "SOCI", "TRAN", "GOVE")[n % 6]) for n in range(29)]
    write_run(catalog, "20190115T010000Z", old, portal_id="me", url="https://data.gov.me")
    assert track(catalog, "20190115T010000Z", [promise]) == 3
    first = readings(catalog, "20190115T010000Z")
    assert (first["datasets"]["value"], first["themes"]["value"]) == (29, 0)
    assert first["_overall"]["suggested_completion"] == "not_started"
    new = [dataset(n, ("HEAL", "ENVI")[n % 2]) for n in range(29, 33)]
    write_run(catalog, "20200831T010000Z", old + new, portal_id="me", url="https://data.gov.me")
    track(catalog, "20200831T010000Z", [promise])
    last = readings(catalog, "20200831T010000Z")
    assert (last["datasets"]["value"], last["themes"]["value"], last["themes"]["note"]) == (33, 2, "ENVI, HEAL")
    whole = last["_overall"]
    assert whole["progress"] == pytest.approx((4 / 9 + 2 / 5) / 2) == pytest.approx(0.42, abs=0.005)
    assert (whole["suggested_completion"], whole["timing_status"]) == ("limited", "missed")
    assert whole["value_at_deadline"] == whole["progress"] and last["datasets"]["value_at_deadline"] == 33
    row = catalog.rows("select * from commitments")[0]
    assert (row["irm_completion"], row["country"], row["is_example"]) == ("limited", "MNE", 1)
    assert row["ogp_url"] == "https://opengovpartnership.org/members/montenegro/commitments/me0059"


def test_what_vanishes_stays_and_failed_harvests_say_nothing(catalog: Catalog, tmp_path: Path) -> None:
    promise = commitment(tmp_path)
    good = [dataset(n) for n in range(4)]
    bad = [dataset(n, licence=CLOSED) for n in range(4, 10)]
    runs = [f"20240{month}01T010000Z" for month in range(2, 9)]
    write_run(catalog, runs[0], good + bad)
    track(catalog, runs[0], [promise])
    first = readings(catalog, runs[0])["licence"]
    assert (first["value"], first["numerator"], first["denominator"], first["failing_datasets"]) == (0.4, 4, 10, 6)
    assert first["coverage_pct"] == 100 and first["timing_status"] == "on_track"
    # Five of those that fail are deleted: four of five that are left are open, and nothing is gained.
    write_run(catalog, runs[1], good + bad[:1])
    track(catalog, runs[1], [promise])
    second = readings(catalog, runs[1])["licence"]
    assert (second["value"], second["denominator"], second["failing_datasets"]) == (0.4, 10, 6)
    assert "scope_shrunk" in second["flags"]
    members = catalog.rows("select * from commitment_members where reason is not null")
    assert len(members) == 5 and {row["reason"] for row in members} == {"vanished from the scope"}
    # The failed harvest leaves the figures as they were, and no memory is written.
    write_run(catalog, runs[2], [], verdict="failed")
    track(catalog, runs[2], [promise])
    blind = readings(catalog, runs[2])["licence"]
    assert (blind["value"], blind["is_observed"], blind["timing_status"]) == (0.4, 0, second["timing_status"])
    assert "no_observation" in blind["flags"] and blind["candidate_runs"] == second["candidate_runs"]
    # One is published again under the same name by the same office, now with an open licence: it takes one place.
    again = replace(dataset(4), identifier="new-4", title=bad[1].title)
    write_run(catalog, runs[3], [*good, bad[0], again])
    track(catalog, runs[3], [promise])
    third = readings(catalog, runs[3])["licence"]
    assert (third["numerator"], third["denominator"]) == (5, 10)
    (place,) = catalog.rows("select * from commitment_members where waived")
    assert place["dataset_id"] == key_of("a", bad[1]) and place["reason"] == f"replaced by {key_of('a', again)}"
    # Another is waived with a reason in the file.
    entry = f'dataset = "{bad[2].identifier}", reason = "merged", replaced_by = "new-4"'
    waived = commitment(tmp_path, more=f"waived = [{{ {entry} }}]")
    write_run(catalog, runs[4], [*good, bad[0], again])
    track(catalog, runs[4], [waived])
    fourth = readings(catalog, runs[4])["licence"]
    assert (fourth["numerator"], fourth["denominator"]) == (5, 9) and "redefined" not in fourth["flags"]
    told = catalog.rows("select reason from commitment_members where dataset_id = ?", [key_of("a", bad[2])])
    assert {row["reason"] for row in told} == {"waived: merged; replaced by new-4"}
    # The figure can be reckoned again from the members, and the same run read twice gives the same.
    count = "select sum(passes), count(passes) from commitment_members where not waived and indicator_id = 'licence'"
    assert catalog.db.conn.execute(count).fetchone() == (5, 9)
    before = catalog.rows("select * from commitment_members order by id")
    track(catalog, runs[4], [waived])
    assert readings(catalog, runs[4])["licence"] == fourth
    assert catalog.rows("select * from commitment_members order by id") == before
    # Those that come back are in again.
    write_run(catalog, runs[5], [*good, *bad, again])
    track(catalog, runs[5], [waived])
    last = readings(catalog, runs[5])["licence"]
    assert (last["numerator"], last["denominator"]) == (5, 11) and "scope_shrunk" not in last["flags"]


def test_a_retagged_dataset_fails_and_another_scope_begins_anew(catalog: Catalog, tmp_path: Path) -> None:
    promise = commitment(tmp_path, scope='all = [{ theme = "TRAN" }]')
    found = [dataset(n, "TRAN", licence=OPEN if n < 5 else CLOSED) for n in range(10)]
    write_run(catalog, "20240201T010000Z", found)
    track(catalog, "20240201T010000Z", [promise])
    write_run(catalog, "20240202T010000Z", found[:5] + [replace(one, themes=("ENVI",)) for one in found[5:]])
    track(catalog, "20240202T010000Z", [promise])
    reading = readings(catalog, "20240202T010000Z")["licence"]
    assert (reading["value"], reading["denominator"]) == (0.5, 10) and "scope_shrunk" in reading["flags"]
    # What we define otherwise ourselves is not held against the government.
    other = commitment(tmp_path, scope='all = [{ theme = "TRAN" }, { portal = "a" }]')
    track(catalog, "20240202T010000Z", [other])
    assert readings(catalog, "20240202T010000Z")["licence"]["denominator"] == 5
    assert "redefined" in readings(catalog, "20240202T010000Z")["licence"]["flags"]


def test_a_cohort_is_the_datasets_of_the_first_run(catalog: Catalog, tmp_path: Path) -> None:
    promise = commitment(tmp_path, scope='mode = "cohort"\nall = [{ portal = "a" }]')
    write_run(catalog, "20240201T010000Z", [dataset(n, licence=CLOSED) for n in range(4)])
    track(catalog, "20240201T010000Z", [promise])
    write_run(catalog, "20240202T010000Z", [dataset(n, licence=CLOSED) for n in range(4)] + [dataset(9)])
    track(catalog, "20240202T010000Z", [promise])
    reading = readings(catalog, "20240202T010000Z")["licence"]
    assert (reading["value"], reading["denominator"]) == (0, 4)


@pytest.mark.parametrize(
    ("scope", "numbers"),
    [
        ('all = [{ portal = "a" }]', "0 1 2"),
        ('all = [{ portal = "a.example" }]', "0 1 2"),
        ('any = [{ theme = "Environment" }]', "0"),
        ('any = [{ theme = "http://publications.europa.eu/resource/authority/data-theme/ENVI" }]', "0"),
        ('any = [{ keyword = "straße" }, { title = "ward 2" }]', "1 2"),
        ('all = [{ title = "ROADS" }]\nnot = [{ publisher = "road-office" }]', "2"),
        ('all = [{ country = "MNE", government = "example land" }]\nany = [{ dataset = "1" }]', "1"),
        ('any = [{ hvd_category = "c_ac64a52d" }]', "0"),
        ('any = [{ hvd_category = "Addresses" }]', "0"),
        ('any = [{ legislation = "http://data.europa.eu/eli/reg_impl/2023/138/oj" }]', "1"),
        ('any = [{ country = "FRA" }]', ""),
        ('any = [{ title = "road" }]', ""),
    ],
)
def test_scopes_catch_what_they_say(catalog: Catalog, tmp_path: Path, scope: str, numbers: str) -> None:
    found = [
        dataset(0, "ENVI", hvd_categories=("http://data.europa.eu/bna/c_c3de25e4",)),
        dataset(
            1, keywords=("Strasse",), applicable_legislation=("https://eur-lex.europa.eu/eli/reg_impl/2023/138/oj",)
        ),
        replace(dataset(2), publisher=Publisher(name="Parks")),
    ]
    write_run(catalog, "20240201T010000Z", found)
    promise = commitment(tmp_path, scope=scope)
    track(catalog, "20240201T010000Z", [promise])
    rows = catalog.rows("select d.identifier from commitment_members m join datasets d on d.id = m.dataset_id")
    assert sorted(row["identifier"] for row in rows) == numbers.split()
    (seen,) = peek(catalog, promise)
    assert seen["in_scope"] == len(numbers.split())
    if not numbers:
        reading = readings(catalog, "20240201T010000Z")["licence"]
        assert reading["value"] is None and "scope_unresolved" in reading["flags"]
        assert reading["suggested_completion"] == "no_evidence" and reading["timing_status"] == "unmeasurable"
    assert isinstance(promise.scope, Scope)


def test_before_a_distribution_is_scored_all_its_metrics_are_unknown(catalog: Catalog) -> None:
    run_id = catalog.begin_run("test", [portal("a")], version="0", methodology="0")
    store(catalog, run_id, "a", [dataset(0)])
    (member,) = members_of(catalog, [key_of("a", dataset(0))])
    (part,) = member.parts
    assert part.unknown == part.quality.keys() and not member.is_scored


def test_what_is_not_declared_is_excluded_by_no_condition(catalog: Catalog, tmp_path: Path) -> None:
    write_run(catalog, "20240201T010000Z", [dataset(0), replace(dataset(1), publisher=None)])
    catalog.db.conn.execute("update portals set country = null")
    for clause in (
        'publisher = "road-office"',
        'country = "MNE"',
        'theme = "ENVI"',
        'publisher = "x", country = "MNE"',
    ):
        scope = commitment(tmp_path, scope=f'all = [{{ portal = "a" }}]\nnot = [{{ {clause} }}]').scope
        assert isinstance(scope, Scope)
        found = Scopes(catalog).datasets(scope)
        assert len(found) == (1 if clause.startswith('publisher = "road') else 2), clause


def test_what_people_and_files_say_is_marked(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "series.csv").write_text("date,value\n2024-01-31,0.2\n2024-06-30,0.4\n2025-01-01,0.9\n", "utf-8")
    (tmp_path / "list.csv").write_text("id\n0\nRoads of ward 1\nhttps://files.example/2.csv\nmissing one\n", "utf-8")
    (tmp_path / "empty.csv").write_text("id\n", "utf-8")
    kinds = "\n".join(
        f"""[[indicators]]
        id = "{name}"
        kind = "external"
        {line}
        direction = "increase"
        baseline = 0
        target = 0.8"""
        for name, line in (
            ("series", 'file = "series.csv"'), ("listed", 'denominator = "list.csv"'),
            ("empty", 'denominator = "empty.csv"'),
        )
    )  # fmt: skip
    more = """
        [[indicators]]
        id = "said"
        kind = "manual"
        direction = "increase"
        baseline = 0
        target = 10
        value = 5
        date = 2024-03-01
        evidence = "https://example.org/minutes"
        assessor = "A. Person"
        [[milestones]]
        id = "law"
        due = 2024-06-01
        done = 2024-06-15
        evidence = "https://example.org/law"
        assessor = "A. Person"
        [[milestones]]
        id = "later"
        due = 2025-06-01
        checked = 2024-06-30
        assessor = "A. Person"
    """
    promise = commitment(tmp_path, kinds + more)
    write_run(catalog, "20240701T010000Z", [dataset(n) for n in range(3)])
    track(catalog, "20240701T010000Z", [promise])
    found = readings(catalog, "20240701T010000Z")
    assert found["series"]["value"] == 0.4 and '"external"' in found["series"]["flags"]
    assert found["listed"]["value"] == 0.75 and found["listed"]["note"] == "not there: missing one"
    assert found["empty"]["value"] is None and "the denominator is missing" in found["empty"]["note"]
    assert found["said"]["progress"] == 0.5 and '"manual"' in found["said"]["flags"]
    assert (found["law"]["timing_status"], found["law"]["progress"]) == ("met_late", 1)
    assert (found["later"]["timing_status"], found["later"]["progress"]) == ("scheduled", 0)
    whole = found["_overall"]
    assert '"manual"' in whole["flags"] and "never measured: empty" in whole["note"]
    assert whole["progress"] == pytest.approx((1 + 0.5 + 0.9375 + 0.5 + 1 + 0) / 6)
    assert whole["coverage_pct"] == pytest.approx(100 * 6 / 7, abs=0.01)
    (tmp_path / "series.csv").write_text("date,value\n2024-01-31,much\n", "utf-8")
    with pytest.raises(SpecError, match="line 2: wants a date as 2026-01-31 and a number"):
        track(catalog, "20240701T010000Z", [promise])


@pytest.mark.parametrize(
    ("more", "status", "progress", "note"),
    [
        ("", "unmeasurable", None, "no person has given a value yet"),
        ('checked = 2024-05-31, assessor = "Watch"', "unmeasurable", None, "no person has given a value yet"),
        ('checked = 2024-06-02, assessor = "Watch"', "missed", 0, "Watch, 2024-06-02"),
        ('checked = 2024-07-02, assessor = "Watch"', "unmeasurable", None, "no person has given a value yet"),
    ],
    ids=["nobody looked", "looked before it was due", "looked after", "looked later than this night"],
)
def test_a_step_of_which_nobody_has_said_anything_is_unknown_and_not_missed(
    catalog: Catalog, tmp_path: Path, more: str, status: str, progress: float | None, note: str
) -> None:
    step = ", ".join(one for one in ('id = "law", due = 2024-06-01', more) if one)
    promise = commitment(tmp_path, more=f"milestones = [{{ {step} }}]")
    write_run(catalog, "20240701T010000Z", [dataset(1)])
    track(catalog, "20240701T010000Z", [promise])
    found = readings(catalog, "20240701T010000Z")
    assert [found["law"][name] for name in ("timing_status", "progress", "note")] == [status, progress, note]
    assert (found["law"]["suggested_completion"] == "no_evidence") == (progress is None)
    assert ("never measured: law" in (found["_overall"]["note"] or "")) == (progress is None)


def test_promised_datasets_are_asked_first(catalog: Catalog, tmp_path: Path) -> None:
    found = [dataset(n, "TRAN" if n == 7 else "ENVI") for n in range(9)]
    write_run(catalog, "20240201T010000Z", found)
    track(catalog, "20240201T010000Z", [commitment(tmp_path, scope='all = [{ theme = "TRAN" }]')])
    write_run(catalog, "20240301T010000Z", [])
    catalog.db.conn.execute("update datasets set status = 'present'")
    catalog.db.conn.execute("update resource_checks set run_id = '20240202T010000Z', next_check_at = null")
    targets, due = due_targets(catalog, "20240401T010000Z", "a", 20)
    assert due == 9 and targets[0].url == "https://files.example/7.csv"
    assert [target.urgency for target in targets] == [3] + [4] * 8
    # A commitment that is tracked no longer is not checked for first.
    track(catalog, "20240301T010000Z", [])
    assert {target.urgency for target in due_targets(catalog, "20240401T010000Z", "a", 20)[0]} == {4}


def test_governments_are_compared_on_the_same_measure(catalog: Catalog, tmp_path: Path) -> None:
    promise = commitment(tmp_path)
    others = []
    for name, count in (("b", 1), ("c", 3)):
        (tmp_path / name).mkdir()
        text = (tmp_path / "test-roads.toml").read_text("utf-8").replace('portal = "a"', f'portal = "{name}"')
        text = text.replace("test/roads", f"test/{name}").replace("Example Land", f"Land {name}")
        (tmp_path / name / f"test-{name}.toml").write_text(text, "utf-8")
        others.append(load_file(tmp_path / name / f"test-{name}.toml"))
        found = [dataset(n, licence=OPEN if n < count else CLOSED) for n in range(4)]
        write_run(catalog, f"2024020{count}T010000Z", found, portal_id=name)
    write_run(
        catalog, "20240204T010000Z", [dataset(n) for n in range(2)] + [dataset(n, licence=CLOSED) for n in (2, 3)]
    )
    track(catalog, "20240204T010000Z", [promise, *others])
    found_ = best_practice(catalog)
    assert [(row["government"], row["rank"], row["value"]) for row in found_] == [
        ("Land c", 1, 0.75), ("Example Land", 2, 0.5), ("Land b", 3, 0.25),
    ]  # fmt: skip
    assert found_[0]["dataset_id"] in {key_of("c", dataset(n)) for n in range(3)}
    assert str(found_[0]["dataset_title"]).startswith("Roads of ward ") and found_[0]["dataset_url"]
    assert str(found_[0]["reason"]).startswith('passes "') and "of the 3 that pass, " in str(found_[0]["reason"])
    assert best_practice(catalog, "dataset.bulk") == []


def test_the_evidence_of_a_milestone_is_checked_like_any_address(catalog: Catalog, tmp_path: Path) -> None:
    law, doubt, words = "https://law.example/open-data", "https://law.example/draft", "read aloud in parliament"
    write_run(catalog, "20240201T010000Z", [dataset(1)], government="Example Land")
    done = 'done = 2024-01-15, assessor = "Civic Group", due = 2024-06-30'
    steps = ", ".join(
        f'{{ id = "{name}", evidence = "{said}", {done} }}'
        for name, said in (("law", law), ("draft", doubt), ("speech", words), ("file", "https://files.example/1.csv"))
    )
    promise = commitment(tmp_path, more=f"milestones = [{steps}]")
    track(catalog, "20240201T010000Z", [promise])
    targets, due = due_targets(catalog, "20240202T010000Z", "a", 20, is_full=True)
    # Each address once, also one that is a file of a dataset.
    assert due == 3 and {one.url for one in targets} == {law, doubt, "https://files.example/1.csv"}
    assert due_targets(catalog, "20240202T010000Z", "b", 20, is_full=True) == ([], 0)
    # Evidence stays evidence if the only dataset with that address is missing.
    status = "update datasets set status = ?"
    catalog.db.conn.execute(status, ["missing"])
    assert due_targets(catalog, "20240202T010000Z", "a", 20, is_full=True)[1] == 3
    catalog.db.conn.execute(status, ["present"])
    write_run(catalog, "20240202T010000Z", [dataset(1)], government="Example Land")
    at = "2024-02-02T01:00:00Z"
    checks = [
        ResourceCheck(url=law, outcome="invalid", fault="invalid", detail="the address has no host", checked_at=at),
        ResourceCheck(url=doubt, outcome="failing", status=404, fault="gone", checked_at=at),
    ]
    write_checks(catalog, "20240202T010000Z", checks)
    track(catalog, "20240202T010000Z", [promise])
    found = readings(catalog, "20240202T010000Z")
    assert found["law"]["note"] == "Civic Group, 2024-01-15; the evidence does not answer: the address has no host"
    # What a person stated stands, and one failure proves nothing.
    assert found["law"]["timing_status"] == "met" and found["draft"]["note"] == "Civic Group, 2024-01-15"
