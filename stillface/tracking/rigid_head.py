"""The rigid part of a head: points of the mesh that expressions leave alone, and where they are.

No lids, brows, lips, lower cheeks or jaw. The shape is the mean of MediaPipe's own mesh over 200
views (5 leanings, 5 cuts, 4 pictures each, mirrored too) of the public-domain portrait that ships
with scikit-image (NASA), made symmetric; ``benchmarks/head_pose.py --derive`` makes this table.
Units: face widths (from ear to ear); axes: x to the picture's right, y down, z away from the camera;
the origin lies between the outer corners of the eyes. The head is upright (pitch 0) where the top of
the forehead and the chin are equally far away.
"""

from __future__ import annotations

import numpy as np

__all__ = ["MIDDLE", "PAIRS", "RIGID", "RIGID_POINTS"]

# (landmark at the subject's right, its mirror image, x, y, z of the latter).
_SIDES = (
    (54, 284, 0.4363, -0.2276, 0.1148),
    (21, 251, 0.4757, -0.1337, 0.1946),
    (162, 389, 0.4964, -0.0330, 0.2806),
    (127, 356, 0.5038, 0.0852, 0.3463),
    (234, 454, 0.5000, 0.1925, 0.3727),
    (93, 323, 0.4935, 0.2974, 0.3702),
    (103, 332, 0.3693, -0.3066, 0.0317),
    (67, 297, 0.2610, -0.3626, -0.0446),
    (109, 338, 0.1420, -0.3904, -0.0891),
    (108, 337, 0.1244, -0.2886, -0.1207),
    (69, 299, 0.2331, -0.2798, -0.0886),
    (104, 333, 0.3372, -0.2500, -0.0326),
    (68, 298, 0.4048, -0.1941, 0.0275),
    (71, 301, 0.4463, -0.1173, 0.0981),
    (139, 368, 0.4704, -0.0295, 0.1640),
    (34, 264, 0.4924, 0.0675, 0.2052),
    (143, 372, 0.4480, 0.0451, 0.0989),
    (35, 265, 0.4142, 0.0311, 0.0564),
    (33, 263, 0.3311, 0.0000, 0.0000),
    (133, 362, 0.1248, 0.0122, -0.0403),
    (116, 345, 0.4604, 0.1253, 0.0814),
    (111, 340, 0.4151, 0.0853, 0.0342),
    (123, 352, 0.4633, 0.2114, 0.0653),
    (227, 447, 0.4971, 0.1638, 0.2142),
    (137, 366, 0.4938, 0.2606, 0.2174),
    (122, 351, 0.0425, 0.0119, -0.1786),
    (193, 417, 0.0585, -0.0389, -0.1281),
    (245, 465, 0.0773, 0.0175, -0.1060),
    (188, 412, 0.0712, 0.0424, -0.1514),
    (174, 399, 0.0726, 0.0835, -0.1968),
    (196, 419, 0.0404, 0.0564, -0.2276),
    (236, 456, 0.0733, 0.1210, -0.2363),
    (198, 420, 0.1076, 0.1516, -0.2025),
    (131, 360, 0.1223, 0.1857, -0.2461),
    (134, 363, 0.0813, 0.1586, -0.2885),
    (49, 279, 0.1557, 0.2057, -0.2048),
    (48, 278, 0.1545, 0.2306, -0.2216),
    (98, 327, 0.1484, 0.2758, -0.1638),
    (115, 344, 0.1216, 0.2169, -0.2668),
    (220, 440, 0.0845, 0.2075, -0.3089),
    (45, 275, 0.0438, 0.1981, -0.3458),
    (51, 281, 0.0410, 0.1419, -0.3142),
    (3, 248, 0.0379, 0.0975, -0.2663),
    (217, 437, 0.1029, 0.1154, -0.1660),
    (114, 343, 0.1022, 0.0760, -0.1314),
)
# (landmark in the middle of the face, y, z).
_MIDDLE = (
    (10, -0.3964, -0.1008),
    (151, -0.2887, -0.1317),
    (168, -0.0553, -0.1580),
    (6, -0.0020, -0.1956),
    (197, 0.0462, -0.2372),
    (195, 0.0891, -0.2809),
    (5, 0.1360, -0.3272),
    (4, 0.1988, -0.3512),
    (1, 0.2502, -0.3410),
    (19, 0.2763, -0.3201),
    (94, 0.2943, -0.2601),
    (2, 0.3033, -0.2261),
)

PAIRS = tuple((right, left) for right, left, *_ in _SIDES)
MIDDLE = tuple(point for point, *_ in _MIDDLE)

RIGID = np.array([right for right, _ in PAIRS] + [left for _, left in PAIRS] + list(MIDDLE))
"""Numbers of the rigid landmarks; shape (102,)."""

RIGID_POINTS = np.array(
    [(-x, y, z) for _, _, x, y, z in _SIDES]
    + [(x, y, z) for _, _, x, y, z in _SIDES]
    + [(0.0, y, z) for _, y, z in _MIDDLE]
)
"""Where they are; shape (102, 3), in face widths."""
