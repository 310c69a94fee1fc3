"""Names beside points, placed where they cover neither a point nor another text."""

import numpy as np

from laplace_approx.figures import style, text

RADII = np.array([7, 12, 20, 32, 48, 70, 100])  # points from the mark to the edge of the name
DEGREES = np.array([0, 180, 90, 270, 45, 315, 135, 225, 22, 158, 202, 338, 68, 112, 248, 292])
MARK = 4  # points from the centre of a mark to its edge
BESIDE = 9  # a name farther from its point than this is joined to it by a line
LEADER = 12  # places along such a line that are tried for what it crosses


def place(axes, points, names, avoid=(), size: float = 8.0, color="black", width=150.0) -> list:  # noqa: PLR0913
    """Write each name beside its point (n, 2) in data coordinates and return the texts.

    The figure's layout is settled first, then each name in turn takes the free place that is
    nearest to its point, joined to it by a thin line where it is not next to it. Places of the
    points, of `avoid` (m, 2) and of the texts already in the axes are not free. When every place
    is taken, the one that overlaps least is used.

    Many arguments: three say how a name is written.
    """
    figure = axes.get_figure()
    style.settle(figure)
    scale = 72 / figure.dpi  # all lengths in typographic points
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    marks = np.concatenate([points, np.asarray(avoid, dtype=float).reshape(-1, 2)])
    marks = axes.transData.transform(marks) * scale
    written = [found.get_window_extent().extents * scale for found in axes.texts]
    taken = np.concatenate([np.hstack([marks - MARK, marks + MARK]), np.reshape(written, (-1, 4))])
    frame = axes.bbox.extents * scale
    texts = []
    for spot, point, name in zip(marks[: len(points)], points, names, strict=True):
        label = text.wrap(name, width, size, 2)
        box = _best(spot, _extent(label, size), taken, frame)
        texts.append(_write(axes, label, point, spot, box, size, color))
        leader = _leader(spot, box)
        used = np.hstack([leader - 1, leader + 1]) if _distance(spot, box) > BESIDE else []
        taken = np.concatenate([taken, [box], np.reshape(used, (-1, 4))])
    return texts


def _write(axes, label: str, point, spot, box, size: float, color):  # noqa: PLR0913
    """Write a name in its box, joined to its point where that is not beside it.

    Many arguments: where a name stands, and how it is written.
    """
    leader = {"arrowstyle": "-", "color": style.GREY, "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3}
    written = axes.annotate(
        label,
        point,
        xytext=tuple((box[:2] + box[2:]) / 2 - spot),
        textcoords="offset points",
        horizontalalignment="center",
        verticalalignment="center",
        fontsize=size,
        color=color,
        arrowprops=leader if _distance(spot, box) > BESIDE else None,
        zorder=12,
        bbox={"facecolor": "white", "alpha": 0.5, "edgecolor": "none", "pad": 0.3},
    )
    written.set_in_layout(False)
    return written


def _extent(label: str, size: float) -> np.ndarray:
    rows = label.split("\n")
    return np.array([max(text.width(row, size) for row in rows) + 2, 1.25 * size * len(rows)])


def _best(spot, extent, taken, frame) -> np.ndarray:
    """Return the box (left, bottom, right, top) with the least overlap, the nearest of those."""
    best, least = None, np.inf
    angles = np.radians(DEGREES)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    for radius in RADII:
        corners = spot + radius * directions + (directions - 1) * extent / 2
        for corner in corners:
            box = np.concatenate([corner, corner + extent])
            overlap = _shared(box, taken).sum()
            # a text cut off by the frame is worse than one over a mark, and so is a line through
            # another name (what is close to the point itself is the point's own crowd)
            overlap += 10 * (extent.prod() - _shared(box, frame[None]).sum())
            if _distance(spot, box) > BESIDE:
                path = _leader(spot, box)
                overlap += 20 * _shared(np.hstack([path - 0.5, path + 0.5]), taken).sum()
            if overlap < least - 1e-9:
                best, least = box, overlap
            if least < 1e-6:
                return best
    return best


def _nearest(spot, box) -> np.ndarray:
    return np.clip(spot, box[:2], box[2:])


def _distance(spot, box) -> float:
    return float(np.hypot(*(_nearest(spot, box) - spot)))


def _leader(spot, box) -> np.ndarray:
    """Return points (LEADER, 2) on the line from a mark's edge to its name."""
    share = np.linspace(0.25, 1.0, LEADER)[:, None]
    return spot + share * (_nearest(spot, box) - spot)


def _shared(boxes, others) -> np.ndarray:
    """Return the area that each of `boxes` (..., 4) shares with each of `others` (m, 4)."""
    boxes = np.asarray(boxes)[..., None, :]
    sides = np.minimum(boxes[..., 2:], others[:, 2:]) - np.maximum(boxes[..., :2], others[:, :2])
    return np.where(np.all(sides > 0, axis=-1), np.prod(sides, axis=-1), 0.0)
