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
    (54, 284, 0.4359, -0.2261, 0.1147),
    (21, 251, 0.4753, -0.1324, 0.1946),
    (162, 389, 0.4961, -0.0320, 0.2806),
    (127, 356, 0.5037, 0.0860, 0.3463),
    (234, 454, 0.5000, 0.1929, 0.3728),
    (93, 323, 0.4936, 0.2976, 0.3702),
    (103, 332, 0.3689, -0.3049, 0.0315),
    (67, 297, 0.2608, -0.3606, -0.0448),
    (109, 338, 0.1419, -0.3883, -0.0893),
    (108, 337, 0.1243, -0.2870, -0.1208),
    (69, 299, 0.2330, -0.2783, -0.0888),
    (104, 333, 0.3370, -0.2485, -0.0327),
    (68, 298, 0.4044, -0.1928, 0.0274),
    (71, 301, 0.4460, -0.1161, 0.0981),
    (139, 368, 0.4701, -0.0286, 0.1640),
    (34, 264, 0.4923, 0.0682, 0.2051),
    (143, 372, 0.4480, 0.0453, 0.0989),
    (35, 265, 0.4143, 0.0312, 0.0564),
    (33, 263, 0.3313, 0.0000, 0.0000),
    (133, 362, 0.1251, 0.0123, -0.0403),
    (116, 345, 0.4604, 0.1258, 0.0812),
    (111, 340, 0.4153, 0.0855, 0.0341),
    (123, 352, 0.4635, 0.2118, 0.0651),
    (227, 447, 0.4971, 0.1643, 0.2141),
    (137, 366, 0.4939, 0.2608, 0.2173),
    (122, 351, 0.0425, 0.0127, -0.1788),
    (193, 417, 0.0586, -0.0385, -0.1282),
    (245, 465, 0.0775, 0.0178, -0.1061),
    (188, 412, 0.0712, 0.0430, -0.1516),
    (174, 399, 0.0726, 0.0841, -0.1971),
    (196, 419, 0.0405, 0.0571, -0.2278),
    (236, 456, 0.0734, 0.1216, -0.2366),
    (198, 420, 0.1077, 0.1521, -0.2028),
    (131, 360, 0.1225, 0.1862, -0.2465),
    (134, 363, 0.0814, 0.1592, -0.2889),
    (49, 279, 0.1559, 0.2062, -0.2051),
    (48, 278, 0.1547, 0.2311, -0.2219),
    (98, 327, 0.1486, 0.2763, -0.1642),
    (115, 344, 0.1217, 0.2175, -0.2672),
    (220, 440, 0.0846, 0.2080, -0.3093),
    (45, 275, 0.0439, 0.1986, -0.3463),
    (51, 281, 0.0410, 0.1425, -0.3146),
    (3, 248, 0.0379, 0.0982, -0.2667),
    (217, 437, 0.1029, 0.1160, -0.1663),
    (114, 343, 0.1022, 0.0766, -0.1316),
)
# (landmark in the middle of the face, y, z).
_MIDDLE = (
    (10, -0.3943, -0.1010),
    (151, -0.2871, -0.1319),
    (168, -0.0545, -0.1581),
    (6, -0.0013, -0.1959),
    (197, 0.0469, -0.2375),
    (195, 0.0897, -0.2813),
    (5, 0.1366, -0.3277),
    (4, 0.1993, -0.3516),
    (1, 0.2507, -0.3414),
    (19, 0.2767, -0.3205),
    (94, 0.2947, -0.2605),
    (2, 0.3036, -0.2265),
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
