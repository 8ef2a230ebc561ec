"""Your own network learns to read: the 64 pixels of a handwritten digit go in, a probability of each digit comes out.

    python train_digits.py               on your engine.py, nn.py and training.py (after a5): about a minute
    python train_digits.py --tensors     on your tensor.py (after a6): a bigger network, in a few seconds

360 digits are held out: the network never learns from them, so they show whether it learned to read, or by heart.
"""

import argparse
import random
from pathlib import Path

import plots

HELD_OUT = 360


def load_digits():
    """The course's digits, shuffled: a list of images (64 numbers each) and a list of the digits that they show.

    The pixels, 0 to 16, become numbers around 0, and small ones: a neuron adds up 64 of them, each times a weight of
    up to 1, and far from 0 its tanh is flat, so that it would hardly learn.
    """
    lines = (Path(__file__).parent / "digits.csv").read_text(encoding="utf-8").splitlines()
    rows = [[int(number) for number in line.split(",")] for line in lines if not line.startswith("#")]
    random.shuffle(rows)
    return [[(pixel - 5) / 32 for pixel in row[:64]] for row in rows], [row[64] for row in rows]


def on_the_engine():
    """A network of 760 Values. Returns two functions: one learns from a few images, and one reads one."""
    from nn import MLP
    from training import Adam, cross_entropy, most_likely, softmax, train

    model = MLP(64, [10, 10], linear_last=True)
    optimizer = Adam(list(model.parameters()), lr=0.03)

    def learn(images, digits):
        (loss,) = train(model, images, digits, cross_entropy, optimizer, steps=1)
        return loss

    def read(image):
        logits = model(image)
        digit = most_likely(logits)
        return digit, softmax(logits)[digit].data

    return learn, read


def on_tensors():
    """The same with 2,410 numbers in four Tensors; your Adam moves a whole array where it moved a number."""
    import numpy as np
    from tensor import MLP, cross_entropy
    from training import Adam

    np.random.seed(random.randrange(2**32))
    model = MLP(64, [32, 10], linear_last=True)
    optimizer = Adam(list(model.parameters()), lr=0.02)

    def learn(images, digits):
        loss = cross_entropy(model(np.array(images)), digits)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.data)

    def read(image):
        logits = model(np.array([image])).data[0]
        powers = np.exp(logits - logits.max())
        digit = int(logits.argmax())
        return digit, float(powers[digit] / powers.sum())

    return learn, read


def print_digits(images, digits, answers):
    """Some images as text, side by side, and what the network says."""
    for y in range(8):
        rows = [image[8 * y : 8 * y + 8] for image in images]
        print("   ".join("".join(2 * " .:-=+*#%@"[round((x * 32 + 5) / 16 * 9)] for x in row) for row in rows))
    said = (
        f"read as {read} ({p:.0%})" if read == digit else f"read as {read}, is {digit}"
        for digit, (read, p) in zip(digits, answers)
    )
    print("   ".join(text.ljust(16) for text in said))


def main(options):
    random.seed(options.seed)
    images, digits = load_digits()
    held_out, held_out_digits = images[:HELD_OUT], digits[:HELD_OUT]
    images, digits = images[HELD_OUT:], digits[HELD_OUT:]
    learn, read = on_tensors() if options.tensors else on_the_engine()
    read(images[0])  # what is not written yet had better show before a minute of training than after it
    batch = 50 if options.tensors else 20

    # A step looks at a few images only, other ones each time: its gradient is rougher than that of all images, but it
    # costs so much less that many rough steps get further. They make the loss jump up and down on its way.
    losses = []
    steps = options.steps or (1000 if options.tensors else 300)
    for _ in plots.progress("Training", range(steps), losses):
        chosen = random.sample(range(len(images)), batch)
        losses.append(learn([images[i] for i in chosen], [digits[i] for i in chosen]))

    answers = [read(image) for image in plots.progress("Reading", held_out)]
    right = sum(read == digit for digit, (read, _) in zip(held_out_digits, answers))
    print(f"\nHeld out: {right} of {HELD_OUT} digits read right, {right / HELD_OUT:.1%}.\n")
    print_digits(held_out[:4], held_out_digits[:4], answers[:4])
    name = "tensor_digits" if options.tensors else "digits"
    plots.loss(losses, options.out / f"{name}_loss.png", "Cross-entropy loss")
    plots.digits(held_out, held_out_digits, answers, options.out / f"{name}_predictions.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensors", action="store_true", help="train on your tensor.py instead of your engine.py")
    parser.add_argument("--steps", type=int, help="how many steps to train for (300; with --tensors 1000)")
    parser.add_argument("--seed", type=int, default=0, help="other weights, other digits held out (default: 0)")
    parser.add_argument("--out", type=Path, default=Path(), help="a folder for the pictures (default: this one)")
    plots.run(main, parser.parse_args())
