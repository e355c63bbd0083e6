from __future__ import annotations

import re
import statistics
from dataclasses import replace

import pytest

from fixtures import report_example as example
from stillface.domain.results import Status
from stillface.errors import FieldError
from stillface.report import StudySession, session_report, study_report
from stillface.report.coverage import study_coverage
from stillface.report.first_look import first_look
from stillface.report.summary import summarise
from stillface.report.tables import Withholding
from stillface.report.wording import status_words
from tests.unit.report.page import Page


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(study_report(example.study_data()))


def describe(rows: list, min_coverage: float = 0.5):  # type: ignore[no-untyped-def, type-arg]
    protocol = example.protocol()
    _, groups = summarise(protocol, rows, Withholding(protocol, rows, min_coverage))
    return groups[0].rows[0].cells[0]


def test_every_session_is_accounted_for(page: Page) -> None:
    assert "Sessions in 14 14 dyads Excluded 1 Not processed 1" in page.text
    assert "X01 D98 excluded consent withdrawn" in page.text
    assert "X02 D99 not processed video cam1: empty file" in page.text


def test_links_are_relative_and_nothing_is_loaded(page: Page) -> None:
    links = [attrs["href"] for attrs in page.named("a")]
    assert links == [f"S{k:02d}.html" for k in range(1, 15)]
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert page.unclosed == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(attrs.get("scope") for attrs in page.named("th"))


def test_links_with_odd_names_are_quoted() -> None:
    session = StudySession("S 1#", "D1", href="S 1#.html")
    html = study_report(example.study_data(n=0, sessions=(session,), rows=()))
    assert 'href="S%201%23.html"' in html


@pytest.mark.parametrize(
    "href", ["/somewhere/x.html", "https://evil.example", "C:\\x.html", "javascript:alert(1)"]
)
def test_links_that_leave_the_folder_are_refused(href: str) -> None:
    with pytest.raises(FieldError, match="not a relative link"):
        StudySession("S01", "D01", href=href)


def test_who_is_not_in_needs_a_reason_and_brings_no_rows() -> None:
    with pytest.raises(FieldError, match="no reason"):
        StudySession("S01", "D01", "excluded")
    out = StudySession("S01", "D01", "excluded", "fussy before the start")
    with pytest.raises(FieldError, match="a session that is not in"):
        example.study_data(sessions=(out,), rows=(example.row(),))


def test_mean_and_spread_are_those_of_the_values_shown() -> None:
    values = [10.0, 5.0, 0.0, 7.5]
    cell = describe([example.row(session_id=f"S{k}", value=v) for k, v in enumerate(values)])
    assert cell.text == f"{statistics.mean(values):.2f}"
    assert cell.notes == (f"SD {statistics.stdev(values):.2f}", "0.00 to 10.00", "n 4")


def test_withheld_and_missing_values_are_counted_and_enter_nothing() -> None:
    rows = [
        example.row(session_id="S1", value=10.0),
        example.row(session_id="S2", value=99.0, coverage=0.2),
        example.row(session_id="S3", value=None, status=Status.MISS_UNSCORABLE),
    ]
    cell = describe(rows)
    assert (cell.text, cell.n) == ("10.00", 1)
    assert cell.notes[-2:] == ("1 without value", "1 withheld")


def test_no_mean_of_waiting_times() -> None:
    reached = example.row(session_id="S1", measure="latency_s", unit="s", value=12.0)
    never = replace(reached, session_id="S2", value=120.0, status=Status.CENS_EP_END)
    cell = describe([reached, never])
    assert cell.text == "no mean"
    assert cell.notes == ("1 of 2 reached", "1 censored")
    assert "66.0" not in " ".join(cell.notes)


def test_chance_stands_with_the_mean_match(page: Page) -> None:
    assert re.search(r"time matched % \d+\.\d+ by chance \d+\.\d+ SD", page.text)
    assert "rule valence3" in page.text


def test_what_is_dashed_is_told_once_below_the_panels() -> None:
    svg = study_report(example.study_data()).partition("study-lines")[2].partition("</svg>")[0]
    assert svg.count("dashed: by chance") == 1
    rows = tuple(row for row in example.study_data().rows if row.measure != "pct_match_expected")
    assert "dashed: by chance" not in study_report(example.study_data(rows=rows))


def test_small_studies_are_warned_of() -> None:
    assert "Fewer than five sessions" in study_report(example.study_data(n=3))
    assert "Fewer than five sessions" not in study_report(example.study_data(n=5))


def test_reasons_hold_no_path() -> None:
    failed = StudySession("S01", "D01", "failed", "media/Canary Surname.mp4: empty file")
    html = study_report(example.study_data(sessions=(failed,), rows=()))
    assert "Surname" not in html
    assert "empty file" in html


def test_hostile_text_stays_text() -> None:
    bad = "<script>alert(1)</script>"
    html = study_report(
        example.study_data(
            n=1, study_id=bad, title=bad, sessions=(StudySession(bad, bad, "failed", bad),), rows=()
        )
    )
    page = Page(html)
    assert not page.named("script")
    assert page.text.count(bad) >= 4


def test_an_undefined_episode_takes_no_column_and_a_withheld_one_keeps_its_place() -> None:
    html = study_report(example.study_data())
    figure = html[html.index("<svg") : html.index("</svg>")]
    assert figure.count(">n 0<") == 1  # infant gaze in SF is withheld for all; match in SF is not defined


def test_same_data_same_bytes() -> None:
    assert study_report(example.study_data()) == study_report(example.study_data())


def test_three_hundred_sessions_stay_light() -> None:
    html = study_report(example.study_data(n=300))
    assert len(html) < 1_500_000


def test_a_ratio_stands_once_where_a_code_is_alone_in_its_valence() -> None:
    rows = []
    for episode, neg, protest in (("PL", 10.0, 4.0), ("SF", 40.0, 30.0), ("RE", 20.0, 7.0)):
        rows.append(example.row(measure="pct_negative", code="", episode_id=episode, value=neg))
        rows.append(example.row(measure="pct_time", code="neg", episode_id=episode, value=neg + 1e-13))
        rows.append(example.row(measure="pct_time", code="protest", episode_id=episode, value=protest))
    ratios = [
        example.row(measure="recovery_ratio", code=code, episode_id="PL-SF-RE", unit="ratio", value=0.5)
        for code in ("neg", "pct_negative", "protest")
    ]
    first, rest = first_look((*rows, *ratios))
    assert [row.code for row in first if row.measure == "recovery_ratio"] == ["pct_negative", "protest"]
    assert [row.code for row in rest if row.measure == "recovery_ratio"] == ["neg"]


def test_one_dyad_is_one_dyad() -> None:
    assert "Sessions in 1 1 dyad Excluded" in Page(study_report(example.study_data(n=1))).text


def test_windows_with_rsa_are_told_alike_on_both_pages() -> None:
    subject = example.session()
    rows = [
        example.row(
            measure="rsa_ln_ms2", code="", scheme_id="", coder_id="", episode_id=episode, unit="ln(ms2)",
            value=3.0, coverage=0.75, flags=(f"epochs={windows}",), session_id=subject.session_id,
        )
        for episode, windows in (("PL", "4/4"), ("SF", "3/3"), ("RE", "3/4"))
    ]  # fmt: skip
    expected = (
        "RSA, windows with a value of whole windows (share of the time) "
        "4 of 4 (75 %) low 3 of 3 (75 %) low 3 of 4 (75 %) low"
    )
    one = session_report(example.session_data(rows=tuple(rows)))
    study = study_report(example.study_data(n=1, rows=tuple(rows)))
    assert expected in Page(one).text
    assert expected in Page(study).text


def test_a_streams_coverage_is_its_own_and_not_that_of_windows_around_its_events() -> None:
    def stream(measure: str, coverage: float, **more: object):  # type: ignore[no-untyped-def]
        return example.row(measure=measure, coverage=coverage, session_id="S01", **more)

    pair = {"role": "dyad", "scheme_id": "affect3+affect3", "code": ""}
    body = {"role": "dyad", "scheme_id": "", "coder_id": ""}
    rows = (
        stream("frequency", 0.98, unit="bouts"),
        stream("pct_time", 0.98),
        stream("moment_pct_before", 0.5),
        stream("event_ibi_change_ms", 0.19, unit="ms"),
        stream("grid_visits", 0.9, **pair),
        stream("event_ibi_change_ms", 0.08, **(pair | {"role": "infant"})),
        stream("event_scl_change_us", 0.07, role="infant", scheme_id="", code="breach", unit="uS"),
        stream("synchrony_r0", 0.61, code="ibi_ms", **body),
        stream("synchrony_r0", 0.11, code="rsa_ln_ms2", **body),
        stream("synchrony_peak_r", 0.11, code="rsa_ln_ms2", **body),
        stream("scl_us", 0.77, role="infant", scheme_id="", code="", unit="uS"),
    )
    told = study_coverage(example.study_data(n=1, rows=rows))
    assert {(role, name): cells[0] for role, name, cells in told} == {
        ("Infant", "affect3"): ("98 %", ""),
        ("Dyad", "affect3+affect3"): ("90 %", ""),
        ("Dyad", "inter-beat interval, of both at once"): ("61 %", "low"),
        ("Dyad", "RSA, of both at once"): ("11 %", "low"),
        ("Infant", "skin conductance level"): ("77 %", "low"),
    }


def test_too_little_signal_around_events_is_not_told_as_low_coverage_of_the_codes() -> None:
    assert status_words(Status.MISS_LOWCOV, "pct_time") == "missing: coverage too low"
    assert "signal around the events" in status_words(Status.MISS_LOWCOV, "event_ibi_change_ms")
    assert "too few events" in status_words(Status.MISS_LOWN, "event_scl_change_us")
    assert status_words(Status.MISS_LOWN, "bout_sd_s") == "missing: too few observations"
    assert "around the moments" in status_words(Status.MISS_LOWCOV, "prop_moment_recovered")


def test_what_is_zero_throughout_is_named_and_not_drawn() -> None:
    rows = [
        example.row(episode_id=episode, code=code, value=value)
        for code, value in (("neg", 0.0), ("pos", 20.0))
        for episode in ("PL", "SF", "RE")
    ]
    html = study_report(example.study_data(n=1, rows=tuple(rows)))
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "Infant · pos" in picture
    assert "Infant · neg" not in picture
    assert "Not drawn, zero in every session and episode: Infant · neg (affect3)." in Page(html).text
    nothing = study_report(example.study_data(n=1, rows=tuple(rows[:3])))
    assert "<svg" not in nothing
    assert "Not drawn, zero in every session and episode" in nothing


def test_a_study_without_values_is_one_line_a_group() -> None:
    rows = tuple(
        example.row(measure=measure, episode_id=episode, value=None, n=None, status=Status.MISS_UNSCORABLE)
        for measure in ("pct_time", "latency_s")
        for episode in ("PL", "SF", "RE")
    )
    text = Page(study_report(example.study_data(n=1, rows=rows))).text
    assert text.count("nothing scorable") == 1
    assert "without value" not in text


def test_a_measure_that_no_session_has_says_why_once() -> None:
    rows = [example.row(episode_id=episode, code="pos", value=20.0) for episode in ("PL", "SF", "RE")]
    rows.append(
        example.row(
            measure="recovery_ratio", code="object", episode_id="PL-SF-RE", value=None, n=None,
            unit="ratio", status=Status.NA_NOTATRISK,
        )
    )  # fmt: skip
    text = Page(study_report(example.study_data(n=1, rows=tuple(rows)))).text
    assert "recovery ratio object no value in any session: no still-face effect to recover from" in text
    assert "20.00 to 20.00" not in text  # one session has no range
