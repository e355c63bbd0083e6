"""What a person sees while a run goes on: one bar a step, time left, remarks below."""

from __future__ import annotations

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from stillface.cli.console import people
from stillface.contracts.tracker import Progress as Tell

__all__ = ["Watcher"]


class Watcher:
    """Shows progress on stderr; without a terminal it prints one line a finished step."""

    def __init__(self, *, quiet: bool) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=people,
            disable=quiet or not people.is_terminal,
            transient=True,
        )
        self._quiet = quiet
        self._task: TaskID | None = None

    def __enter__(self) -> Watcher:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def started(self, session_id: str, step: str) -> Tell:
        """Open a bar for a step."""
        task = self._task = self._bars.add_task(f"{session_id} {step}".strip(), total=None)

        def tell(done: int, total: int) -> None:
            self._bars.update(task, completed=done, total=total)

        return tell

    def finished(self, session_id: str, step: str, seconds: float) -> None:
        """Close the bar and leave a line."""
        self._close()
        if not self._quiet:
            people.print(f"  done  {session_id} {step} ({seconds:.1f} s)".rstrip(), markup=False)

    def failed(self, session_id: str, step: str, reason: str) -> None:
        """Close the bar and leave the reason."""
        self._close()
        people.print(f"  FAILED  {session_id} {step}: {reason}", style="bold red", markup=False)

    def _close(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
