"""What a dyad session is made of: clocks, intervals, states, recordings, protocols, results.

Everything here is frozen, needs numpy and the standard library only, and refuses bad input in
its constructor with one :class:`~stillface.errors.FieldError`.
"""
