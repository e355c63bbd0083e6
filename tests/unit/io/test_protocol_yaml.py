"""Protocol files: what ships, what a lab adds, and what is refused at which line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from stillface import _resources
from stillface.domain.protocol import BodyEvents
from stillface.errors import InputError, StorageError
from stillface.io.protocol_yaml import load_protocol, shipped_protocol_ids
from stillface.io.scheme_yaml import load_scheme, shipped_rule_ids, shipped_scheme_ids
from stillface.io.strict_yaml import load

STILL_FACE = [
    "ffsf_2_2_2",
    "ffsf_3_2_3",
    "ffsf_3_1_3",
    "ffsf_double",
    "sf_brief_30",
    "tsf_toddler",
    "sf_touch",
    "sf_device",
    "sf_video_remote",
    "ffsf_father",
    "ffsf_mother_father",
    "social_challenge_4x120",
]
OTHER_DYADS = [
    "parent_child_freeplay",
    "couple_conversation",
    "couple_stillface",
    "couple_stillface_moments",
    "therapy_session",
]
CAVEATS = [
    "dyad_not_verdict",
    "culture",
    "mismatch_normal",
    "auto_proposal",
    "age_limit",
    "missing_not_random",
    "rule_dependent",
    "procedure_only",
    "norms_none",
    "individual",
    "causal",
    "adult_exploratory",
    "no_diagnosis",
]
MINIMAL = """\
protocol: {id: mine, version: "1.0", title: Mine}
roles:
  - {id: infant, focal: true}
  - {id: caregiver}
pairs: [[infant, caregiver]]
episodes:
  - {id: PL, kind: interaction, nominal_s: 90}
  - {id: SF, kind: perturbation, nominal_s: 60.5}
  - {id: RE, kind: reunion, nominal_s: null, follows: SF}
"""
MOMENT = (
    "moments: [{{id: M, from: {{scheme: w, role: {role}}}, window_s: [{window}], "
    "recovery: {{target: match, sustain_s: 5}}}}]"
)

Write = Callable[[str], Path]


def test_every_protocol_of_the_specification_ships() -> None:
    assert set(shipped_protocol_ids()) == {*STILL_FACE, *OTHER_DYADS, "demo_3x40"}


@pytest.mark.parametrize("name", [*STILL_FACE, *OTHER_DYADS, "demo_3x40"])
def test_shipped_protocol_reads_and_fits_its_json_schema(name: str, repo: Path) -> None:
    schema = json.loads((repo / "protocols/json-schemas/protocol.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(load(repo / f"protocols/{name}.yaml").plain(), schema)
    protocol = load_protocol(name)
    assert protocol.id == name
    assert set(protocol.caveats) <= set(CAVEATS)
    assert {"dyad_not_verdict", "culture"} <= set(protocol.caveats)
    assert ("adult_exploratory" in protocol.caveats) == (protocol.population in ("couple", "therapy"))
    assert ("procedure_only" in protocol.caveats) == (name in (*STILL_FACE, "demo_3x40"))
    used = {m.scheme for m in protocol.moments} | {e.fidelity_scheme for e in protocol.episodes} - {None}
    assert used <= set(shipped_scheme_ids())


@pytest.mark.parametrize("name", [*STILL_FACE, "couple_stillface"])
def test_dyad_measures_are_not_defined_where_the_adult_is_told_what_to_do(name: str) -> None:
    for episode in load_protocol(name).episodes:
        if episode.kind in ("perturbation", "transition", "baseline"):
            assert not episode.dyadic
        assert episode.analyse == (episode.kind != "transition")


@pytest.mark.parametrize("name", [n for n in STILL_FACE if n != "social_challenge_4x120"])
def test_every_still_face_has_effect_reunion_carry_over_and_recovery(name: str) -> None:
    protocol = load_protocol(name)
    found = {c.minus for c in protocol.contrasts}
    for reunion in (e for e in protocol.episodes if e.kind == "reunion"):
        assert (reunion.id, reunion.follows) in found
        assert (reunion.id, "PL") in {(r.episode, r.reference) for r in protocol.recovery}
    first = next(e for e in protocol.episodes if e.kind == "perturbation")
    assert (first.id, "PL") in found


def test_durations_of_the_named_variants() -> None:
    def nominal(name: str, *ids: str) -> list[float | None]:
        return [load_protocol(name).episode(i).nominal_s for i in ids]

    assert nominal("ffsf_2_2_2", "PL", "SF", "RE") == [120, 120, 120]
    assert nominal("ffsf_3_2_3", "PL", "SF", "RE") == [180, 120, 180]
    assert nominal("ffsf_3_1_3", "PL", "SF", "RE", "TOY") == [180, 60, 180, 300]
    assert nominal("ffsf_double", "PL", "SF1", "RE1", "SF2", "RE2") == [120] * 5
    assert nominal("sf_brief_30", "SF1", "SF2") == [30, 30]
    assert nominal("social_challenge_4x120", "PA", "TA", "SF", "SI") == [120] * 4
    assert nominal("tsf_toddler", "PL", "SF", "RE") == [None] * 3, "durations were not verified"


def test_double_still_face_allows_the_second_half_to_be_absent() -> None:
    protocol = load_protocol("ffsf_double")
    assert [e.id for e in protocol.episodes if e.optional] == ["BL", "T1", "T2", "SF2", "RE2"]
    assert [c.episode_id for c in protocol.contrasts] == [
        "SF1-PL",
        "RE1-SF1",
        "RE1-PL",
        "SF2-RE1",
        "RE2-SF2",
        "RE2-PL",
    ]


def test_symmetric_couple_has_no_focal_role_and_moments_are_open_windows() -> None:
    protocol = load_protocol("couple_stillface_moments")
    assert protocol.focal_role is None
    assert protocol.pairs == (("partner_a", "partner_b"),)
    assert protocol.boundary_source == "coded_event"
    moment = protocol.moments[0]
    assert (moment.scheme, moment.role, moment.window_s) == ("withdrawal", "any", (-30.0, 120.0))
    assert (moment.target, moment.sustain_s) == ("match", 5.0)
    assert load_scheme(moment.scheme).code_ids == ("withdrawal",), (
        "a moment starts at any event of the scheme"
    )


def test_therapy_session_is_untimed_and_cut_in_segments() -> None:
    episode = load_protocol("therapy_session").episode("SESSION")
    assert (episode.nominal_s, episode.segments_every_s) == (None, 300.0)


def test_minimal_file_gets_the_documented_defaults(write: Write) -> None:
    protocol = load_protocol(write(MINIMAL))
    assert [e.nominal_s for e in protocol.episodes] == [90.0, 60.5, None]
    assert [e.dyadic for e in protocol.episodes] == [True, False, True]
    assert [e.tolerance_s for e in protocol.episodes] == [10.0, 10.0, 10.0]
    assert (protocol.boundary_source, protocol.physio_baseline, protocol.physio_epoch_s) == (
        "manual",
        (),
        30.0,
    )


def test_events_of_the_body_are_the_protocols(write: Write) -> None:
    given = load_protocol(
        write(
            MINIMAL + "physio: {baseline: PL, suppressor_below: -0.2, "
            "events: {around: [repair, gaze/away], window_s: [-3, 6], aversion_min_s: 1}}\n"
        )
    )
    assert given.suppressor_below == -0.2
    assert given.body_events == BodyEvents(("repair", "gaze/away"), 3.0, 6.0, 1.0)
    assert load_protocol(write(MINIMAL)).body_events == BodyEvents()
    with pytest.raises(InputError, match=r"not inside the window.*-5, 10"):
        load_protocol(write(MINIMAL + "physio: {baseline: PL, events: {window_s: [0, 6]}}\n"))
    with pytest.raises(InputError, match="aversion_min_s"):
        load_protocol(write(MINIMAL + "physio: {baseline: PL, events: {aversion_min_s: -1}}\n"))


def test_one_physio_baseline_may_be_written_without_a_list(write: Write) -> None:
    assert load_protocol(write(MINIMAL + "physio: {baseline: PL}\n")).physio_baseline == ("PL",)


@pytest.mark.parametrize(
    ("old", "new", "line", "needle"),
    [
        ("episodes:", "episode:", 6, "did you mean episodes?"),
        ("kind: reunion", "kind: reunoin", 9, "did you mean reunion?"),
        ("follows: SF", "follows: SF1", 9, "expected one of PL, SF, RE; did you mean SF?"),
        ("nominal_s: 90", "nominal: 90", 7, "did you mean nominal_s?"),
        ("nominal_s: 90", "nominal_s: 1:30", 7, "base 60"),
        ("nominal_s: 90", "nominal_s: 0", 7, "not a positive number"),
        ("nominal_s: 90", "nominal_s: -5", 7, "not a positive number"),
        ("nominal_s: 90", "optional: true", 7, "expected nominal_s"),
        ("nominal_s: 90", "nominal_s: 90, optional: no", 7, "true or false"),
        ("nominal_s: 90", "nominal_s: 90, tolerance_s: -1", 7, "negative"),
        ('version: "1.0"', "version: 1.0", 1, 'quote it: "1.0"'),
        ("id: mine", "id: ../mine", 1, "not an id"),
        ("[[infant, caregiver]]", "[[infant, mother]]", 5, "expected one of infant, caregiver"),
        ("[[infant, caregiver]]", "[[infant, infant]]", 5, "paired with itself"),
        ("[[infant, caregiver]]", "[[infant]]", 5, "not two values"),
        ("  - {id: caregiver}\n", "", 4, "expected one of infant"),
        ("{id: caregiver}", "{id: caregiver, focal: true}", 1, "two focal roles"),
        ("{id: PL,", "{id: SF,", 1, "named twice"),
        (
            "kind: interaction,",
            "kind: interaction, expected: {mother: still},",
            7,
            "not a role of this protocol",
        ),
    ],
)
def test_slip_is_refused_at_its_line(write: Write, old: str, new: str, line: int, needle: str) -> None:
    assert old in MINIMAL
    path = write(MINIMAL.replace(old, new))
    with pytest.raises(InputError) as refused:
        load_protocol(path)
    assert str(refused.value).startswith(f"{path}:{line}: "), str(refused.value)
    assert needle in str(refused.value)


@pytest.mark.parametrize(
    ("extra", "needle"),
    [
        ("contrasts: [{id: sfe, minus: [SF, PLAY]}]", "expected one of PL, SF, RE"),
        ("contrasts: [{id: sfe, minus: [SF]}]", "not two values"),
        ("recovery: [{episode: RE, reference: BL}]", "expected one of PL, SF, RE"),
        ("physio: {baseline: [BL]}", "expected one of PL, SF, RE"),
        ("stop_rules: [{codes: [i_pro], continuous_s: 20, action: stop}]", "end_episode"),
        ("stop_rules: [{codes: [i_pro], continuous_s: 0, action: shorten}]", "not a positive number"),
        ("boundary_source: clock", "manual"),
        (
            MOMENT.format(role="any", window="5, -5"),
            "ends before it begins",
        ),
        (
            MOMENT.format(role="dad", window="-5, 5"),
            "expected one of infant, caregiver, any",
        ),
    ],
)
def test_reference_to_what_is_not_there_is_refused_at_its_line(write: Write, extra: str, needle: str) -> None:
    path = write(MINIMAL + extra + "\n")
    with pytest.raises(InputError) as refused:
        load_protocol(path)
    assert str(refused.value).startswith(f"{path}:10: ")
    assert needle in str(refused.value)


def test_a_labs_own_protocol_wins_over_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "protocols"
    own.mkdir()
    (own / "ffsf_2_2_2.yaml").write_text(MINIMAL.replace("id: mine", "id: ffsf_2_2_2"), encoding="utf-8")
    assert load_protocol("ffsf_2_2_2", tmp_path).title == "Mine"
    assert load_protocol("ffsf_2_2_2").title != "Mine"
    assert load_protocol("ffsf_double", tmp_path) == load_protocol("ffsf_double")


def test_file_named_otherwise_than_its_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "protocols").mkdir()
    path = tmp_path / "protocols" / "yours.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(InputError, match=r"yours\.yaml:1: protocol\.id: the id differs from the file's name"):
        load_protocol("yours", tmp_path)


@pytest.mark.parametrize("name", ["ffsf_2_2_3", "../schemes/gaze", "", "a" * 500])
def test_unknown_protocol_names_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=r"no protocol of this id: .*expected one of couple_conversation"):
        load_protocol(name)


def test_a_path_is_read_as_a_file(write: Write) -> None:
    path = write(MINIMAL)
    assert load_protocol(path) == load_protocol(str(path))


def test_shipped_files_are_found_in_the_package_first_then_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "stillface"
    package.mkdir()
    monkeypatch.setattr(_resources, "__file__", str(package / "_resources.py"))
    with pytest.raises(StorageError, match="install stillface again"):
        _resources.protocols_dir()
    (tmp_path / "protocols").mkdir()
    assert _resources.protocols_dir() == tmp_path / "protocols"
    (package / "_protocols").mkdir()
    assert _resources.protocols_dir() == package / "_protocols"


def test_the_page_says_where_every_shipped_definition_comes_from(repo: Path) -> None:
    page = (repo / "docs/reference/protocols-and-schemes.md").read_text(encoding="utf-8")
    shipped = (*shipped_protocol_ids(), *shipped_scheme_ids(), *shipped_rule_ids())
    assert [name for name in shipped if f"`{name}`" not in page] == []


def test_protocol_without_episodes_is_refused(write: Write) -> None:
    path = write(MINIMAL.split("episodes:")[0] + "episodes: []\n")
    with pytest.raises(InputError, match=r"mine\.yaml:6: episodes: no episodes"):
        load_protocol(path)
