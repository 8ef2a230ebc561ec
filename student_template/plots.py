"""What the two training scripts show: a progress bar, and pictures. No mathematics of yours is in here."""

import gc
import sys
import traceback
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

try:
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, and need no window
    from matplotlib import pyplot as plt
except ImportError:
    plt = None

INK, RED, BLUE = "#333333", "#c8372d", "#2d6fb3"


def run(main, options):
    """main(options). What you have not written yet ends it with a line that says so; other errors show as ever."""
    if plt is None:
        print("There will be no pictures: they need `pip install matplotlib`.\n")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        main(options)
    except NotImplementedError as missing:
        place = traceback.extract_tb(missing.__traceback__)[-1]
        sys.exit(f"Not written yet. {missing} ({Path(place.filename).name}, line {place.lineno}), then come back.")
    except ModuleNotFoundError as missing:
        if missing.name == "numpy":
            sys.exit("Tensors stand on numpy: `pip install numpy` first.")
        if missing.name in ("engine", "nn", "training", "tensor"):
            sys.exit(f"There is no {missing.name}.py beside this script yet.")
        raise


def progress(what, items, losses=()):
    """The items, with a bar on the screen that counts them, and beside it the mean of the last few losses.

    In between, memory is cleared by hand. Training leaves an expression of many thousand nodes behind in each step, and
    in circles: a node keeps its closure, and the closure its node. Python would search for such circles again and again
    while a step is still building more of them. Once after each step is enough, and takes half the time.
    """
    columns = [TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[loss]}")]
    columns.append(TimeRemainingColumn(elapsed_when_finished=True))
    gc.freeze()  # what is here already stays, and need not be searched
    gc.disable()
    with Progress(*columns) as bar:
        task = bar.add_task(what, total=len(items), loss="")
        for item in items:
            yield item
            gc.collect()
            recent = losses[-20:]
            bar.update(task, advance=1, loss=f"loss {sum(recent) / len(recent):.3f}" if recent else "")
    gc.enable()


def save(figure, path):
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"Picture: {path}")


def loss(losses, path, label):
    """The loss, step by step, and its mean with up to ten steps on either side."""
    if plt is None:
        return
    smooth = []
    for i in range(len(losses)):
        reach = min(10, i // 4, len(losses) - 1 - i)
        smooth.append(sum(losses[i - reach : i + reach + 1]) / (2 * reach + 1))
    figure, axes = plt.subplots(figsize=(7, 4))
    steps = range(1, len(losses) + 1)
    axes.plot(steps, smooth, color=BLUE, alpha=0.35, linewidth=3, label="smoothed")
    axes.plot(steps, losses, color=INK, linewidth=0.8, label="each step")  # on top, or a smooth curve would hide it
    axes.set(xlabel="Step", ylabel=label, ylim=(0, None), xlim=(0, len(losses)))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    save(figure, path)


def digits(images, digits, answers, path):
    """A page of held-out digits: up to 20 that were read wrong, the surest first, and others to fill it."""
    if plt is None:
        return
    wrong = [i for i in range(len(images)) if answers[i][0] != digits[i]]
    wrong.sort(key=lambda i: -answers[i][1])
    others = [i for i in range(len(images)) if answers[i][0] == digits[i]]
    figure, axes = plt.subplots(6, 10, figsize=(10, 8.5), layout="constrained")
    for place, i in zip(axes.flat, [*wrong[:20], *others]):
        read, probability = answers[i]
        color = INK if read == digits[i] else RED
        place.imshow([images[i][8 * y : 8 * y + 8] for y in range(8)], cmap="gray_r")
        place.set(xticks=[], yticks=[])
        place.set_title(f"{read} ({probability:.0%})", color=color, fontsize=10)
        place.set_xlabel("" if read == digits[i] else f"is {digits[i]}", color=color, fontsize=10)
        place.spines[:].set_color(color)
    shown = " (in red)" if len(wrong) <= 20 else " (the 20 surest of them in red)"
    figure.suptitle(f"What the network says, and how sure it is: {len(wrong)} of {len(images)} digits wrong{shown}")
    save(figure, path)


def boundary(probability, points, moons, path):
    """The points, and what the network says about every place between them."""
    if plt is None:
        return
    left, right, bottom, top = -1.5, 2.5, -1.1, 1.6
    xs = [left + (right - left) * i / 60 for i in range(61)]
    ys = [bottom + (top - bottom) * i / 40 for i in range(41)]
    grid = [[probability([x, y]) for x in xs] for y in ys]
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    look = {"cmap": "RdBu", "vmin": 0, "vmax": 1, "alpha": 0.7, "interpolation": "bilinear"}
    shades = axes.imshow(grid, extent=(left, right, bottom, top), origin="lower", **look)
    axes.contour(xs, ys, grid, levels=[0.5], colors=INK, linewidths=2)
    colors = [(RED, BLUE)[moon] for moon in moons]
    axes.scatter(*zip(*points), color=colors, edgecolor="white", s=40, zorder=3)
    axes.set(xticks=[], yticks=[], title=f"{len(points)} held-out points, and where the network is undecided")
    scale = figure.colorbar(shades, ax=axes, ticks=[0, 0.5, 1], shrink=0.85, label="probability of the upper moon")
    scale.ax.set_yticklabels(["0 (lower)", "0.5", "1 (upper)"])
    save(figure, path)
