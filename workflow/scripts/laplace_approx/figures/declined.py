"""The picture that stands in for every other one where a case was declined."""

from matplotlib.patches import Rectangle

from laplace_approx.figures import style, text

WIDTH = style.POINTS - 48


@style.settings()
def declined(reason, message, *, title="No normal approximation here", case="") -> style.Figure:
    """Draw the reason and the message of a declined case, wrapped, as literal text."""
    reason = text.wrap(f"declined: {text.literal(reason)}", WIDTH, 11, 3, weight="bold")
    message = text.wrap(message, WIDTH, 9, 24)
    head = 14 * (reason.count("\n") + 1) + 8
    figure = style.page((head + 12 * (message.count("\n") + 1) + 74) / 72, title)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.add_patch(
        Rectangle(
            (0, 0),
            1,
            1,
            transform=axes.transAxes,
            facecolor="#f4f4f4",
            edgecolor=style.GREY,
            linewidth=0.8,
        )
    )
    place = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "in_layout": False,
        "verticalalignment": "top",
    }
    axes.annotate(reason, (0, 1), (12, -12), fontsize=11, fontweight="bold", **place)
    axes.annotate(message, (0, 1), (12, -12 - head), fontsize=9, linespacing=1.3, **place)
    style.footer(figure, [], case)
    return figure
