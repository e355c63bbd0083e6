"""Protocols: which episodes a session has, and what is compared with what."""

from __future__ import annotations

from dataclasses import dataclass, field

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = [
    "BODY_EVENTS",
    "RECOVERY_TARGETS",
    "BodyEvents",
    "Contrast",
    "EpisodeSpec",
    "Moment",
    "Protocol",
    "Recovery",
    "Role",
    "StopRule",
]

EPISODE_KINDS = ("baseline", "interaction", "perturbation", "reunion", "transition")
RECOVERY_TARGETS = ("nonneg", "pos", "gaze_on", "match")
AT_RISK = ("not_in_target", "neg_at_end_before")
GAP_POLICIES = ("interrupt", "censor")
BOUNDARY_SOURCES = ("manual", "timer", "ttl", "coded_event")
BODY_EVENTS = ("mismatch_onset", "repair", "gaze_aversion", "negative_onset", "arousal")
"""Events around which heart and skin are looked at unless a protocol names others (SPEC 5.2)."""


@dataclass(frozen=True)
class Role:
    """A part somebody plays: ``infant``, ``caregiver``, ``partner_a``, ``therapist`` ..."""

    id: str
    label: str = ""
    focal: bool = False

    def __post_init__(self) -> None:
        refuse.identifier("Role", "id", self.id)


@dataclass(frozen=True)
class EpisodeSpec:
    """One planned episode.

    Parameters
    ----------
    id : str
        ``PL``, ``SF1`` ...
    kind : {'baseline', 'interaction', 'perturbation', 'reunion', 'transition'}
    nominal_s : float, optional
        Planned duration; None is untimed.
    tolerance_s : float
        How far the real one may differ before it is warned of.
    optional, analyse, dyadic : bool
        May be absent; enters measures; dyad measures are defined.
    expected : mapping of role to str
        State that the protocol imposes (``neutral_still``).
    fidelity_scheme : str, optional
        Scheme that codes breaches of it.
    follows : str, optional
        The perturbation that a reunion follows.
    segments_every_s : float, optional
        Cut a long episode into windows.
    """

    id: str
    kind: str
    nominal_s: float | None = None
    tolerance_s: float = 10.0
    optional: bool = False
    analyse: bool = True
    dyadic: bool = True
    expected: dict[str, str] = field(default_factory=dict)
    fidelity_scheme: str | None = None
    follows: str | None = None
    segments_every_s: float | None = None

    def __post_init__(self) -> None:
        owner = f"EpisodeSpec[{self.id}]"
        refuse.identifier("EpisodeSpec", "id", self.id)
        refuse.one_of(owner, "kind", self.kind, EPISODE_KINDS)
        for name in ("nominal_s", "tolerance_s", "segments_every_s"):
            value = getattr(self, name)
            if value is not None and refuse.finite(owner, name, value) < 0:
                raise FieldError("negative", where=f"{owner}.{name}", got=value, expected=">= 0")


@dataclass(frozen=True)
class StopRule:
    """When to propose ending an episode early; a person decides."""

    codes: tuple[str, ...]
    continuous_s: float
    tolerance_gap_s: float = 1.0
    intensity: str | None = None
    action: str = "end_episode"
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse.one_of("StopRule", "action", self.action, ("end_episode", "end_session", "shorten"))


@dataclass(frozen=True)
class Contrast:
    """A difference of one measure between two episodes: ``minus=(SF, PL)`` is SF - PL."""

    id: str
    minus: tuple[str, str]

    @property
    def episode_id(self) -> str:
        """How tables name it: ``SF-PL``."""
        return "-".join(self.minus)


@dataclass(frozen=True)
class Recovery:
    """Recovery in ``episode`` relative to ``reference``, and what counts as recovered (SPEC 3.4).

    Parameters
    ----------
    episode, reference : str
        Reunion, and the episode whose level is the baseline.
    targets : tuple of str
        Of ``RECOVERY_TARGETS``; those that a scheme cannot tell are left out.
    sustain_s : float
        How long the target must hold.
    at_risk : {'not_in_target', 'neg_at_end_before'}
        Who can recover: whoever is not in the target at the onset, or whose focal role was negative
        in the last ``at_risk_window_s`` of the still-face before it.
    gap_policy : {'interrupt', 'censor'}
        A gap breaks the run and observation goes on, or observation stops at the first gap.
    """

    episode: str
    reference: str
    targets: tuple[str, ...] = RECOVERY_TARGETS
    sustain_s: float = 3.0
    at_risk: str = "not_in_target"
    at_risk_window_s: float = 5.0
    gap_policy: str = "interrupt"

    def __post_init__(self) -> None:
        owner = f"Recovery[{self.episode}]"
        for target in self.targets:
            refuse.one_of(owner, "targets", target, RECOVERY_TARGETS)
        refuse.one_of(owner, "at_risk", self.at_risk, AT_RISK)
        refuse.one_of(owner, "gap_policy", self.gap_policy, GAP_POLICIES)
        for name in ("sustain_s", "at_risk_window_s"):
            if refuse.finite(owner, name, getattr(self, name)) <= 0:
                raise FieldError(
                    "not a duration", where=f"{owner}.{name}", got=getattr(self, name), expected="> 0"
                )


@dataclass(frozen=True)
class Moment:
    """Windows made from coded events instead of imposed episodes.

    Parameters
    ----------
    id : str
    scheme : str
        A point scheme; each of its events is a moment.
    role : str
        Whose events; ``any`` for every role's.
    window_s : (float, float)
        From how long before the event (negative) to how long after it.
    target : str
        Of ``RECOVERY_TARGETS``.
    sustain_s : float
        How long the target must hold.
    """

    id: str
    scheme: str
    role: str
    window_s: tuple[float, float]
    target: str
    sustain_s: float

    def __post_init__(self) -> None:
        refuse.one_of(f"Moment[{self.id}]", "target", self.target, RECOVERY_TARGETS)


@dataclass(frozen=True)
class BodyEvents:
    """Around which events the change of heart and skin is measured, and how far (SPEC 5.2).

    Parameters
    ----------
    around : tuple of str
        Of ``BODY_EVENTS``; anything else is a code (``i_pos``, or ``gaze/away`` where schemes share codes),
        whose observed onsets are the events.
    before_s, after_s : float
        Length of the stretch before the event that is the reference, and of the one after it.
    aversion_min_s : float
        A change of gaze from partner to away is an aversion where it lasts so long.
    """

    around: tuple[str, ...] = BODY_EVENTS
    before_s: float = 5.0
    after_s: float = 10.0
    aversion_min_s: float = 0.5

    def __post_init__(self) -> None:
        refuse.unique("BodyEvents", "around", self.around)
        for name in ("before_s", "after_s"):
            if refuse.finite("BodyEvents", name, getattr(self, name)) <= 0:
                raise FieldError(
                    "not a duration", where=f"BodyEvents.{name}", got=getattr(self, name), expected="> 0"
                )
        if refuse.finite("BodyEvents", "aversion_min_s", self.aversion_min_s) < 0:
            raise FieldError(
                "negative", where="BodyEvents.aversion_min_s", got=self.aversion_min_s, expected=">= 0"
            )


@dataclass(frozen=True)
class Protocol:
    """A paradigm as data; see docs/reference/protocols-and-schemes.md.

    Parameters
    ----------
    id, version, title, citation, population : str
    roles : tuple of Role
        At least two.
    pairs : tuple of (str, str)
        Which dyads are measured; the focal role first, or alphabetical where none is focal.
    episodes : tuple of EpisodeSpec
        In order.
    suppressor_below : float
        A change of RSA from the baseline to the perturbation below this counts as suppression (SPEC 5.2).
    """

    id: str
    roles: tuple[Role, ...]
    pairs: tuple[tuple[str, str], ...]
    episodes: tuple[EpisodeSpec, ...]
    version: str = "1.0"
    title: str = ""
    citation: str = ""
    population: str = ""
    boundary_source: str = "manual"
    stop_rules: tuple[StopRule, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    recovery: tuple[Recovery, ...] = ()
    moments: tuple[Moment, ...] = ()
    physio_baseline: tuple[str, ...] = ()
    physio_epoch_s: float = 30.0
    suppressor_below: float = 0.0
    body_events: BodyEvents = field(default_factory=BodyEvents)
    caveats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"Protocol[{self.id}]"
        refuse.identifier("Protocol", "id", self.id)
        if len(self.roles) < 2:
            raise FieldError("too few roles", where=owner, got=len(self.roles), expected="at least 2")
        role_ids, episode_ids = self.role_ids, tuple(spec.id for spec in self.episodes)
        refuse.unique(owner, "roles", role_ids)
        refuse.unique(owner, "episodes", episode_ids)
        refuse.one_of(owner, "boundary_source", self.boundary_source, BOUNDARY_SOURCES)
        if sum(role.focal for role in self.roles) > 1:
            raise FieldError("two focal roles", where=f"{owner}.roles", expected="at most one")
        for pair in self.pairs:
            for role in pair:
                refuse.one_of(owner, "pairs", role, role_ids)
        for contrast in self.contrasts:
            for episode in contrast.minus:
                refuse.one_of(owner, f"contrasts[{contrast.id}]", episode, episode_ids)
        for recovery in self.recovery:
            refuse.one_of(owner, "recovery.episode", recovery.episode, episode_ids)
            refuse.one_of(owner, "recovery.reference", recovery.reference, episode_ids)
        for spec in self.episodes:
            if spec.follows is not None:
                refuse.one_of(owner, f"episodes[{spec.id}].follows", spec.follows, episode_ids)
        for baseline in self.physio_baseline:
            refuse.one_of(owner, "physio.baseline", baseline, episode_ids)

    @property
    def role_ids(self) -> tuple[str, ...]:
        """Role ids in declared order."""
        return tuple(role.id for role in self.roles)

    @property
    def focal_role(self) -> str | None:
        """The focal role, or None where the protocol is symmetric."""
        return next((role.id for role in self.roles if role.focal), None)

    def perturbation_before(self, episode_id: str) -> str | None:
        """Give the still-face that an episode follows: as declared, else the last one before it."""
        spec = self.episode(episode_id)
        earlier = self.episodes[: self.episodes.index(spec)]
        before = [other.id for other in earlier if other.kind == "perturbation" and other.analyse]
        return spec.follows or (before[-1] if before else None)

    def episode(self, episode_id: str) -> EpisodeSpec:
        """Give the planned episode; an unknown id is refused."""
        for spec in self.episodes:
            if spec.id == episode_id:
                return spec
        raise FieldError(
            "no such episode",
            where=f"Protocol[{self.id}].episodes",
            got=episode_id,
            expected="one of " + ", ".join(spec.id for spec in self.episodes),
        )
