"""The kit for tests and plugin authors: a dyad with known truth, random dyads, conformance suites."""
