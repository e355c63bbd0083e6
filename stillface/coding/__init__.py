"""Automatic coders: proposals of affect and gaze from a face track, for a person to review."""
