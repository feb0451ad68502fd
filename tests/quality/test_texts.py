"""Titles and descriptions in any language and script score alike; padding scores nothing."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from catalog.model import Dataset
from harvester.spiders.ckan.record import to_dataset as of_ckan
from harvester.spiders.dcat_us.record import to_dataset as of_dcat_us
from harvester.spiders.udata.record import to_dataset as of_udata
from quality.evidence.subject import DatasetSubject
from quality.evidence.texts import information, plain_text
from quality.metrics.findable import ENOUGH, description_informative, keyword_present, title_informative
from tests.conftest import SHARED

TODAY = date(2026, 1, 1)
LONG = {
    "en": "The dataset lists every street tree of the city with its species, the year it was "
    "planted and its height. It is updated each spring by the parks department.",
    "de": "Der Datensatz führt alle Strassenbäume der Stadt mit Art, Pflanzjahr "
    "und Höhe auf. Er wird jeden Frühling vom Gartenamt nachgeführt.",
    "fr": "Le jeu de données recense tous les arbres de rue de la ville avec leur espèce, "
    "leur année de plantation et leur hauteur. Il est mis à jour chaque printemps.",
    "es": "El conjunto de datos recoge todos los árboles de las calles de la ciudad con "
    "su especie, el año de plantación y la altura. Se actualiza cada primavera.",
    "el": "Το σύνολο δεδομένων περιλαμβάνει όλα τα δέντρα των δρόμων της πόλης με "
    "το είδος, το έτος φύτευσης και το ύψος τους. Ενημερώνεται κάθε άνοιξη.",
    "ru": "Набор данных содержит все уличные деревья города с указанием вида, года "
    "посадки и высоты. Он обновляется каждую весну управлением парков.",
    "ar": "تتضمن مجموعة البيانات جميع أشجار شوارع المدينة مع نوعها وسنة "
    "زراعتها وارتفاعها. يتم تحديثها كل ربيع من قبل إدارة الحدائق.",
    "he": "מערך הנתונים כולל את כל עצי הרחוב בעיר עם המין, שנת הנטיעה "
    "והגובה שלהם. הוא מתעדכן בכל אביב על ידי אגף הגנים.",
    "ja": "このデータセットは市内のすべての街路樹について、"
    "樹種、植栽年、樹高を掲載しています。公園課が毎年春に更新します。",
    "zh": "该数据集列出了全市所有行道树的树种、种植年份和高度，由园林部门每年春季更新一次。",
    "ko": "이 데이터셋은 시내 모든 가로수의 수종, 식재 연도, 높이를 담고 있으며 매년 봄 공원과에서 갱신합니다.",
    "th": "ชุดข้อมูลนี้แสดงต้นไม้ริมถนนทั้งหมดของเมือง พร้อมชนิดพันธุ์ "
    "ปีที่ปลูก และความสูง ปรับปรุงทุกฤดูใบไม้ผลิโดยกองสวนสาธารณะ",
    "hi": "इस डेटासेट में शहर के सभी सड़क के पेड़ों की प्रजाति, रोपण का वर्ष "
    "और ऊँचाई दी गई है। इसे हर वसंत में उद्यान विभाग अद्यतन करता है।",
    "fi": "Aineisto sisältää kaikki kaupungin katupuut lajeineen, istutusvuosineen "
    "ja korkeuksineen. Puisto-osasto päivittää sen joka kevät.",
    "vi": "Bộ dữ liệu liệt kê mọi cây xanh đường phố của thành phố với loài, năm "
    "trồng và chiều cao. Phòng công viên cập nhật vào mỗi mùa xuân.",
}  # fmt: skip
SHORT = {
    "en": "Trees of the city.", "de": "Bäume der Stadt.", "fr": "Arbres de la ville.", "es": "Árboles de la ciudad.",
    "el": "Δέντρα της πόλης.", "ru": "Деревья города.", "ar": "أشجار المدينة.", "he": "עצי העיר.", "ja": "市内の樹木。",
    "zh": "城市树木。", "ko": "도시의 나무.", "th": "ต้นไม้ในเมือง", "hi": "शहर के पेड़।", "fi": "Kaupungin puut.",
    "vi": "Cây xanh thành phố.",
}  # fmt: skip
NOTHING = ("n/a", "Test", "keine", "χωρίς περιγραφή", "لا يوجد وصف", "なし", "暂无", "없음", "ไม่มี", "-", "???", "2024")


def subject(title: str | None = "Trees", description: str | None = None, **values: object) -> DatasetSubject:
    dataset = Dataset(identifier="tree-1", title=title, description=description, **values)  # type: ignore[arg-type]
    return DatasetSubject(
        id="p-x",
        portal_id="p",
        publisher_id=None,
        dataset=dataset,
        distributions=(),
        services=(),
        as_of=date(2026, 1, 1),
    )


@pytest.mark.parametrize("language", sorted(LONG))
def test_the_same_words_score_the_same_in_every_language(language: str) -> None:
    assert description_informative(subject(description=LONG[language])) == 1.0
    assert description_informative(subject(title="x", description=SHORT[language])) == 0.0
    assert title_informative(subject(SHORT[language])) == 1.0
    # The beginning alone is a sentence too few in all of them.
    assert description_informative(subject(title="x", description=LONG[language][: len(LONG[language]) // 4])) == 0.0


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_no_script_and_no_way_of_writing_it_counts_for_more(form: str) -> None:
    """What the fifteen texts hold lies within a third of their middle, however their accents are encoded."""
    held = {name: information(plain_text(unicodedata.normalize(form, text))) for name, text in LONG.items()}  # type: ignore[arg-type]
    assert max(held.values()) < 1.33 * min(held.values()), held
    # The limit is well below all of them, and well above what is short.
    assert min(held.values()) > 1.4 * ENOUGH and max(map(information, SHORT.values())) < ENOUGH / 3


def test_vowels_that_are_seldom_written_change_nothing() -> None:
    plain = "جميع أشجار شوارع المدينة مع نوعها وسنة زراعتها وارتفاعها يتم تحديثها كل ربيع من قبل إدارة الحدائق العامة"
    voiced = "".join(letter + ("\u064e" if letter.isalpha() else "") for letter in plain)
    assert information(plain_text(voiced)) == information(plain_text(plain)) > ENOUGH


@pytest.mark.parametrize("text", NOTHING)
def test_what_fills_a_field_says_nothing(text: str) -> None:
    assert not title_informative(subject(text)) and not description_informative(subject(description=text))


@pytest.mark.parametrize(
    ("title", "is_informative"),
    [
        ("tree-1", 0.0), ("trees_2024.csv", 0.0), ("DS_00123_v2", 0.0), ("https://x.example/a", 0.0),
        ("6f1e0c1a-4a2b-4b7e-9a53-0a1b2c3d4e5f", 0.0), ("Trees", 1.0), ("Budget2024", 1.0), ("COVID-19", 1.0),
        ("予算", 1.0), ("GIS", 1.0), ("A1", 0.0), ("Δέντρα_2024.csv", 0.0), ("亀", 1.0), ("물", 1.0), ("ab", 0.0),
    ],
)  # fmt: skip
def test_titles(title: str, is_informative: float) -> None:
    assert title_informative(subject(title)) == is_informative


def test_padding_brings_nothing() -> None:
    def informative(text: str, title: str = "Trees of the city and their heights") -> float | None:
        return description_informative(subject(title, text))

    assert informative("Trees trees trees. " * 500) == 0.0
    assert informative("Trees of the city and their heights") == 0.0
    assert informative("TREES OF THE CITY -- and their heights!") == 0.0
    assert informative("a" * 1_000_000) == informative("ab " * 300_000) == 0.0
    assert informative("T\u200br\u200be\u200be\u200bs " * 400) == 0.0
    assert informative("<p>" + "&nbsp;" * 900 + "</p><b></b>") == 0.0
    assert (
        informative(
            "https://data.example.org/a/very/long/address/that/says/nothing/of/what/lies/behind?it=" + "x" * 200
        )
        == 0.0
    )
    long = "Register of the trees, shrubs and hedges along all public streets, by district and year of planting"
    assert informative(f"{long}. {long}! {long.upper()}", long) == informative(f"List: {long}.", long) == 0.0
    assert informative(long, "Trees") == 1.0
    assert (
        informative("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt") == 0.0
    )
    styles = "font-family: Arial, Helvetica, sans-serif; margin: auto; padding: inherit; background-color: transparent"
    assert informative(f"<style>p {{{styles}}}</style>") == informative(f"<!-- {styles} {long} -->") == 0.0
    assert informative(f'<p style="{styles}; {long}') == informative(f'&lt;p style="{styles} {long}"&gt;') == 0.0
    assert informative("{{default.description}}" * 9) == informative("There is no description available.") == 0.0
    # What stands behind a long table of styles is found.
    assert informative(f"<style>{styles * 60}</style><p>{LONG['en']}</p>") == 1.0
    assert informative(f"<p>Areas of &lt; 5 ha. {LONG['fr']}</p>") == 1.0
    assert informative("木" * 500) == 0.0 and informative(f"<p>{LONG['en']}</p>") == 1.0
    assert (
        keyword_present(subject(keywords=("n/a", "-"))) == 0.0 and keyword_present(subject(keywords=("trees",))) == 1.0
    )


def records(recording: str) -> Iterator[Dataset]:
    """Return the datasets of a recording of CKAN, udata or DCAT-US."""
    folder = SHARED / "portals" / recording
    for path in sorted(folder.rglob("*.json")):
        if path.name == "recording.json":
            continue
        raw = json.loads(path.read_text("utf-8"))
        found = raw.get("dataset") if isinstance(raw, dict) else None
        if isinstance(found, list):
            yield from (of_dcat_us(one) for one in found if isinstance(one, dict) and one.get("identifier"))
            continue
        result = raw.get("result", raw) if isinstance(raw, dict) else {}
        for one in result.get("results", [result]) if isinstance(result, dict) else []:
            if isinstance(one, dict) and one.get("resources") is not None and one.get("id"):
                yield of_udata(one) if recording.startswith("udata") else of_ckan(one, "https://portal.example")


@pytest.mark.skipif(not (SHARED / "portals").is_dir(), reason="no recordings here")
@pytest.mark.parametrize(
    ("recording", "titles", "descriptions"),
    [
        # Half of Tokyo's descriptions are 16 characters or less: the name of the office that wrote them.
        ("ckan-tokyo", 0.97, 0.18), ("udata-data-gouv-fr", 0.97, 0.8), ("hub-peoria-il", 0.97, 0.6),
        ("ckan-buenosaires", 0.97, 0.6), ("ckan-opendata-swiss", 0.95, 0.5),
        ("dcatus-cms", 0.97, 0.9), ("dcatus-gsa", 0.95, 0.7), ("dcatus-energy", 0.95, 0.8),
    ],
)  # fmt: skip
def test_recordings_in_any_language(recording: str, titles: float, descriptions: float) -> None:
    found = [
        DatasetSubject(
            id="x", portal_id="p", publisher_id=None, dataset=one, distributions=(), services=(), as_of=date(2026, 1, 1)
        )
        for one in records(recording)
    ]
    assert len(found) >= 15
    good = [title_informative(one) for one in found]
    said = [value for one in found if (value := description_informative(one)) is not None]
    assert sum(value == 1 for value in good) / len(good) >= titles
    assert sum(said) / len(said) >= descriptions, sum(said) / len(said)


def test_the_vocabularies_are_read_as_they_stand() -> None:
    folder = Path(__file__).parents[2] / "specs" / "vocabularies"
    for name in ("placeholders", "period_words", "month_names", "law_words"):
        lines = (folder / f"{name}.csv").read_text("utf-8").splitlines()
        assert len(lines) > 5 and all(line.count(",") >= 1 for line in lines), name
