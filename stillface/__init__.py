"""Code, review and measure the Still-Face Paradigm.

Nothing heavy is imported here: the rooms (``stillface.video``, ``stillface.measures``, ...)
load what they need when they are used.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
