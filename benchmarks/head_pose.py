"""Head pose three ways on known turns and on film, and how the table of the rigid head was made.

    python benchmarks/head_pose.py                  known turns of the animated stand-ins
    python benchmarks/head_pose.py FILM ...         how steady each way is from frame to frame
    python benchmarks/head_pose.py --derive         print the table of stillface/tracking/rigid_head.py

The ways: Kabsch on the mesh's own depth (in use), solvePnP on the same 102 points (SQPNP), and the
usual six-point solvePnP (nose, chin, eye and mouth corners).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.recording import WHOLE
from stillface.tracking.boxes import Crop
from stillface.tracking.detect import FaceDetector
from stillface.tracking.head_pose import angles_deg, head_pose
from stillface.tracking.mesh import FaceMesher
from stillface.tracking.params import TrackingParams
from stillface.tracking.rigid_head import MIDDLE, PAIRS, RIGID, RIGID_POINTS

Rgb = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float64]

TURNS = {"yaw_deg": (-25, -15, -8, 0, 8, 15, 25), "pitch_deg": (-15, -8, 0, 8, 15), "roll_deg": (-20, 0, 20)}
AXES = ("yaw_deg", "pitch_deg", "roll_deg")
# Nose, chin, outer eye corners, mouth corners; the last three are not in the rigid table.
SIX = (1, 152, 33, 263, 61, 291)
SIX_POINTS = np.array(
    [
        (0, 0.251, -0.341),
        (0, 0.826, -0.101),
        (-0.331, 0, 0),
        (0.331, 0, 0),
        (-0.238, 0.412, -0.032),
        (0.238, 0.412, -0.032),
    ]
)
VIEWS_DEG = (-10, -5, 0, 5, 10)
VIEWS_FACES = (2.0, 2.3, 2.5, 2.8, 3.2)
PICTURES = 4


class Looker:
    """Detects and meshes the one face of a picture."""

    def __init__(self) -> None:
        self.detector = FaceDetector(TrackingParams().min_score)
        self.mesher = FaceMesher()

    def mesh(self, rgb: Rgb, faces: float = 2.5, angle_deg: float = 0.0, pictures: int = 3) -> list[Float]:
        """Give the mesh of the last pictures of a still, in picture pixels; empty without a face."""
        found = self.detector.detect(rgb, WHOLE.pixels(rgb.shape[1], rgb.shape[0]))
        if not found:
            return []
        crop = Crop.around(found[0].box_px, faces, angle_deg)
        cut = crop.take(rgb)
        points = [self.mesher.find_afresh(cut, 3), *(self.mesher.find(cut) for _ in range(pictures - 1))]
        return [crop.to_picture(p).astype(np.float64) for p in points if p is not None]


def by_kabsch(landmarks: Float, size_px: tuple[int, int]) -> Float:
    """Give yaw, pitch, roll as the product does."""
    pose = head_pose(landmarks[None].astype(np.float32))
    return np.array([pose.yaw_deg[0], pose.pitch_deg[0], pose.roll_deg[0]])


def by_pnp(points: Float, numbers: npt.ArrayLike, flags: str) -> Callable[[Float, tuple[int, int]], Float]:
    """Give a way that fits these model points by solvePnP, focal length one picture width."""

    def way(landmarks: Float, size_px: tuple[int, int]) -> Float:
        import cv2

        across, height = size_px
        camera = np.array([[across, 0, across / 2], [0, across, height / 2], [0, 0, 1.0]])
        seen = np.ascontiguousarray(landmarks[np.asarray(numbers), :2])
        _, turn, _ = cv2.solvePnP(points, seen, camera, None, flags=getattr(cv2, flags))
        return angles_deg(cv2.Rodrigues(turn)[0][None])[0]

    return way


WAYS = {
    "kabsch": by_kabsch,
    "pnp 102": by_pnp(RIGID_POINTS, RIGID, "SOLVEPNP_SQPNP"),
    "pnp 6": by_pnp(SIX_POINTS, SIX, "SOLVEPNP_SQPNP"),
}


def known_turns() -> None:
    """Print what each way reads of a known turn, relative to the head at rest, and the bias at rest."""
    from stillface.testing.demo import LOOKS
    from stillface.testing.portrait import Portrait, Pose

    looker = Looker()
    for role, look in LOOKS.items():
        portrait = Portrait(look)
        for name, way in WAYS.items():
            for axis, (field, turns) in enumerate(TURNS.items()):
                read = {}
                for turn in turns:
                    rgb = portrait.draw(Pose(expression={}, **{field: float(turn)}))
                    mesh = looker.mesh(rgb)
                    read[turn] = way(mesh[-1], (rgb.shape[1], rgb.shape[0]))[axis] if mesh else np.nan
                shown = "  ".join(f"{turn:+d}:{value:+.1f}" for turn, value in read.items())
                off = np.nanmean([abs(value - read[0] - turn) for turn, value in read.items() if turn])
                who = f"{role:<10} {name:<8} {field:<10}"
                print(f"{who} mean error {off:4.1f} deg, at rest {read[0]:+.1f}   {shown}")


def steadiness(film: Path) -> None:
    """Print the robust standard deviation of the second difference of each angle over a film."""
    looker = Looker()
    angles: dict[str, list[Float]] = {name: [] for name in WAYS}
    for rgb in _frames(film):
        mesh = looker.mesh(rgb)
        if mesh:
            for name, way in WAYS.items():
                angles[name].append(way(mesh[-1], (rgb.shape[1], rgb.shape[0])))
    for name, read in angles.items():
        # White noise of 1 has a second difference of sqrt(6); slow movement hardly any.
        jitter = 1.4826 * np.median(np.abs(np.diff(np.array(read), n=2, axis=0)), axis=0) / np.sqrt(6)
        shown = ", ".join(f"{axis} {value:.2f}" for axis, value in zip(AXES, jitter, strict=True))
        print(f"{film.name[:28]:<28} {name:<8} {len(read)} frames, jitter {shown}")


def _frames(film: Path) -> Iterator[Rgb]:
    from stillface.video.source import open_video

    with open_video([film], None) as source:
        for _, rgb in source.frames(0, min(source.clock.n_frames, 200)):
            yield rgb


def derive() -> None:
    """Print the rigid head: mean mesh over views of the portrait and its mirror image, made symmetric."""
    import cv2
    from skimage.data import astronaut

    portrait = cv2.resize(astronaut()[14:206, 98:354], (640, 480), interpolation=cv2.INTER_CUBIC)
    looker = Looker()
    views = [
        mesh[:468]
        for picture in (portrait, np.ascontiguousarray(portrait[:, ::-1]))
        for angle in VIEWS_DEG
        for faces in VIEWS_FACES
        for mesh in looker.mesh(picture, faces, angle, PICTURES)
    ]
    mean = views[0]
    for _ in range(5):
        mean = np.mean([_onto(view, mean) for view in views], axis=0)
    right, left = np.array(PAIRS).T
    middle = np.array(MIDDLE)
    mirrored = mean.copy()
    for one, other in ((right, left), (left, right), (middle, middle), (np.array([152]), np.array([152]))):
        mirrored[one] = mean[other] * [-1, 1, 1]
    used = np.concatenate([right, left, middle, [152]])
    head = mean[used] - mean[used].mean(axis=0) + _onto(mirrored[used], mean[used])
    at = {int(number): k for k, number in enumerate(used)}
    across = np.sum([head[at[b]] - head[at[a]] for a, b in PAIRS], axis=0)
    x = across / np.linalg.norm(across)
    down = head[at[152]] - head[at[10]]
    y = down - x * (x @ down)
    y /= np.linalg.norm(y)
    head = head @ np.stack([x, y, np.cross(x, y)]).T
    head /= np.linalg.norm(head[at[454]] - head[at[234]])
    head -= (head[at[33]] + head[at[263]]) / 2
    for a, b in PAIRS:
        print(f"    ({a}, {b}, " + ", ".join(f"{value:.4f}" for value in head[at[b]]) + "),")
    for number in MIDDLE:
        print(f"    ({number}, {head[at[number]][1]:.4f}, {head[at[number]][2]:.4f}),")


def _onto(points: Float, target: Float) -> Float:
    """Move, turn and scale points onto a target; the target's middle is put at the origin."""
    a, b = points - points.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a)
    signs = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    return a @ (u * signs @ vt).T * (s @ signs / (a**2).sum())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--derive", action="store_true")
    given = parser.parse_args()
    if given.derive:
        derive()
    elif given.films:
        for film in given.films:
            steadiness(film)
    else:
        known_turns()


if __name__ == "__main__":
    main()
