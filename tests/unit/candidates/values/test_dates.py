# ruff: noqa: RUF001 - the point is that people write in all scripts
from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_contracts.reading import SpanKind
from tests.unit.candidates.values.printed import of_kind, seeded, span_with, values

MONTHS = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "Indonesian": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
    "Greek": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
    "Hungarian": "január február március április május június július augusztus szeptember október november december",
    "Hindi": "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
DAYS = st.dates(date(1970, 1, 1), date(2069, 12, 31))
NUMERIC = ["{d:02}{m}{mo:02}{m}{y}", "{d}{m}{mo}{m}{y}", "{d:02}{m}{mo:02}{m}{yy:02}"]
NAMED = [
    "{d} {name} {y}",
    "{d:02}-{name}-{y}",
    "{d:02}{name}{y}",
    "{d}. {name} {y}",
    "{d} de {name} de {y}",
    "{name} {d}, {y}",
    "{name} {d} {y}",
    "{d:02}/{name}/{yy:02}",
    "{y} {name} {d}",
    "{y}-{name}-{d:02}",
    "{d} {name}, {y}",
    "{d}.{name}.{y}",
]


def dates(*lines: str) -> list[str]:
    return values(SpanKind.DATE, *lines)


def written(style: str, day: date, **other: str) -> str:
    return style.format(d=day.day, mo=day.month, y=day.year, yy=day.year % 100, **other)


@seeded
@given(
    DAYS,
    st.sampled_from(NUMERIC),
    st.sampled_from(["/", "-", "."]),
    st.sampled_from(["{}", "date: {}", "DATE:{}", "({})", "{} 10:30", "no.7 {} x"]),
)
def test_a_date_in_digits_is_read_day_first(day: date, style: str, mark: str, line: str):
    found = of_kind(SpanKind.DATE, line.format(written(style, day, m=mark)))
    assert span_with(found, day.isoformat())


@seeded
@given(
    DAYS,
    st.sampled_from(["{mo:02}{m}{d:02}{m}{y}", "{mo}{m}{d}{m}{y}", "{mo:02}{m}{d:02}{m}{yy:02}"]),
    st.sampled_from("/-."),
)
def test_a_date_in_digits_can_be_read_month_first(day: date, style: str, mark: str):
    found = of_kind(SpanKind.DATE, written(style, day, m=mark))
    assert day.isoformat() in [span.us_value or span.value for span in found]


@seeded
@given(DAYS, st.sampled_from("/-. "))
def test_a_date_that_begins_with_the_year_is_one_day_only(day: date, mark: str):
    found = of_kind(SpanKind.DATE, f"{day.year}{mark}{day.month:02}{mark}{day.day:02}")
    assert span_with(found, day.isoformat()).us_value is None


@seeded
@given(DAYS, st.sampled_from(sorted(MONTHS)), st.sampled_from(NAMED), st.booleans())
def test_months_have_names_in_many_languages(day: date, language: str, style: str, upper: bool):
    name = MONTHS[language].split()[day.month - 1]
    line = written(style, day, name=name.upper() if upper else name)
    assert day.isoformat() in dates(f"x: {line}"), line


@seeded
@given(DAYS, st.sampled_from(NAMED), st.sampled_from(["", "."]))
def test_months_may_be_cut_short(day: date, style: str, point: str):
    name = SHORT.split()[day.month - 1]
    glued = style == "{d:02}{name}{y}"
    assert day.isoformat() in dates(written(style, day, name=name if glued else name + point))


@seeded
@given(
    DAYS,
    st.sampled_from(sorted(MONTHS)),
    st.sampled_from(["{name} {y}", "{name}, {y}", "{name}-{y}", "{name}/{yy:02}", "{y} {name}", "{name} '{yy:02}"]),
)
def test_a_date_may_have_no_day(day: date, language: str, style: str):
    line = written(style, day, name=MONTHS[language].split()[day.month - 1])
    assert f"{day.year}-{day.month:02}" in dates(line), line


@seeded
@given(DAYS, st.sampled_from(["{mo:02}/{y}", "{mo}.{y}", "{y}-{mo:02}", "{y}/{mo:02}", "{mo:02}-{y}"]))
def test_a_month_in_digits_has_no_day(day: date, style: str):
    assert f"{day.year}-{day.month:02}" in dates(f"valid to {written(style, day)}")


@seeded
@given(
    DAYS,
    st.sampled_from(
        [
            "{d} / {mo} / {y}",
            "{d:02} - {mo:02} - {y}",
            "{d:02}. {mo:02}. {y}",
            "{d:02} /{mo:02}/ {y}",
            "{d:02} {mo:02} {y}",
        ]
    ),
)
def test_spaces_that_an_engine_puts_into_a_date_do_no_harm(day: date, style: str):
    assert day.isoformat() in dates(f"date {written(style, day)}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12-01-19", "2019-01-12"),
        ("31-12-98", "1998-12-31"),
        ("98-12-31", "1998-12-31"),
        ("20190112", "2019-01-12"),
        ("12012019", "2019-01-12"),
        ("2019-01-12T10:30:00Z", "2019-01-12"),
        ("12/01/201910:30", "2019-01-12"),
        ("O1/12/2O18", "2018-12-01"),
        ("12-01/2019", "2019-01-12"),
        ("12/012019", "2019-01-12"),
        ("18-05-1818:33", "2018-05-18"),
        ("l7 AUG 2019", "2019-08-17"),
        ("23 Aug 2O12", "2012-08-23"),
        ("FEB 25, 20l1", "2011-02-25"),
        ("1lApr2014", "2014-04-11"),
        ("04 Jun 201B", "2018-06-04"),
        ("no 05 DEC 28, 2008", "2008-12-28"),
        ("1201/2019", "2019-01-12"),
        ("1st of March 2018", "2018-03-01"),
        ("March 3rd, 2018", "2018-03-03"),
        ("Sat, 12 Jan '19", "2019-01-12"),
        ("1er janvier 2019", "2019-01-01"),
        ("15-го января 2019 г.", "2019-01-15"),
        ("12. 3. 2019", "2019-03-12"),
        ("2019. január 12.", "2019-01-12"),
        ("12JAN19", "2019-01-12"),
        ("Sept 3 2019", "2019-09-03"),
        ("2019年1月12日", "2019-01-12"),
        ("2019年1月", "2019-01"),
        ("2019 년 1 월 12 일", "2019-01-12"),
        ("令和元年5月1日", "2019-05-01"),
        ("民國108年1月12日", "2019-01-12"),
        ("ngày 12 tháng 1 năm 2019", "2019-01-12"),
        ("12/01/2562", "2019-01-12"),
        ("12 มกราคม 2562", "2019-01-12"),
        ("12 ม.ค. 2562", "2019-01-12"),
        ("٢٠١٩/٠١/١٢", "2019-01-12"),
        ("12／01／2019", "2019-01-12"),
        ("01/25", "2025-01"),
    ],
)
def test_what_people_print_is_understood(text: str, value: str):
    assert value in dates(text)


@pytest.mark.parametrize(
    "text", ["30/02/2019", "32/01/2019", "13/13/2019", "12:30:45", "192.168.100.10", "1.2.3.4.5", "00/00/0000"]
)
def test_days_that_do_not_exist_are_no_dates(text: str):
    assert not dates(text)


def test_a_day_that_exists_one_way_only_is_read_that_way():
    (span,) = of_kind(SpanKind.DATE, "01/13/2019")
    assert (span.value, span.us_value) == ("2019-01-13", None)


def test_what_may_be_either_has_both_values():
    (span,) = of_kind(SpanKind.DATE, "01/02/2019")
    assert (span.value, span.us_value) == ("2019-02-01", "2019-01-02")


def test_a_full_date_is_not_told_as_a_month_too():
    assert dates("12 January 2019") == ["2019-01-12"]


def test_words_that_are_also_months_are_no_dates_by_themselves():
    assert not dates("You may pay 12 items", "march on", "de 5 mai")
