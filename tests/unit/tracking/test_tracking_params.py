"""Parameters that cannot be meant are refused with field, got and expected."""

from __future__ import annotations

import pytest

from stillface.errors import FieldError
from stillface.tracking.params import TrackingParams


@pytest.mark.parametrize(
    ("name", "value"),
    [("chunk_frames", 0), ("warm_up", 0), ("min_score", 1.5), ("crop_faces", 0.9), ("max_yaw_deg", 120.0)],
)
def test_refused(name: str, value: float) -> None:
    with pytest.raises(FieldError, match=f"TrackingParams.{name}.*got {value}.*expected"):
        TrackingParams(**{name: value})
