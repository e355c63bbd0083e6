from __future__ import annotations

import colorsys
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import report_example as example
from stillface.domain.recording import WHOLE, Region, VideoRecording
from stillface.domain.results import Status
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED, Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import FieldError, MissingExtraError
from stillface.io.protocol_yaml import load_protocol, shipped_protocol_ids
from stillface.report import CAVEATS, IbiTrace, MatchStrip, SessionReport, session_report
from stillface.report.caveats import header_caveats
from stillface.report.lanes import _DYAD_ROWS, _SHARED_ROW
from stillface.report.wording import STATUS_WORDS
from tests.unit.report.page import Page

HOSTILE = "\"><script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)>"


@pytest.fixture(scope="module")
def html() -> str:
    return session_report(example.session_data())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def bare(**changes: object) -> SessionReport:
    """A session that draws nothing, so that its page is quick to make."""
    subject = example.session(tracks=(), recordings=())
    fields = {"session": subject, "match": (), "ibi": (), "rsa": (), "rows": (), "unreviewed_share": None}
    return example.session_data(**(fields | changes))


def test_page_loads_and_runs_nothing(html: str, page: Page) -> None:
    policies = [a["content"] for a in page.named("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert not {"script", "img", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attrs in page.tags:
        assert not any(name.startswith("on") or name in ("src", "action") for name in attrs)
        for name in ("href", "xlink:href"):
            assert (attrs.get(name) or "#").startswith("#")
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


def test_page_is_well_formed_and_accessible(page: Page) -> None:
    assert page.unclosed == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") in ("col", "row", "rowgroup") for attrs in page.named("th"))
    for svg in page.named("svg"):
        assert svg["role"] == "img"
        assert all(label in ids for label in str(svg["aria-labelledby"]).split())
    assert page.named("html")[0]["lang"] == "en"
    for attrs in page.named("section"):
        assert attrs["aria-labelledby"] in ids


def test_same_data_same_bytes(html: str, repo: Path) -> None:
    code = (
        "import sys; from fixtures import report_example as e; from stillface.report import session_report;"
        "sys.stdout.buffer.write(session_report(e.session_data()).encode())"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo,
        env=os.environ | {"PYTHONPATH": str(repo), "PYTHONHASHSEED": "12345"},
        capture_output=True,
        check=True,
    )
    assert fresh.stdout.decode() == html


@pytest.mark.parametrize("caveat", ["dyad_not_verdict", "culture", "no_diagnosis", "norms_none"])
def test_header_caveats_stand_word_for_word(page: Page, caveat: str) -> None:
    assert CAVEATS[caveat].text in page.text


@pytest.mark.parametrize(
    "caveat",
    [
        "mismatch_normal",
        "auto_proposal",
        "age_limit",
        "missing_not_random",
        "rule_dependent",
        "procedure_only",
    ],
)
def test_caveats_stand_at_their_places(html: str, caveat: str) -> None:
    assert f'data-caveat="{caveat}"' in html


def test_protocol_caveats_are_shown_and_unknown_ones_refused() -> None:
    adult = replace(example.session(tracks=()), protocol=example.protocol(caveats=("adult_exploratory",)))
    assert CAVEATS["adult_exploratory"].text in session_report(bare(session=adult))
    wrong = replace(example.session(tracks=()), protocol=example.protocol(caveats=("nonsense",)))
    with pytest.raises(FieldError, match=r"no such caveat.*nonsense"):
        session_report(bare(session=wrong))


def test_shipped_protocols_name_only_notices_that_exist() -> None:
    for name in shipped_protocol_ids():
        assert header_caveats(load_protocol(name))


def test_caveats_are_those_of_the_specification(repo: Path) -> None:
    spec = repo.parent / "shared" / "SPEC.md"
    if not spec.is_file():
        pytest.skip("the specification is not on this machine")
    quoted = dict(re.findall(r'^\| `(\w+)` \| "([^"]+)"', spec.read_text("utf-8"), re.MULTILINE))
    assert set(quoted) == set(CAVEATS)
    for name, text in quoted.items():
        # A source in brackets belongs to the specification, not to the notice.
        plain = re.sub(r" \([^()]*\[V[^)]*\)[^.]*\)?", "", text)
        assert CAVEATS[name].text.startswith(plain.rstrip(".")[:60])


def test_machine_lanes_say_so_in_the_picture_itself(html: str) -> None:
    figure = html[html.index("<svg") : html.index("</svg>")]
    assert "Infant · Gaze target · auto, unreviewed (gaze@0.1)" in figure
    assert "Infant · Affect in three levels · coder AB" in figure
    assert "thin, hatched: auto, unreviewed" in figure
    assert "Unreviewed machine codes: 48 % of the analysed coded time." in figure


def test_people_only_page_speaks_of_no_machine() -> None:
    people = example.session(tracks=example.tracks()[:2])
    html = session_report(example.session_data(session=people, unreviewed_share=0.0))
    assert "auto" not in Page(html).text.replace("not automatically", "")
    assert "Every analysed code was set or reviewed by a person." in html


def test_match_from_unreviewed_codes_says_so() -> None:
    strip = replace(example.session_data().match[0], sources=("auto:affect@1", "human:AB"))
    html = session_report(example.session_data(match=(strip,)))
    assert "rule valence3@1.0 · from auto, unreviewed" in html


def test_a_tiny_unreviewed_share_is_never_rounded_away() -> None:
    assert "Unreviewed machine codes: 1 %" in session_report(bare(unreviewed_share=0.0004))


def test_low_coverage_is_withheld_and_leaves_no_trace_of_the_value() -> None:
    row = example.row(coverage=0.49, value=12.34567, scorable_s=58.8)
    html = session_report(bare(rows=(row,)))
    assert "12.3" not in html
    assert html.count("withheld") >= 2
    kept = session_report(bare(rows=(row,), min_coverage=0.4))
    assert '<data value="12.34567">12.35</data>' in kept
    assert "low coverage 49 %" in kept


def test_contrast_of_a_withheld_episode_is_withheld_too() -> None:
    play, still = example.row(value=40.5), example.row(episode_id="SF", value=11.25, coverage=0.3)
    effect = example.row(episode_id="SF-PL", value=-29.25, coverage=None, scorable_s=None, n=None)
    html = session_report(bare(rows=(play, still, effect)))
    assert "40.50" in html
    assert "29.25" not in html
    assert "11.25" not in html


def test_observed_match_stands_with_chance(page: Page) -> None:
    assert (
        len(
            re.findall(
                r"time matched % \d+\.\d+ by chance \d+\.\d+ not defined \d+\.\d+ by chance", page.text
            )
        )
        == 1
    )


def test_rule_stands_with_the_numbers(page: Page) -> None:
    assert "Dyad · affect3+affect3 · AB · rule valence3" in page.text


@pytest.mark.parametrize("status", [status for status in Status if not status.has_value])
def test_what_has_no_value_is_said_in_words(status: Status) -> None:
    row = example.row(value=None, status=status, n=None, measure="recovery_latency_s", unit="s")
    text = Page(session_report(bare(rows=(row,)))).text
    assert STATUS_WORDS[status] in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_censored_value_keeps_value_and_says_censored(page: Page) -> None:
    assert "102.0 censored: episode stopped" in page.text


def test_rows_keep_full_numbers_behind_the_rounded_ones() -> None:
    html = session_report(bare(rows=(example.row(value=100 / 3),)))
    assert '<data value="33.333333333333336">33.33</data>' in html


def test_nothing_scorable_is_one_line_a_group_and_withholds_nothing() -> None:
    rows = tuple(
        example.row(
            measure=measure, code=code, episode_id=episode, value=None, n=None, coverage=0.0, scorable_s=0.0,
            status=Status.MISS_UNSCORABLE,
        )
        for measure in ("pct_time", "latency_s")
        for code in ("neg", "neu", "pos")
        for episode in ("PL", "SF", "RE")
    )  # fmt: skip
    unseen = StateTrack.from_bouts(example.AFFECT, "infant", "human:AB", [0], [367 * 10**9], ("usc",))
    page = Page(session_report(example.session_data(rows=rows, session=example.session(tracks=(unseen,)))))
    above = page.text[: page.text.index("All measures Numbers")]
    assert above.count(STATUS_WORDS[Status.MISS_UNSCORABLE]) == 1
    assert "no value in any episode (6 measures): missing: nothing scorable" in above
    assert "coder AB nothing scorable nothing scorable nothing scorable" in above
    assert "0 %" not in re.sub(r"\d0 %", "", above)


def test_a_measure_without_any_value_says_why_once() -> None:
    seen = [example.row(episode_id=episode, code="pos", value=20.0) for episode in ("PL", "SF", "RE")]
    unseen = [
        example.row(episode_id=episode, code="neg", value=None, n=None, status=Status.MISS_NOTCODED)
        for episode in ("PL", "SF", "RE")
    ]
    text = Page(session_report(bare(rows=(*seen, *unseen)))).text
    above = text[: text.index("All measures Numbers")]
    assert above.count("missing: not coded") == 1
    assert above.count("20.00") == 3


@pytest.mark.parametrize("length_s", [9, 18, 40, 95, 120, 200, 360, 700, 1300, 4000, 9000])
def test_time_axis_has_three_ticks_and_never_a_crowd(length_s: int) -> None:
    from matplotlib.figure import Figure

    from stillface.report.timeline import _time_ticks

    axes = Figure().add_axes((0, 0, 1, 1))
    axes.set_xlim(0.3, 0.3 + length_s)
    _time_ticks(axes, (0.3, 0.3 + length_s), labelled=True)
    assert 3 <= len(axes.get_xticks()) <= 10


def test_reactivity_is_worded_by_the_columns_there_are() -> None:
    rows = tuple(
        example.row(
            measure="rsa_ln_ms2", code="", scheme_id="", episode_id=episode, unit="ln(ms2)", value=2.0
        )
        for episode in ("PL", "SF", "RE", "SF-PL", "RE-SF")
    )
    said = Page(session_report(bare(rows=rows))).text
    assert "Reactivity is SF-PL (perturbation minus interaction)" in said
    assert "Recovery is RE-SF (reunion minus perturbation)." in said
    assert "Reactivity" not in Page(session_report(bare(rows=rows[:3]))).text


def test_a_clock_that_nobody_declared_is_called_assumed() -> None:
    film = VideoRecording("cam", ("a.mp4",), {"infant": Region(0, 0, 1, 1)})
    said = Page(session_report(bare(session=example.session(tracks=(), recordings=(film,)), clocks={}))).text
    assert "assumed: nothing declared" in said
    assert "declared equal" not in said


def test_hostile_text_stays_text() -> None:
    scheme = CodingScheme("s<b>", (Code("a<i>"), Code("b", gap=True)), title=f"--></svg>{HOSTILE} $\\frac{{$")
    track = StateTrack(scheme, "infant", f"human:{HOSTILE}", np.array([0, 10**10]), np.array([0], np.int16))
    subject = replace(example.session(), session_id=HOSTILE, dyad_id=HOSTILE, tracks=(track,), recordings=())
    row = example.row(session_id=HOSTILE, code="<script>", flags=("<script>",), coder_id=HOSTILE)
    data = example.session_data(
        session=subject,
        rows=(row,),
        match=(),
        warnings=(HOSTILE, "comment: <script>steal()"),
        versions={HOSTILE: HOSTILE},
        parameters={HOSTILE: HOSTILE},
        log_heads={HOSTILE: HOSTILE},
    )
    page = Page(session_report(data))
    assert page.unclosed == []
    assert not {"script", "img", "b", "i"} & {tag for tag, _ in page.tags}
    assert not any("onerror" in attrs for _, attrs in page.tags)
    assert "comment: <script>steal()" in page.text


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=60))
def test_any_text_comes_back_as_text(text: str) -> None:
    page = Page(session_report(bare(versions={"part": text})))
    assert page.unclosed == []
    assert " ".join(text.split()) in page.text
    assert not page.named("script")


def test_names_of_files_and_paths_never_reach_the_page() -> None:
    name = example.FILM.rpartition("/")[2]
    data = example.session_data(
        warnings=(f"{example.FILM}: variable frame rate", f"could not read '{name}'", "see /home/anna/x.mov"),
        parameters={"source": "C:\\labs\\Anna\\clip", "files": [example.FILM], "band": "0.24/1.04"},
        versions={"model": "face.task"},
    )
    html = session_report(data)
    for word in ("Canary", "Surname", "anna", "Anna", "canarysurname", "/home", "labs"):
        assert word not in html
    assert "0.24/1.04" in html
    assert ("9f" * 32)[:12] in html


def test_a_film_called_after_its_role_takes_no_role_from_the_page() -> None:
    data = example.session_data(warnings=("AB reviewed infant affect3",))
    film = VideoRecording("cam", ("media/infant.mp4",), {"infant": WHOLE})
    session = replace(data.session, recordings=(film,))
    assert "AB reviewed infant affect3" in session_report(replace(data, session=session))


def test_empty_session_has_a_page() -> None:
    subject = replace(example.session(tracks=(), recordings=()), episodes=())
    text = Page(session_report(bare(session=subject, warnings=()))).text
    assert "There is nothing to draw" in text
    assert "Nothing was measured." in text
    assert "episode SF was not run" in text


def test_missing_signals_are_said_not_drawn_as_numbers() -> None:
    ibi = example.ibi("infant", 430, 1)
    dead = replace(ibi, clean=np.zeros(ibi.clean.size, bool))
    rsa = example.rsa("infant", 3.4, (0.24, 1.04))
    blank = tuple(replace(e, rsa_ln_ms2=None, status=Status.MISS_LOWCOV) for e in rsa.epochs)
    html = session_report(example.session_data(ibi=(dead,), rsa=(replace(rsa, epochs=blank),)))
    assert "no clean beats" in html
    assert "RSA epoch without value" in html
    assert "0 of 4" in html
    assert "nan" not in html[html.index("<svg") : html.index("</svg>")].lower()


def test_line_of_beats_breaks_at_gaps_and_flags() -> None:
    from matplotlib.figure import Figure

    from stillface.report.lanes import draw_ibi

    edges = np.array([0, 400, 800, 1200, 9000, 9400, 9800]) * 1_000_000
    onsets, offsets = np.delete(edges[:-1], 3), np.delete(edges[1:], 3)
    axes = Figure().add_axes((0, 0, 1, 1))
    draw_ibi(axes, IbiTrace("infant", onsets, offsets, np.array([True, False, True, True, True])))
    line, flags = (artist.get_ydata() for artist in axes.lines)
    np.testing.assert_array_equal(line, [400, np.nan, 400, np.nan, 400, 400])
    assert len(flags) == 1


@pytest.mark.parametrize(("source", "by_machine"), [("auto:gaze@1", True), ("auto_reviewed:AB", False)])
def test_bars_of_a_machine_are_thin_and_hatched(source: str, by_machine: bool) -> None:
    from matplotlib.figure import Figure

    from stillface.report.lanes import draw_codes, draw_match

    track = replace(example.tracks()[0], source=source)
    axes = Figure().add_axes((0, 0, 1, 1))
    draw_codes(axes, track)
    bars = axes.patches[:3]  # one patch per code, then the unseen time
    assert [bool(bar.get_hatch()) for bar in bars] == [by_machine] * 3
    assert all((bar.get_path().get_extents().height < 0.6) == by_machine for bar in bars)
    strip = replace(example.session_data().match[0], sources=("human:AB", source))
    below = Figure().add_axes((0, 0, 1, 1))
    draw_match(below, strip, ())
    assert all(bool(bar.get_hatch()) == by_machine for bar in below.patches)


def test_match_is_never_red_or_green() -> None:
    for _, _, colour in (*_DYAD_ROWS, _SHARED_ROW):
        red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
        assert saturation < 0.4
        assert 0.5 < hue < 0.8


def test_strip_joins_episodes_with_nothing_defined_between() -> None:
    pieces = [
        (np.array([0, 5, 9]), np.array([MATCH, MISMATCH])),
        (np.array([9, 12]), np.array([SHARED_NEGATIVE])),
        (np.array([20, 30]), np.array([MATCH])),
    ]
    strip = MatchStrip.from_episodes("r@1", ("infant", "caregiver"), ("human:A", "human:B"), pieces, [], [5])
    assert strip.edges_ns.tolist() == [0, 5, 9, 12, 20, 30]
    assert strip.states.tolist() == [MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED, MATCH]
    assert strip.mismatch_onsets_ns.tolist() == [5]


def test_data_refuses_what_does_not_fit() -> None:
    with pytest.raises(FieldError, match="a row of another session"):
        bare(rows=(example.row(session_id="S02"),))
    with pytest.raises(FieldError, match="not a share"):
        bare(unreviewed_share=48.0)
    with pytest.raises(FieldError, match="role"):
        bare(age_days={"uncle": 3})
    with pytest.raises(FieldError, match="no such dyad state"):
        MatchStrip("r", ("a", "b"), ("human:A", "human:B"), [0, 1], np.array([7]), [], [])  # type: ignore[arg-type]


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_missing_extra_costs_one_line(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"stillface\[report\]"):
        session_report(example.session_data())


def test_import_loads_nothing_heavy(repo: Path) -> None:
    code = "import sys, stillface.report; print([m for m in ('matplotlib', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_persons_own_matplotlib_settings_change_nothing(html: str) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        assert session_report(example.session_data()) == html
