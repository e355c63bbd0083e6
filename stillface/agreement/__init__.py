"""How well two codings of the same time agree."""
