"""Keys as data: what can be done by key, and which keys four schools of coders have in their hands.

Keys are written as Qt writes them (``Ctrl+Left``, ``Shift+Num+-``); ``Num+`` is the number pad. The keys of
ELAN, BORIS and Datavyu are those of their manuals and source; what those programs do not have keeps the
key of the profile ``stillface``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ACTIONS", "PROFILES", "Action"]

Context = Literal["always", "coding", "review", "beats"]


@dataclass(frozen=True)
class Action:
    """Something a key can do.

    Parameters
    ----------
    id : str
    label : str
        For tooltips and the cheat sheet.
    group : str
        Heading in the cheat sheet.
    context : {'always', 'coding', 'review', 'beats'}
        When the key counts; keys of scheme codes count while coding and in the review. ``beats`` is where
        heart beats are corrected: keys go there when the signals have the focus.
    """

    id: str
    label: str
    group: str
    context: Context = "always"


ACTIONS: tuple[Action, ...] = (
    Action("play_pause", "Play, pause", "Play"),
    Action("stop", "Stop, back to where it began", "Play"),
    Action("step_back", "One frame back", "Play"),
    Action("step_on", "One frame on", "Play"),
    Action("second_back", "1 s back", "Play"),
    Action("second_on", "1 s on", "Play"),
    Action("jump_back", "10 s back", "Play"),
    Action("jump_on", "10 s on", "Play"),
    Action("slower", "Slower", "Play"),
    Action("faster", "Faster", "Play"),
    Action("speed_one", "Normal speed", "Play"),
    Action("shuttle_back", "Shuttle backward", "Play"),
    Action("shuttle_on", "Shuttle forward", "Play"),
    Action("to_start", "To the beginning", "Play"),
    Action("to_end", "To the end", "Play"),
    Action("go_to_time", "Go to a time", "Play"),
    Action("loop", "Loop over selection, bout or episode", "Play"),
    Action("edge_back", "To the edge before", "Lane"),
    Action("edge_on", "To the next edge", "Lane"),
    Action("find_code", "Find a code or a remark", "Lane", "coding"),
    Action("find_next", "The next one found", "Lane", "coding"),
    Action("find_previous", "The one found before", "Lane", "coding"),
    Action("lane_up", "Lane above", "Lane", "coding"),
    Action("lane_down", "Lane below", "Lane", "coding"),
    Action("breaches", "Still-face breaches, and back", "Lane", "coding"),
    Action("uncodable", "Unscorable from here", "Code", "coding"),
    Action("end_state", "End the running state", "Code", "coding"),
    Action("mark_in", "Selection begins here", "Code", "coding"),
    Action("mark_out", "Selection ends here", "Code", "coding"),
    Action("onset_here", "Bout begins here", "Mend", "coding"),
    Action("offset_here", "Bout ends here", "Mend", "coding"),
    Action("relabel", "Relabel the bout: this, then a code's key", "Mend", "coding"),
    Action("split", "Cut the bout here", "Mend", "coding"),
    Action("merge", "Join with the next bout", "Mend", "coding"),
    Action("extend", "Extend the bout to here", "Mend", "coding"),
    Action("delete", "Delete the bout", "Mend", "coding"),
    Action("comment", "Comment on the bout", "Mend", "coding"),
    Action("interval_mode", "Interval mode on or off", "Code", "coding"),
    Action("finished", "Am I finished? Next finding", "Code"),
    Action("accept", "Accept", "Review", "review"),
    Action("reject", "Reject: not that", "Review", "review"),
    Action("cant_tell", "Unscorable", "Review", "review"),
    Action("review_next", "Next proposal", "Review", "review"),
    Action("review_previous", "Previous proposal", "Review", "review"),
    Action("onset_earlier", "Onset one frame earlier", "Review", "review"),
    Action("onset_later", "Onset one frame later", "Review", "review"),
    Action("offset_earlier", "Offset one frame earlier", "Review", "review"),
    Action("offset_later", "Offset one frame later", "Review", "review"),
    Action("review_mode", "Review queue on or off", "Review"),
    Action("beat_next", "Next doubtful or missed beat", "Heart beats", "beats"),
    Action("beat_previous", "Doubtful or missed beat before", "Heart beats", "beats"),
    Action("beat_on", "Next beat", "Heart beats", "beats"),
    Action("beat_back", "Beat before", "Heart beats", "beats"),
    Action("beat_add", "Add a beat at the playhead", "Heart beats", "beats"),
    Action("beat_remove", "Not a beat", "Heart beats", "beats"),
    Action("beat_confirm", "The beat is right", "Heart beats", "beats"),
    Action("beat_earlier", "Beat one sample earlier", "Heart beats", "beats"),
    Action("beat_later", "Beat one sample later", "Heart beats", "beats"),
    Action("beat_bad", "The selection is bad", "Heart beats", "beats"),
    Action("beat_good", "Not bad here after all", "Heart beats", "beats"),
    Action("signals", "Signals and heart beats", "Window"),
    Action("mute", "Sound on or off", "Play"),
    Action("undo", "Undo", "Window"),
    Action("redo", "Redo", "Window"),
    Action("zoom_in", "Zoom in", "Window"),
    Action("zoom_out", "Zoom out", "Window"),
    Action("zoom_all", "Show the whole session", "Window"),
    Action("film_fit", "Fit the films to the window", "Window"),
    Action("marks", "Marks on the picture on or off", "Window"),
    Action("colours", "Light or dark colours", "Window"),
    Action("episodes", "Episodes", "Window"),
    Action("ratings", "Ratings", "Window"),
    Action("tour", "Guided tour", "Window"),
    Action("save", "Is everything saved?", "Window"),
    Action("cancel", "End selection and loop", "Window"),
    Action("help", "Keys", "Window"),
    Action("back_to_study", "Back to the study", "Window"),
    Action("quit", "Quit", "Window"),
)

_STILLFACE: dict[str, tuple[str, ...]] = {
    "play_pause": ("Space",),
    "stop": ("Shift+Space",),
    "step_back": ("Left",),
    "step_on": ("Right",),
    "second_back": ("Shift+Left",),
    "second_on": ("Shift+Right",),
    "jump_back": ("PgUp",),
    "jump_on": ("PgDown",),
    "slower": ("[",),
    "faster": ("]",),
    "speed_one": ("=",),
    "shuttle_back": ("J",),
    "shuttle_on": ("L",),
    "to_start": ("Home",),
    "to_end": ("End",),
    "go_to_time": ("Ctrl+G",),
    "loop": ("Ctrl+L",),
    "edge_back": ("Ctrl+Left",),
    "edge_on": ("Ctrl+Right",),
    "find_code": ("Ctrl+F",),
    "find_next": ("Ctrl+N",),
    "find_previous": ("Ctrl+Shift+N",),
    "lane_up": ("Up",),
    "lane_down": ("Down",),
    "breaches": ("F3",),
    "uncodable": ("0",),
    "end_state": ("Return",),
    "mark_in": ("I",),
    "mark_out": ("O",),
    "onset_here": ("Ctrl+[",),
    "offset_here": ("Ctrl+]",),
    "relabel": ("Ctrl+R",),
    "split": ("Ctrl+K",),
    "merge": ("Ctrl+M",),
    "extend": ("Ctrl+E",),
    "delete": ("Del",),
    "comment": ("Ctrl+T",),
    "interval_mode": ("F6",),
    "finished": ("F8",),
    "accept": ("Return",),
    "reject": ("Backspace",),
    "cant_tell": ("0",),
    "review_next": ("Down",),
    "review_previous": ("Up",),
    "onset_earlier": ("Alt+Left",),
    "onset_later": ("Alt+Right",),
    "offset_earlier": ("Alt+Shift+Left",),
    "offset_later": ("Alt+Shift+Right",),
    "review_mode": ("F7",),
    "beat_next": ("N",),
    "beat_previous": ("Shift+N",),
    "beat_on": (".", "Alt+."),
    "beat_back": (",", "Alt+,"),
    "beat_add": ("A", "Ins"),
    "beat_remove": ("X", "Del"),
    "beat_confirm": ("Return",),
    "beat_earlier": ("Alt+Left", "Ctrl+,"),
    "beat_later": ("Alt+Right", "Ctrl+."),
    "beat_bad": ("B",),
    "beat_good": ("Shift+B",),
    "signals": ("F9",),
    "mute": ("Ctrl+Shift+M",),
    "undo": ("Ctrl+Z",),
    "redo": ("Ctrl+Y", "Ctrl+Shift+Z"),
    "zoom_in": ("Ctrl+=", "Ctrl++"),
    "zoom_out": ("Ctrl+-",),
    "zoom_all": ("Ctrl+0",),
    "film_fit": ("F11",),
    "marks": ("F10",),
    "colours": ("F12",),
    "episodes": ("F5",),
    "ratings": ("F4",),
    "tour": ("F1",),
    "save": ("Ctrl+S",),
    "cancel": ("Esc",),
    "help": ("?",),
    "back_to_study": ("Ctrl+W",),
    "quit": ("Ctrl+Q",),
}

_ELAN: dict[str, tuple[str, ...]] = {
    "play_pause": ("Ctrl+Space", "Tab"),
    "stop": (),
    "step_back": ("Ctrl+Left",),
    "step_on": ("Ctrl+Right",),
    "second_back": ("Shift+Left",),
    "second_on": ("Shift+Right",),
    "jump_back": ("Ctrl+PgUp",),
    "jump_on": ("Ctrl+PgDown",),
    "to_start": ("Ctrl+B",),
    "to_end": ("Ctrl+E",),
    "go_to_time": ("Ctrl+G",),
    "loop": ("Ctrl+L",),
    "edge_back": ("Alt+Left",),
    "edge_on": ("Alt+Right",),
    "lane_up": ("Ctrl+Up",),
    "lane_down": ("Ctrl+Down",),
    "onset_here": ("Ctrl+J",),
    "offset_here": ("Ctrl+Shift+J",),
    "extend": ("Ctrl+Shift+E",),
    "delete": ("Alt+D",),
    "onset_earlier": ("Alt+Shift+Left",),
    "onset_later": ("Alt+Shift+Right",),
    "offset_earlier": ("Ctrl+Alt+Left",),
    "offset_later": ("Ctrl+Alt+Right",),
}

_BORIS: dict[str, tuple[str, ...]] = {
    "play_pause": ("Space",),
    "step_back": ("Left",),
    "step_on": ("Right",),
    "jump_back": ("Down", "Ctrl+B"),
    "jump_on": ("Up", "Ctrl+F"),
    "slower": ("End",),
    "faster": ("Home",),
    "speed_one": ("Backspace",),
    "to_start": ("Ctrl+Home",),
    "to_end": ("Ctrl+End",),
    "go_to_time": ("Ctrl+T",),
    "lane_up": ("PgUp",),
    "lane_down": ("PgDown",),
    "comment": ("Ctrl+Shift+T",),
    "find_code": ("Ctrl+Shift+F",),
    "reject": ("Del",),
    "review_next": ("PgDown",),
    "review_previous": ("PgUp",),
}

_DATAVYU: dict[str, tuple[str, ...]] = {
    "play_pause": ("Num+8", "Num+2", "Space"),
    "stop": ("Num+5",),
    "step_back": ("Num+1",),
    "step_on": ("Num+3",),
    "jump_back": ("Num+-",),
    "jump_on": ("Shift+Num+-",),
    "shuttle_back": ("Num+4",),
    "shuttle_on": ("Num+6",),
    "onset_here": ("Num+7",),
    "offset_here": ("Num+9", "Num+."),
    "edge_back": ("Num++",),
    "edge_on": ("Shift+Num++",),
    "loop": ("Ctrl+Num++",),
    "delete": ("Ctrl+\\",),
    "lane_up": ("Ctrl+Left",),
    "lane_down": ("Ctrl+Right",),
}

# The number pad under the right hand of a keyboard that has none: u i o, j k l, m , .
_LAPTOP = {"7": "U", "8": "I", "9": "O", "4": "J", "5": "K", "6": "L", "1": "M", "2": ",", "3": "."}


def _for_laptops(profile: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    mapped = {}
    for action, keys in profile.items():
        pad = [key for key in keys if key.removeprefix("Num+") in _LAPTOP and key.startswith("Num+")]
        others = [key for key in keys if "Num+" not in key]
        mapped[action] = (*(_LAPTOP[key.removeprefix("Num+")] for key in pad), *others)
    return mapped | {
        "jump_back": ("-",),
        "jump_on": ("Shift+-", "_"),
        "edge_back": ("Ctrl+U",),
        "edge_on": ("Ctrl+O",),
        "loop": ("Ctrl+L",),
        # The letters alone are play and offset here.
        "mark_in": ("Shift+I",),
        "mark_out": ("Shift+O",),
    }


PROFILES: dict[str, dict[str, tuple[str, ...]]] = {
    "stillface": _STILLFACE,
    "elan": _ELAN,
    "boris": _BORIS,
    "datavyu": _DATAVYU,
    "datavyu_laptop": _for_laptops(_DATAVYU),
}
