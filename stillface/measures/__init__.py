"""What is computed from coded states: one family a file, exact, never sampled.

Every family takes a session, one analysis track per role and scheme, and match rules, and gives
:class:`~stillface.domain.results.Measurement` rows. SPEC 3 holds the formulas.
"""
