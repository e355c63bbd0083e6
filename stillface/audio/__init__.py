"""The sound of a film, on the film's own time: decoded, and as a waveform."""
