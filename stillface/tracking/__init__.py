"""From frames to face tracks: detection, identity, mesh, head pose, gaze and what cannot be coded."""
