"""The window: a thin view over ``stillface.review``. Nothing that could be lost lives here."""
