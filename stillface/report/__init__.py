"""Reports: one self-contained page per session and per study, without script and without network."""

from stillface.report.caveats import CAVEATS, Caveat
from stillface.report.data import (
    IbiTrace,
    MatchStrip,
    RsaEpochs,
    SessionReport,
    StudyReport,
    StudySession,
)
from stillface.report.html import session_report, study_report

__all__ = [
    "CAVEATS",
    "Caveat",
    "IbiTrace",
    "MatchStrip",
    "RsaEpochs",
    "SessionReport",
    "StudyReport",
    "StudySession",
    "session_report",
    "study_report",
]
