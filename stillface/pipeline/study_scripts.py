"""Scripts that read the exported tables in R and SPSS, ready to run beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from string import Template

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement

__all__ = ["r_script", "spss_script"]

_TEXT = {
    "value": "F20.10", "n": "F10.0", "scorable_s": "F12.3", "coverage": "F8.5", "censored": "F1.0",
    "flags": "A200",
}  # fmt: skip
_NUMBERS = ("age_days", "corrected_age_days", "n_episodes", "ended_early")


class _Script(Template):
    """Text with places ``@{name}``: neither language uses them."""

    delimiter = "@"


def r_script(protocol: Protocol, covariates: Sequence[str]) -> str:
    """Give a script in R: means, paired contrasts, mixed model, survival; for this protocol's episodes."""
    contrasts = ", ".join(f"c({_quoted(contrast.minus)})" for contrast in protocol.contrasts)
    return _script("analysis.R").substitute(
        focal=_quoted([_focal(protocol)]),
        episodes=f"c({_quoted(_episodes(protocol))})",
        contrasts=f"list({contrasts})",
        covariates=f"c({_quoted(covariates)})",
    )


def spss_script(
    protocol: Protocol, covariates: Sequence[str], session_columns: Sequence[str], words: Sequence[str]
) -> str:
    """Give SPSS syntax: labels, means, mixed model, paired contrasts.

    Parameters
    ----------
    session_columns : sequence of str
        Of ``sessions.csv``, in its order.
    words : sequence of str
        Covariates whose values are levels and not numbers.
    """
    episodes = _episodes(protocol)
    pairs = [contrast.minus for contrast in protocol.contrasts if set(contrast.minus) <= set(episodes)]
    names = {name: _spss_name(name, session_columns) for name in covariates}
    numbers = {_spss_name(name, session_columns) for name in covariates if name not in words}
    columns = [
        f"{_spss(column)} {'F12.4' if column in _NUMBERS or _spss(column) in numbers else 'A64'}"
        for column in session_columns
    ]
    levels = [name for name in names.values() if name not in numbers]
    scales = [name for name in names.values() if name in numbers]
    extra = [name for name in names.values() if name not in ("age_days", "sex")]
    sides = [f"{side}{k}" for k in range(1, len(pairs) + 1) for side in "ab"]
    return _script("analysis.sps").substitute(
        focal=_focal(protocol),
        people=_wrapped(columns),
        kept="".join(f" {name}" for name in extra),
        long=_wrapped(f"{column} {_TEXT.get(column, 'A64')}" for column in Measurement.columns()),
        episodes=", ".join(f"'{episode}'" for episode in episodes),
        factors="".join(f" {name}" for name in levels),
        with_=" WITH " + " ".join(scales) if scales else "",
        fixed="".join(f" {name}" for name in (*levels, *scales)),
        values="\n".join(f"IF (episode_id = '{e}') v{k} = value." for k, e in enumerate(episodes, 1)),
        means="\n  /".join(f"e{k}=MEAN(v{k})" for k in range(1, len(episodes) + 1)),
        pairs="\n".join(_both(k, pair, episodes) for k, pair in enumerate(pairs, 1)),
        families="\n  /".join(f"{name}=MEAN({name})" for name in sides) or "n=N",
        tests="\n".join(
            f"* {later} minus {earlier}.\nT-TEST PAIRS=a{k} WITH b{k} (PAIRED)."
            for k, (later, earlier) in enumerate(pairs, 1)
        ),
    )


def _script(name: str) -> _Script:
    return _Script(files("stillface.pipeline").joinpath("scripts", name).read_text(encoding="utf-8"))


def _both(number: int, pair: tuple[str, str], episodes: Sequence[str]) -> str:
    """Keep a session's values of a contrast only where it has both."""
    later, earlier = (f"e{episodes.index(episode) + 1}" for episode in pair)
    there = f"IF (NOT MISSING({later}) AND NOT MISSING({earlier}))"
    return f"{there} a{number} = {later}.\n{there} b{number} = {earlier}."


def _focal(protocol: Protocol) -> str:
    return protocol.focal_role or protocol.role_ids[0]


def _episodes(protocol: Protocol) -> list[str]:
    return [spec.id for spec in protocol.episodes if spec.analyse]


def _quoted(names: Sequence[str]) -> str:
    return ", ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)


def _spss_name(covariate: str, session_columns: Sequence[str]) -> str:
    return _spss(covariate if covariate in session_columns else f"covariate_{covariate}")


def _spss(name: str) -> str:
    """Give a name that SPSS accepts."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)[:64]


def _wrapped(columns: Iterable[str]) -> str:
    found = list(columns)
    lines = [" ".join(found[k : k + 6]) for k in range(0, len(found), 6)]
    return "\n    ".join(lines)
