"""A study on disk: one folder with everything in it, which may be moved as a whole.

```
my-study/
  study.yaml
  media/  physio/                     raw files; never changed
  sessions/<session_id>/
    session.yaml
    tracks/*.h5  signals/*.h5         written once
    codes/<coder>.<install>.jsonl     append-only log of one coder on one computer
    codes/auto/*.h5                   machine proposals
  exports/  reports/  logs/  models/
```
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stillface.domain.protocol import Protocol
from stillface.domain.recording import VideoRecording
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.errors import InputError, StorageError, UsageError
from stillface.io.code_log_name import log_name, parse_log_name
from stillface.io.durable import OS_FS, FileSystem, storage_error, sweep_temps, write_atomic
from stillface.io.lock import FileLock, wait_for_lock
from stillface.io.protocol_yaml import load_protocol
from stillface.io.safe_paths import check_name, relative_to_study, resolve_inside
from stillface.io.scheme_yaml import load_scheme
from stillface.io.session_yaml import read_session, write_session
from stillface.io.shipped import find
from stillface.io.study_yaml import PrivacyPlan, ReliabilityPlan, StudyFile, read_study, write_study

__all__ = ["StudyFolder", "create_study", "open_study"]

STUDY_FILE = "study.yaml"
SESSION_FILE = "session.yaml"
_FOLDERS = ("media", "physio", "sessions", "exports", "reports", "logs", "models")
_SESSION_FOLDERS = ("tracks", "signals", "codes", "codes/auto")


class StudyFolder:
    """An open study; make it with :func:`open_study` or :func:`create_study`.

    Attributes
    ----------
    root : Path
    swept : tuple of str
        Temporary files of killed programs that were removed at the opening.
    """

    def __init__(self, root: Path, content: StudyFile, *, swept: tuple[str, ...] = ()) -> None:
        self.root = root
        self.swept = swept
        self._content = content
        # Hundreds of sessions name the same few files.
        self._protocols: dict[str, Protocol] = {}
        self._schemes: dict[str, CodingScheme] = {}

    @property
    def study(self) -> Study:
        """The study as study.yaml has it."""
        return self._content.study

    @property
    def reliability(self) -> ReliabilityPlan:
        """The lab's plan for double coding."""
        return self._content.reliability

    @property
    def privacy(self) -> PrivacyPlan:
        """The lab's defaults for shared copies."""
        return self._content.privacy

    @property
    def logs_dir(self) -> Path:
        """Folder of run logs and anchors."""
        return self.root / "logs"

    @property
    def exports_dir(self) -> Path:
        """Folder of exported tables."""
        return self.root / "exports"

    @property
    def reports_dir(self) -> Path:
        """Folder of reports."""
        return self.root / "reports"

    def sessions(self) -> tuple[str, ...]:
        """Give the ids of all sessions, sorted."""
        found = self.root.glob(f"sessions/*/{SESSION_FILE}")
        return tuple(sorted(path.parent.name for path in found))

    def session_dir(self, session_id: str) -> Path:
        """Give the folder of a session, which need not exist; raises FieldError on an unfit id."""
        return self.root / "sessions" / check_name("session_id", session_id)

    def tracks_dir(self, session_id: str) -> Path:
        """Folder of face tracks."""
        return self.session_dir(session_id) / "tracks"

    def signals_dir(self, session_id: str) -> Path:
        """Folder of signals and beats."""
        return self.session_dir(session_id) / "signals"

    def codes_dir(self, session_id: str) -> Path:
        """Folder of the coders' logs."""
        return self.session_dir(session_id) / "codes"

    def auto_dir(self, session_id: str) -> Path:
        """Folder of machine proposals."""
        return self.codes_dir(session_id) / "auto"

    def log_path(self, session_id: str, coder: str, install: str) -> Path:
        """Give the file of a coder's log on one computer."""
        return self.codes_dir(session_id) / log_name(coder, install)

    def log_paths(self, session_id: str) -> tuple[Path, ...]:
        """Give all logs of a session, sorted by coder and install."""
        found = self.codes_dir(session_id).glob("*.jsonl")
        return tuple(sorted(path for path in found if parse_log_name(path) is not None))

    def heads_path(self, install: str) -> Path:
        """Give the file in which one computer anchors its logs."""
        log_name("x", install)
        return self.logs_dir / f"heads.{install}.jsonl"

    def protocol(self, protocol_id: str | None = None) -> Protocol:
        """Give a protocol, the study's own when no id is given; the study's files win."""
        name = protocol_id or self.study.protocol_id
        if name not in self._protocols:
            self._protocols[name] = load_protocol(name, self.root)
        return self._protocols[name]

    def scheme(self, scheme_id: str) -> CodingScheme:
        """Give a coding scheme; the study's files win over those that ship."""
        if scheme_id not in self._schemes:
            self._schemes[scheme_id] = load_scheme(scheme_id, self.root)
        return self._schemes[scheme_id]

    def path_of(self, relative: str) -> Path:
        """Give the place of a raw file named in a session.

        Raises
        ------
        FieldError, InputError
            It would lie outside the study, or is not there.
        """
        path = resolve_inside(self.root, relative)
        if not path.is_file():
            raise InputError(
                "this file is not in the study", where=relative, fix="put it back, or correct session.yaml"
            )
        return path

    def relative(self, path: Path) -> str:
        """Give the path that a session may hold for a file of the study; raises FieldError."""
        return relative_to_study(self.root, path)

    def load_session(self, session_id: str) -> Session:
        """Read one session; its artefacts are loaded by the steps that need them.

        Raises
        ------
        InputError
            No such session, or session.yaml is unfit (file:line).
        """
        path = self.session_dir(session_id) / SESSION_FILE
        if not path.is_file():
            raise InputError(
                "no such session", where=self.root.name, got=session_id, expected=", ".join(self.sessions())
            )
        session = read_session(path, self.protocol)
        if session.session_id != session_id:
            raise InputError(
                "the session's id differs from its folder",
                where=f"{path}:1",
                got=session.session_id,
                expected=session_id,
                fix="rename one of the two",
            )
        self._check_people(session, str(path))
        return session

    def add_session(self, session: Session, *, fs: FileSystem = OS_FS) -> Path:
        """Make the folder of a new session with its session.yaml.

        Every file named must be there. A session counts once its session.yaml is in place.

        Returns
        -------
        Path
            The session's folder.

        Raises
        ------
        UsageError
            There is such a session already.
        FieldError, InputError
            A person unknown to the study, or a file that is absent or outside.
        StorageError
            The disk refused.
        """
        folder = self.session_dir(session.session_id)
        if (folder / SESSION_FILE).exists():
            raise UsageError("there is such a session already", where=session.session_id)
        self._check_whole(session)
        try:
            for name in _SESSION_FOLDERS:
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder, "could not make the session") from error
        write_session(folder / SESSION_FILE, session, fs=fs)
        return folder

    def save_session(self, session: Session, *, fs: FileSystem = OS_FS) -> None:
        """Replace the session.yaml of a session that exists; raises as :meth:`add_session`."""
        path = self.session_dir(session.session_id) / SESSION_FILE
        if not path.is_file():
            raise UsageError("no such session", where=session.session_id, fix="add it first")
        self._check_whole(session)
        _keep_hand_edited(path, fs=fs)
        write_session(path, session, fs=fs)

    def update_session(
        self, session_id: str, change: Callable[[Session], Session], *, fs: FileSystem = OS_FS
    ) -> Session:
        """Change session.yaml as it stands on the disk now, one program at a time.

        Parameters
        ----------
        session_id : str
        change : callable
            Gets the session as it stands and gives the new one; what it raises leaves the file as it is.

        Raises
        ------
        StorageError
            Another program is changing it, or the disk refused.
        InputError, FieldError
            As :meth:`load_session` and :meth:`add_session`.
        """
        path = self.session_dir(session_id) / SESSION_FILE
        lock = wait_for_lock(path.with_name(SESSION_FILE + ".lock"), who="session")
        try:
            session = change(self.load_session(session_id))
            self.save_session(session, fs=fs)
        finally:
            lock.release()
        return session

    def update_study(self, change: Callable[[Study], Study], *, fs: FileSystem = OS_FS) -> Study:
        """Change study.yaml as it stands on the disk now, one program at a time.

        Parameters
        ----------
        change : callable
            Gets the study and gives the new one.

        Raises
        ------
        StorageError
            Another program is changing it, or the disk refused.
        """
        return self._update(lambda now: replace(now, study=change(now.study)), fs).study

    def update_reliability(
        self, change: Callable[[ReliabilityPlan], ReliabilityPlan], *, fs: FileSystem = OS_FS
    ) -> ReliabilityPlan:
        """Change the plan for double coding; as :meth:`update_study`."""
        return self._update(lambda now: replace(now, reliability=change(now.reliability)), fs).reliability

    def _update(self, change: Callable[[StudyFile], StudyFile], fs: FileSystem) -> StudyFile:
        path = self.root / STUDY_FILE
        lock = FileLock(path.with_name(STUDY_FILE + ".lock"), who="study")
        try:
            now = read_study(path)
            content = change(now)
            if content != now:
                _keep_hand_edited(path, fs=fs)
                write_study(path, content, fs=fs)
            self._content = content
        finally:
            lock.release()
        return content

    def _check_whole(self, session: Session) -> None:
        self._check_people(session, session.session_id)
        for recording in session.recordings:
            names = recording.files if isinstance(recording, VideoRecording) else (recording.file,)
            for name in names:
                self.path_of(name)

    def _check_people(self, session: Session, where: str) -> None:
        for role, person_id in session.persons.items():
            if self.study.person(person_id) is None:
                raise InputError(
                    f"the {role} is nobody of this study",
                    where=where,
                    got=person_id,
                    expected=f"a person_id of {STUDY_FILE}",
                )
        visits = {visit.visit_id for visit in self.study.visits}
        if session.visit_id and session.visit_id not in visits:
            raise InputError(
                "no such visit", where=where, got=session.visit_id, expected=f"a visit_id of {STUDY_FILE}"
            )


def create_study(root: Path, content: StudyFile | Study, *, fs: FileSystem = OS_FS) -> StudyFolder:
    """Make a new study's folders and study.yaml.

    Parameters
    ----------
    root : Path
        A folder that is absent or empty.
    content : StudyFile or Study

    Raises
    ------
    UsageError
        The folder holds something.
    InputError
        The protocol, a scheme or a rule is unknown.
    StorageError
        The disk refused; what was made is removed again.
    """
    content = content if isinstance(content, StudyFile) else StudyFile(content)
    check_name("Study.study_id", content.study.study_id)
    find("protocols", content.study.protocol_id, None)
    for scheme_id in (scheme_id for ids in content.study.schemes.values() for scheme_id in ids):
        find("schemes", scheme_id, None)
    for rule_id in content.study.rules:
        find("rules", rule_id, None)
    was_there = root.exists()
    if was_there and (not root.is_dir() or any(root.iterdir())):
        raise UsageError("the folder is not empty", where=root.name, fix="choose a new folder")
    try:
        for name in _FOLDERS:
            (root / name).mkdir(parents=True)
        write_study(root / STUDY_FILE, content, fs=fs)
    except (OSError, StorageError) as error:
        for name in _FOLDERS:
            shutil.rmtree(root / name, ignore_errors=True)
        if not was_there:
            shutil.rmtree(root, ignore_errors=True)
        if isinstance(error, OSError):
            raise storage_error(error, root, "could not make the study") from error
        raise
    return open_study(root)


def open_study(root: Path) -> StudyFolder:
    """Open a study's folder.

    Orphaned temporary files of killed programs, older than an hour and with our own names, are removed.

    Raises
    ------
    InputError
        No study here, or study.yaml is unfit (file:line).
    """
    root = Path(root)
    path = root / STUDY_FILE
    if not path.is_file():
        raise InputError(
            f"no study here: {STUDY_FILE} is missing", where=str(root), fix="give the study's folder"
        )
    return StudyFolder(root, read_study(path), swept=sweep_temps(root))


def _keep_hand_edited(path: Path, *, fs: FileSystem) -> None:
    """Keep the text of a file that is about to be written anew: a person's comments are in it."""
    data = path.read_bytes()
    if b"\n#" not in data and b" #" not in data[data.find(b"\n") :]:
        return
    number = 1
    while (kept := path.with_name(f"{path.stem}.hand-edited-{number}.yaml")).exists():
        number += 1
    write_atomic(kept, data, fs=fs)
