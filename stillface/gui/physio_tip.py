"""What lies under the pointer among signals, in words."""

from __future__ import annotations

import numpy as np

from stillface.audio.waveform import Waveform
from stillface.domain.clock import NS_PER_S, ClockMap
from stillface.review.beats import HeartNow

__all__ = ["interval_tip", "loudness_tip", "rsa_tip"]


def loudness_tip(waveform: Waveform, clock_map: ClockMap, time_ns: int) -> list[str]:
    """Tell how loud a tenth of a second around a session time is."""
    local_ns = int(clock_map.to_local(time_ns))
    level = waveform.loudness_db(local_ns - NS_PER_S // 20, local_ns + NS_PER_S // 20)
    return ["no sound here" if level is None else f"{level:.0f} dB re full scale"]


def interval_tip(now: HeartNow, time_ns: int) -> list[str]:
    """Tell how long the interval between beats is, and why it is left out; nothing where none is."""
    k = int(np.searchsorted(now.ibi.onsets_ns, time_ns, side="right")) - 1
    if k < 0 or time_ns >= now.ibi.offsets_ns[k]:
        return []
    length = float(now.ibi.ibi_ms[k])
    lines = [f"{length:.0f} ms ({60_000 / length:.0f} bpm)"]
    if not now.ibi.clean[k]:
        lines.append("left out")
    lines += [gap.text for gap in now.missed if gap.onset_ns <= time_ns < gap.offset_ns]
    return lines


def rsa_tip(now: HeartNow, time_ns: int) -> list[str]:
    """Tell RSA, heart rate and what is left out of the window at a time; nothing where none is."""
    epoch = next((e for e in now.epochs if e.onset_ns <= time_ns < e.offset_ns), None)
    if epoch is None:
        return []
    rsa = f"none ({epoch.status})" if epoch.rsa_ln_ms2 is None else f"{epoch.rsa_ln_ms2:.3f} ln ms²"
    heart = [] if epoch.hr_bpm is None else [f"{epoch.hr_bpm:.1f} bpm"]
    return [f"<b>RSA {rsa}</b>", *heart, f"{100 * epoch.edited_share:.0f} % left out"]
