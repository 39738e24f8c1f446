"""Figures read from cells, sentences and tables, however they were typed; and what is left unread."""

from __future__ import annotations

import pytest

from mrdq.errors import MrdqError
from mrdq.published.cells import Value, read_p, read_value
from mrdq.published.figures import Figure, Reading
from mrdq.published.named_tests import is_p_label
from mrdq.published.numbers import plain, printed
from mrdq.published.read import read


def cell(text: str) -> Value | None:
    return read_value(plain(text))


def said(value: Value | None) -> tuple[str, ...]:
    assert value is not None
    parts = (value.estimate, value.low, value.high)
    return tuple(part.text if part else "" for part in parts)


def of(text: str, name: str = "abstract.txt") -> Reading:
    return read(text.encode(), name)


def figures(text: str, name: str = "abstract.txt") -> list[tuple[str, ...]]:
    return [(f.kind, *f.numbers) for f in of(text, name).figures]


@pytest.mark.parametrize(
    "text",
    ["98.9 (92.5–99.8)", "98.9 (92.5-99.8)", "98.9 (92.5‐99.8)", "98.9 (92.5—99.8)", "98.9 (92.5−99.8)",
     "98.9 (92.5, 99.8)", "98.9 (92.5; 99.8)", "98.9 (92.5 to 99.8)", "98.9 (92.5,99.8)", "98.9 (92.5 … 99.8)",
     "98.9 [92.5–99.8]", "98.9% (92.5%–99.8%)", "98.9\u2009% (92.5\u2009–\u200999.8)", "98.9\u202f%\u00a0(92.5–99.8)",
     "98·9% (92·5–99·8)", "98.9% (95% CI 92.5–99.8)", "98.9% (95 % CI, 92.5 to 99.8)", "98.9 (95%-CI: 92.5-99.8)",
     "98.9% (95% CI [92.5; 99.8])", "98.9 (CI 92.5–99.8)", "98.9 (95% confidence interval, 92.5–99.8)",
     "98.9* (92.5–99.8)†", "98.9 (92.5–99.8 as printed)", "98.9, 95% CI 92.5–99.8", "98,9 % (92,5–99,8)",
     "98,9 (92,5; 99,8)", "98.9 (95% KI 92.5 bis 99.8)"],
)  # fmt: skip
def test_an_interval_however_it_is_typed(text: str) -> None:
    assert said(cell(text.replace("[92.5; 99.8]", "92.5; 99.8"))) == ("98.9", "92.5", "99.8")


@pytest.mark.parametrize(
    ("text", "n", "total", "percent"),
    [("73/137 (53.3%)", 73, 137, "53.3"), ("73 / 137", 73, 137, ""), ("73 of 137 (53.3 %)", 73, 137, "53.3"),
     ("53.3% (73/137)", 73, 137, "53.3"), ("73 (53.3%)", 73, None, "53.3"), ("53.3 % (n = 137)", None, 137, "53.3"),
     ("53.3% (73/137; 95% CI 44.6–61.8)", 73, 137, "53.3"), ("53.3 %", None, None, "53.3")],
)  # fmt: skip
def test_a_count_however_it_is_typed(
    text: str, n: int | None, total: int | None, percent: str
) -> None:
    value = cell(text)
    assert value is not None
    assert (value.n, value.total, said(value)[0]) == (n, total, percent)


@pytest.mark.parametrize(
    "text",
    ["", "–", "−3.9 … −3.1", "≥ 6", "< 5 %", "10⁵", "98.9 ± 1.2", "600 ng", "1e-4", "45 (16–65, 3 missing)", "98.9¹",
     "(92.5–99.8)", "98.9 (92,99)", "1.2.3", "98.9 (92.5–99.8) 7", "R² 0.98", "9" * 30, "53.3% (73/137) (1)",
     "98.9 (-5–10)", "2021, doi 10.1182/x"],
)  # fmt: skip
def test_what_is_no_figure(text: str) -> None:
    value = cell(text)
    assert value is None or not value.is_interval
    assert value is None


@pytest.mark.parametrize(
    ("text", "relation", "p"),
    [("0.07", "=", "0.07"), (".07", "=", ".07"), ("p = 0.07", "=", "0.07"), ("P<0.001", "<", "0.001"),
     ("≤ 0.05", "<", "0.05"), ("> 0.9", ">", "0.9"), ("0.21*", "=", "0.21")],
)  # fmt: skip
def test_a_p_value_however_it_is_typed(text: str, relation: str, p: str) -> None:
    value = read_p(plain(text))
    assert value is not None
    assert value.p is not None
    assert (value.relation, value.p.text) == (relation, p)


@pytest.mark.parametrize("text", ["NS", "", "1.7", "0.07 (log-rank)", "12"])
def test_no_p_value(text: str) -> None:
    assert read_p(text) is None


def test_a_printed_number_is_half_a_unit_wide() -> None:
    assert (printed("98.9").low, printed("98.9").high) == pytest.approx((98.85, 98.95))
    assert (printed("100").low, printed("100").high) == (99.5, 100.5)
    assert printed("98.90").half == pytest.approx(0.005)
    assert printed("53.2846715328", exact=True).half < 1e-6
    assert printed("90", exact=True).half < 1e-6
    for text in ("nan", "inf", "1e999"):
        with pytest.raises(ValueError, match="not finite"):
            printed(text)


def test_decimal_commas_and_thousands() -> None:
    assert plain("98,9 % und p = 0,001") == "98.9 % und p = 0.001"
    assert plain("1,234 patients, 98.9% (92.5-99.8)") == "1234 patients, 98.9% (92.5-99.8)"
    # Both in one text: which of them is meant is not known, and the figure stays unread.
    reading = of("OS was 98.9% (92.5–99.8). LFS was 85,6 %.")
    assert [f.numbers[0] for f in reading.figures] == ["98.9"]
    assert "85,6 %" in reading.not_read[0].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2-year OS was 98.9% (95% CI 92.5–99.8).", [("survival", "98.9", "92.5", "99.8")]),
        ("2-year OS was 98.9%, 95% CI 92.5–99.8.", [("survival", "98.9", "92.5", "99.8")]),
        ("OS: 98.9% [95% CI, 92.5% to 99.8%]", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 98.9% (95% confidence interval [CI]: 92.5–99.8)", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 98.9% (95% CI [92.5, 99.8])", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 98.9% at 2 years (95% CI 92.5–99.8)", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 98.9 (92.5–99.8)", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 0.989 (95% CI 0.925–0.998)", [("survival", "0.989", "0.925", "0.998")]),
        ("(98.9% [92.5–99.8] vs 89.6% [82.0–94.1]; p=0.07)", [("rate", "98.9", "92.5", "99.8"), ("rate", "89.6", "82.0", "94.1"), ("test", "", "", "")]),
        ("CIR was 12.1% (5.0–20.2)", [("incidence", "12.1", "5.0", "20.2")]),
        ("53.3% (73/137) vs 45.5% (55/121), p = 0.21", [("rate", "53.3", "", ""), ("rate", "45.5", "", ""), ("test", "", "", "")]),
        ("53.3% of 137 patients", [("rate", "53.3", "", "")]),
        ("73 of 137 patients (53.3%)", [("rate", "53.3", "", "")]),
        ("HR 0.61 (95% CI 0.31–1.20)", [("ratio", "0.61", "0.31", "1.20")]),
        ("Median OS was 25.3 months (95% CI 20.1–33.0)", [("other", "25.3", "20.1", "33.0")]),
        ("OS was 62% vs 48% (HR 0.61; 95% CI 0.40–0.92; p = 0.02)", [("survival", "62", "", ""), ("survival", "48", "", ""), ("ratio", "0.61", "0.40", "0.92"), ("test", "", "", "")]),
        ("OS was 62% vs 48% (HR, 0.40–0.92)", [("survival", "62", "", ""), ("survival", "48", "", "")]),
        ("OS was 45% (SE 5)", [("survival", "45", "", "")]),
        ("OS was 98.9% (92.5–99.8), follow-up 25.3 (20.1–33.9) months", [("survival", "98.9", "92.5", "99.8")]),
        ("OS was 98.9% (92.5–99.8) at a median age of 45.5 (16.1–65.9)", [("survival", "98.9", "92.5", "99.8")]),
        ("HR 0.71 (95% CI 0.55-0.93) and HR 1.20 (0.90-1.10)", [("ratio", "0.71", "0.55", "0.93"), ("ratio", "1.20", "0.90", "1.10")]),
        ("p=0.001 for CR 44% (119/271) vs 25% (33/134)", [("test", "", "", ""), ("rate", "44", "", ""), ("rate", "25", "", "")]),
        ("EFS 87.2±1.6% and OS 92.1±1.2%", [("survival", "87.2", "", ""), ("survival", "92.1", "", "")]),
        ("5-year EFS was 0.87 +/- 0.02", [("survival", "0.87", "", "")]),
        ("a difference of 17 percentage points (95% CI 5 to 27)", [("other", "17", "5", "27")]),
        ("17 percentage points; 95% CI, −5 to 27", [("other", "17", "-5", "27")]),
        ("The difference in response was 3.2% (95% CI −5.0 to 11.0; p = 0.4)", [("other", "3.2", "-5.0", "11.0"), ("test", "", "", "")]),
        ("The reduction was 17% (95% CI −27 to −5)", [("other", "17", "-5", "-27")]),
        ("CR or CRi was 44.0% (38.0–50.0)", [("rate", "44.0", "38.0", "50.0")]),
        ("OS was 62% (23/60; 95% CI 49–74)", [("survival", "62", "49", "74")]),
        ("45.5% (55/121; p = 0.21)", [("rate", "45.5", "", ""), ("test", "", "", "")]),
        ("Of 45 (16) patients OS was 98.9% (92.5–99.8)", [("survival", "98.9", "92.5", "99.8")]),
    ],
)  # fmt: skip
def test_sentences(text: str, expected: list[tuple[str, ...]]) -> None:
    assert figures(text) == expected


def test_a_fraction_is_told_from_a_percentage() -> None:
    (figure,) = of("OS was 0.989 (95% CI 0.925–0.998)").figures
    assert figure.interval[0].value == pytest.approx(98.9)
    assert figure.interval[0].half == pytest.approx(0.05)


def test_a_figure_of_two_endpoints_is_of_none() -> None:
    reading = of(
        "OS and LFS were 98.9% (92.5–99.8) and 85.6% (71.9–92.9), and NRM was 2.1% (0.5–6.0)."
    )
    assert [(f.kind, f.endpoint) for f in reading.figures] == [("survival", ""), ("survival", ""), ("incidence", "NRM")]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "strata"),
    [
        ("In MRD2023 LFS was 85.6% (71.9–92.9), 87.3% (71.9–94.6) at 16–35 years and 90.9% (77.4–96.5) at 36–55.", ["all", "16-35", "36-55"]),
        ("In MRD2023 LFS at 16–35 years was 87.3% (71.9–94.6), at 36–55 years 90.9% (77.4–96.5).", ["16-35", "36-55"]),
        ("In MRD2023 LFS was 85.6% (71.9–92.9).", ["all"]),
        # In doubt: two trials; a subset that is no range; more figures than ranges.
        ("In MRD2023 LFS was 85.6% (71.9–92.9) and in MRD2019 74.1% (64.7–81.3).", ["", ""]),
        ("In MRD2023 LFS of the negative was 85.6% (71.9–92.9).", [""]),
        ("In MRD2023 LFS was 85.6% (71.9–92.9), 87.3% (71.9–94.6), 90.9% (77.4–96.5) at 16–35.", ["", "", ""]),
        ("LFS was 85.6% (71.9–92.9).", [""]),
    ],
)  # fmt: skip
def test_a_sentence_names_a_stratum_beyond_doubt_or_not_at_all(
    text: str, strata: list[str]
) -> None:
    assert [f.stratum for f in of(text).figures] == strata


def test_a_place_is_a_line_of_the_file() -> None:
    reading = of(
        "Methods.\nWe looked. Then OS was\n98.9% (92.5–99.8). LFS was 85.6%\n(71.9–92.9).\n\nNRM was 2.1%.\n"
    )
    assert [f.place for f in reading.figures] == ["line 2, sentence 3", "line 3, sentence 4", "line 6, sentence 1"]  # fmt: skip


def test_what_is_left_of_a_sentence_is_said() -> None:
    reading = of("OS was 98.9% (92.5–99.8). The slope was −3.51 ± 0.14 (doi 10.1182/hem.2021).")
    assert [one.place for one in reading.not_read] == ["line 1, sentence 2"]
    assert of("OS was 98.9% (92.5–99.8), doi 10.1182/hem.2021.").not_read == []
    reading = of("OS was 98.9% (92.5–99.8). " + "A1 " * 7000)
    assert reading.not_read[0].text == "a sentence of 21,000 characters"


WIDE = """
Response (enrolled 137 in 2023, 121 in 2019):

| | MRD2023 | MRD2019 | p |
|---|---|---|---|
| **negative** | 53.3 % | 45.5 % | .21 |
| OS 16–35 / 36–55 | 100 / 97.3 (82.3–99.6) | 91.4 (78.7–96.7) / 88.5 (72.2–95.5) | |
| age, median (range) | 45 (16–65) | 44 (17–64) | |
| LFS | 1 / 2 / 3 | 74.1 | 0.6 |
"""


def test_a_printed_table() -> None:
    reading = of(WIDE, "paper.md")
    rows = [(f.trial, f.endpoint, f.stratum, *f.numbers, f.total) for f in reading.figures]
    assert rows == [
        ("MRD2023", "", "negative", "53.3", "", "", 137), ("MRD2019", "", "negative", "45.5", "", "", 121),
        ("", "", "negative", "", "", "", None),
        ("MRD2023", "OS", "16-35", "100", "", "", None), ("MRD2023", "OS", "36-55", "97.3", "82.3", "99.6", None),
        ("MRD2019", "OS", "16-35", "91.4", "78.7", "96.7", None), ("MRD2019", "OS", "36-55", "88.5", "72.2", "95.5", None),
        ("MRD2019", "LFS", "all", "74.1", "", "", None), ("", "LFS", "all", "", "", "", None),
    ]  # fmt: skip
    assert [one.text for one in reading.not_read] == ["45 (16–65)", "44 (17–64)", "1 / 2 / 3"]
    assert reading.figures[0].place == 'line 6, row "negative", column MRD2023'
    assert reading.figures[4].place.endswith("column MRD2023 (36–55)")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "Endpoint,T1 (n = 137),T2 (n=121)\nnegative,53.3%,45.5%\n"),
        ("t.tsv", "Endpoint\tT1\tT2\nPatients\t137\t121\nnegative\t53.3 %\t45.5 %\n"),
        ("t.csv", "Endpunkt;T1 (n = 137);T2 (n = 121)\nnegativ;53,3 %;45,5 %\n"),
        ("t.csv", 'Endpoint,"T1, n = 137","T2, n = 121"\nnegative,"53,3 %","45,5 %"\n'),
        ("t.txt", "Endpoint\tT1 (n = 137)\tT2 (n = 121)\nnegative (%)\t53.3\t45.5\n"),
        (
            "t.md",
            "Endpoint | T1 (n = 137) | T2 (n = 121)\n--- | --- | ---\nnegative | 53.3% | 45.5%\n",
        ),
    ],
)
def test_denominators_of_columns(name: str, text: str) -> None:
    assert [(f.numbers[0], f.total) for f in of(text, name).figures] == [("53.3", 137), ("45.5", 121)]  # fmt: skip


def test_a_denominator_of_a_row_and_endpoints_in_the_header() -> None:
    reading = of(
        "Age\tn\t2-year OS (95% CI)\tresponse, %\n<40\t70\t91.4 (78.7–96.7)\t53\n≥40\t50\t88.5 (72.2–95.5)\t46\n",
        "t.tsv",
    )
    assert [(f.endpoint, f.months, f.stratum, f.total) for f in reading.figures] == [
        ("OS", "24", "<40", None), ("", "", "<40", 70), ("OS", "24", "≥40", None), ("", "", "≥40", 50)]  # fmt: skip


def test_hazard_ratios_and_medians_of_a_table() -> None:
    text = "Factor\tHR (95% CI)\tmedian OS, months (95% CI)\nage\t0.61 (0.31–1.20)\t25 (20–33)\n"
    assert figures(text, "t.tsv") == [("ratio", "0.61", "0.31", "1.20"), ("other", "25", "20", "33")]  # fmt: skip


def test_a_table_without_figures_is_said_once() -> None:
    reading = of(
        "OS was 98.9%.\n\n| parameter | value |\n|---|---|\n| wells | ≥ 6 |\n| slope | −3.9 |\n",
        "x.md",
    )
    assert [str(one.text) for one in reading.not_read] == ["2 cells with numbers, none of them a figure"]  # fmt: skip


def test_a_figure_that_the_text_says_again_is_read_once() -> None:
    reading = of(
        WIDE
        + "\nOS was 97.3% (82.3–99.6) in the middle group, 88.8% (80.0–94.0) in all (p = 0.21).",
        "x.md",
    )
    assert reading.said_again == 2
    assert [f.numbers[0] for f in reading.figures if f.table < 0] == ["88.8"]


def tidy(*rows: str) -> list[Figure]:
    return of("\n".join(row.replace(" ", "\t") for row in rows) + "\n", "t.tsv").figures


def test_a_tidy_table() -> None:
    (figure,) = tidy(
        "trial endpoint group stratum months estimate low high", "T OS all all 24 0.989 0.925 0.998"
    )
    assert (figure.kind, figure.trial, figure.endpoint, figure.stratum) == (
        "survival",
        "T",
        "OS",
        "all",
    )
    assert [part.value for part in figure.interval] == pytest.approx([98.9, 92.5, 99.8])
    (figure,) = tidy("cause estimate low high", "relapse 12.1 5.0 20.2")
    assert figure.kind == "incidence"
    (figure,) = tidy("measure n estimate low high p", "mrd_negative 137 53.3   ")
    assert (figure.kind, figure.total, figure.is_interval) == ("rate", 137, False)
    (figure,) = tidy("n total percent", "73 137 53.3%")
    assert (figure.kind, figure.n, figure.total) == ("rate", 73, 137)
    (figure,) = tidy("test statistic df p", "logrank 3.84 1 <0.06")
    assert (figure.kind, figure.df, figure.relation) == ("test", 1, "<")


def test_a_tidy_row_with_words_for_a_number_is_said() -> None:
    reading = of("trial\testimate\tlow\thigh\nT\thigh\t1\t2\nU\t50.0\tNE\tNE\n", "t.tsv")
    assert [(one.place, one.text) for one in reading.not_read] == [("line 2", "estimate high")]
    assert [f.is_interval for f in reading.figures] == [False]


def problem(data: bytes, name: str = "abstract.txt") -> str:
    with pytest.raises(MrdqError) as caught:
        read(data, name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "a.txt", 'a.txt: found nothing, expected published figures. Give a table (tsv, csv or Markdown)'),
        (b"No figures here, only 12 words.", "a.txt", "expected published figures"),
        (b"%PDF-1.7 x", "a.pdf", 'found "a PDF", expected a table or a text. Copy its text or table into'),
        (b"PK\x03\x04zip", "a.xlsx", 'found "a workbook or archive"'),
        (b"a\0b", "a.txt", 'found "NUL bytes", expected text'),
        (b"a,b\n1,2,3\n4\n", "a.csv", 'a.csv, row 2: found "3 cells", expected 2 cells, as in the header. Mend the row'),
        (b'a,b\n"1,2\n', "a.csv", "expected quotes that are closed"),
        (b"one column\n1\n", "a.csv", "row 1: found \"one column\", expected a header row with several columns. Separate"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, name: str, message: str) -> None:
    assert message in problem(data, name)


def test_all_ragged_rows_are_told_at_once() -> None:
    told = problem(b"a,b\n1,2,3\n4\n", "a.csv")
    assert "row 2" in told
    assert "row 3" in told


# --- of which test a p value is, of which level an interval


def p_values_of(text: str, name: str = "abstract.txt") -> list[Figure]:
    return [f for f in of(text, name).figures if f.kind == "test"]


@pytest.mark.parametrize(
    ("behind", "test", "one_sided", "in_doubt"),
    [("p = 0.21", "", False, False), ("log-rank p = 0.21", "log-rank", False, False),
     ("p = 0.21 by Gray's test", "Gray's", False, False), ("one-sided p = 0.21", "", True, False),
     ("stratified p = 0.21", "stratified", False, False),
     ("a difference of 8 percentage points (95% CI −4 to 20; p = 0.21)", "", False, False),
     ("OR 1.4 (95% CI 0.8–2.2; p = 0.21)", "", False, True), ("OS 80% vs 70%, p = 0.21", "", False, True),
     ("p = 0.21; 60% (60/100) in women", "", False, True), ("p = 0.21 and p = 0.22", "", False, True)],
)  # fmt: skip
def test_what_a_sentence_says_of_its_p(
    behind: str, test: str, one_sided: bool, in_doubt: bool
) -> None:
    found = p_values_of(f"CR was 53.3% (73/137) vs 45.5% (55/121), {behind}.")[0]
    assert (found.test.removesuffix("'s"), found.one_sided) == (test.removesuffix("'s"), one_sided)
    assert (found.doubt.startswith("the sentence holds other")) == in_doubt


def test_p_values_that_lead_stand_with_the_rates_behind_them() -> None:
    figures_ = of("P=0.1 for 44% (119/271) vs 25% (33/134); P=0.2 for 60% (6/10) vs 40% (4/10).").figures  # fmt: skip
    lines = [f.line for f in figures_]
    assert lines == [lines[0]] * 3 + [lines[3]] * 3
    assert lines[0] != lines[3]


def test_a_test_that_the_text_names_elsewhere_gives_a_doubt() -> None:
    rates = "CR was 53.3% (73/137) vs 45.5% (55/121), p = 0.03."
    (found,) = p_values_of(f"Rates were compared by the CMH test. {rates}")
    assert (found.test, found.doubt) == ("", 'the text names "CMH" elsewhere')
    for text in ("Survival was compared by the log-rank test.", "Randomisation was stratified."):
        assert p_values_of(f"{text} {rates}")[0].doubt == ""


@pytest.mark.parametrize(
    ("column", "test", "one_sided"),
    [("p", "", False), ("P-value", "", False), ("CMH p", "CMH", False), ("p (adjusted)", "adjusted", False),
     ("p for trend", "trend", False), ("one-sided p", "", True), ("Log-rank p value", "Log-rank", False),
     ("Fisher's exact", "", False), ("stratified p-value", "stratified", False), ("p (McNemar)", "McNemar", False)],
)  # fmt: skip
def test_the_name_of_a_column_of_p_values(column: str, test: str, one_sided: bool) -> None:
    (found,) = p_values_of(f"Endpoint,A (n = 137),B (n = 121),{column}\nCR (%),53.3,45.5,0.03\n", "t.csv")  # fmt: skip
    assert (found.test, found.one_sided, found.p and found.p.text) == (test, one_sided, "0.03")
    assert (found.line, len(of(f"Endpoint,A (n = 137),B (n = 121),{column}\nCR (%),53.3,45.5,0.03\n", "t.csv").figures)) == ("2 CR (%)", 3)  # fmt: skip


def test_a_row_of_p_values_is_no_row_of_rates() -> None:
    text = "Arm,CR (%),OS (%)\nA (n = 137),53.3,80\np,0.21,0.07\n"
    assert [kind for kind, *_ in figures(text, "t.csv")] == ["rate", "survival", "test", "test"]


def test_a_tidy_p_with_the_name_of_its_test() -> None:
    (figure,) = tidy("measure p", "cmh_p 0.03")
    assert (figure.test, figure.statistic) == ("cmh", None)
    (figure,) = tidy("test statistic df p", "t-test 2.5 40 0.017")
    assert (figure.test, figure.statistic) == ("t-test", None)


@pytest.mark.parametrize(
    ("text", "level"),
    [("47/60 (78.3%, 90% CI 67.8–86.7)", 90), ("78.3% (99 % CI 60–90)", 99), ("78.3% (80% confidence interval 70–85)", 80),
     ("78.3% (CI 90%: 67.8–86.7)", 90), ("78.3% (67.8–86.7)", None), ("78.3% (97.5% CI 67.8–86.7)", 97.5)],
)  # fmt: skip
def test_the_level_of_an_interval(text: str, level: float | None) -> None:
    value = cell(text)
    assert value is not None
    assert value.level == level


def test_the_level_of_a_column_and_the_patients_of_a_row() -> None:
    (figure,) = of("Endpoint,n,OS (90% CI)\nall,25,92.0 (74.0–99.0)\n", "t.csv").figures
    assert (figure.level, figure.near) == (90, (25,))
    (figure,) = tidy("endpoint n estimate low high", "OS 25 92.0 74.0 99.0")
    assert figure.near == (25,)
    (figure,) = of("OS was 92.0% (74.0–99.0) in the 25 patients treated (n = 30).").figures
    assert figure.near == (25, 30)


def test_differences_and_standard_errors_of_a_table() -> None:
    text = "Endpoint,A (n = 137),Difference (95% CI),5-year EFS\nCR (%),53.3,7.8 (-4.4 to 20.0),87.2 ± 1.6\n"
    assert figures(text, "t.csv") == [("rate", "53.3", "", ""), ("other", "7.8", "-4.4", "20.0"), ("survival", "87.2", "", "")]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["Group P", "Matched (n = 40)", "p (n = 4)", "adjusted HR", "Cohort", "PFS, %"]
)
def test_other_columns_hold_no_p(header: str) -> None:
    assert not is_p_label(header)
