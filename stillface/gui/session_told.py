"""What the study browser tells of the chosen session."""

from __future__ import annotations

from stillface.review.library import SIGNS, SessionEntry

__all__ = ["described"]


def described(entry: SessionEntry, *, manager: bool) -> str:
    """Give a session's tracks, what is not begun, and warnings, as rich text."""
    lines = [f"<b style='font-size:15px'>{entry.session_id}</b> &nbsp; {entry.dyad_id}"]
    if entry.problem:
        lines.append(f"{SIGNS['damaged']} this session cannot be read; tell your manager")
    for track in entry.tracks:
        kind = {"human": "", "auto_reviewed": " (reviewed)", "consensus": " (agreed)"}[track.kind]
        lines.append(
            f"{SIGNS[track.state]} <b>{track.coder}</b> {track.role} {track.scheme_id}{kind}: "
            f"{track.state}, {100 * track.coded_share:.0f} %"
        )
    begun = {(track.coder, track.role, track.scheme_id) for track in entry.tracks}
    for given in entry.assignments:
        if (given.coder, given.role, given.scheme_id) not in begun:
            second = ", second coding" if given.pass_no == 2 else ""
            lines.append(
                f"{SIGNS['not started']} <b>{given.coder}</b> {given.role} {given.scheme_id}{second}"
            )
    lines += [
        f"{SIGNS['not started']} {stream.role} {stream.scheme_id}: not begun"
        for stream in entry.not_begun
        if entry.tracks
    ]
    if len(lines) == 1:
        lines.append("nothing coded, given to nobody" if manager else "nothing coded yet")
    if entry.checked_out:
        lines.append(f"\u2197 out with {', '.join(entry.checked_out)} on another computer")
    lines += [f"<span style='color:#d98c00'>\u26a0</span> {line}" for line in entry.warnings]
    return "<br>".join(lines)
