"""Coding and reviewing without a window: the document, its commands, the playhead, the timeline, the queue.

Nothing here knows Qt or napari. Whatever a person does in the window, a script can do with the same calls.
"""
