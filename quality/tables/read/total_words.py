"""Words for a total in the languages of statistical offices, as patterns."""

from __future__ import annotations

__all__ = ["PARTS_OF_WORDS", "TOTALS", "WHOLE_WORDS"]

WHOLE_WORDS = (
    r"totals?|totales|totaal|totale|totali|totaux|sum|summe|summa|suma|somme|soma|insgesamt|gesamt(?:summe)?|zusammen|"
    r"razem|ogółem|celkem|spolu|összesen|kokku|yhteensä|i alt|sammanlagt|ukupno|skupaj|kopā|iš viso|ensemble|σύνολο|"
    r"всего|итого|toplam|genel toplam|jumlah|kabuuan|tổng(?: số| cộng)?|סה\"כ|סך הכל|المجموع|الإجمالي|إجمالي"
)
PARTS_OF_WORDS = r"合計數|合計|総計|総数|小計|总计|合计|小计|總計|합계|소계|총계|รวม"
"""Words of languages without spaces between words: they may be inside a label."""
TOTALS = rf"{WHOLE_WORDS}|{PARTS_OF_WORDS}"
"""All words for a total, as one pattern."""
