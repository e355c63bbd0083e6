"""Write the reliability page of a study."""

from __future__ import annotations

from pathlib import Path

from stillface import __version__
from stillface.io.bundle import StudyFolder
from stillface.io.durable import write_atomic
from stillface.pipeline.agree_study import StudyAgreement
from stillface.report.reliability import CoderPair, ReliabilityReport, reliability_report

__all__ = ["RELIABILITY_PAGE", "write_reliability_page"]

RELIABILITY_PAGE = "reliability.html"


def write_reliability_page(folder: StudyFolder, found: StudyAgreement) -> Path:
    """Write the page and give its place; raises StorageError where the disk refuses."""
    page = reliability_report(
        ReliabilityReport(
            folder.study.study_id,
            folder.study.title,
            folder.protocol(),
            found.content,
            tuple(CoderPair(item.session, item.first, item.second) for item in found.disagreements),
            {"stillface": __version__},
        )
    )
    path = folder.reports_dir / RELIABILITY_PAGE
    write_atomic(path, page.encode())
    return path
