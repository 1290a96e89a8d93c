#!/usr/bin/env python3
"""Trains shapes-vgg, the branched network this project ships, on files written by `edgeml data shapes`.

Two stages. The trunk learns first: easy pictures, without which it does not get off the ground, then mixed ones; the final
exit leads, exits 1 and 2 help a little (deep supervision). Then the trunk is frozen and every head learns anew on cached
features, so that a head says what its depth knows and accuracy climbs from exit to exit.
models/README.md has the commands and the figures they printed.
"""
import argparse
import os
import time

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

NAMES = ["circle", "square", "triangle", "star", "cross", "ring", "hexagon", "crescent", "arrow", "heart"]
CLASSES = len(NAMES)


def conv(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def head(channels, pool, widths):
    """Average pooling to pool x pool, then fully-connected layers only, with ReLU between them."""
    layers, inputs = [nn.AdaptiveAvgPool2d(pool), nn.Flatten()], channels * pool ** 2
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))


class ShapesVgg(nn.Module):
    """Input `image` [n,3,96,96], RGB in 0..1. Outputs raw logits of three side exits and of the final one."""

    def __init__(self):
        super().__init__()
        down = lambda: nn.MaxPool2d(2)
        self.stages = nn.ModuleList([
            nn.Sequential(*conv(3, 8), down(), *conv(8, 16), down(), *conv(16, 32), down()),
            nn.Sequential(*conv(32, 64), *conv(64, 64), down()),
            nn.Sequential(*conv(64, 128)),
            nn.Sequential(*conv(128, 128), down(), *conv(128, 256), *conv(256, 192), nn.Flatten(), nn.Linear(9 * 192, 192),
                          nn.ReLU(), nn.Linear(192, CLASSES)),
        ])
        # Coarse pooling and few hidden units keep a head well below what the next one reaches: there must be something to decide.
        self.heads = nn.ModuleList([
            head(32, 3, [64, 32]),
            head(64, 1, [24]),
            head(128, 1, [64]),
        ])

    def trunk(self, image):
        """What each stage hands on; the last is the final logits."""
        x, features = (image - 0.5) * 4.0, []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features

    def forward(self, image):
        features = self.trunk(image)
        return tuple(head(f) for head, f in zip(self.heads, features)) + (features[-1],)


def load(path):
    """A file of records: one label byte, then the planes."""
    records = np.memmap(path, np.uint8, "r").reshape(-1, 1 + 3 * 96 * 96)
    return torch.from_numpy(records[:, 1:].copy()).view(-1, 3, 96, 96), torch.from_numpy(records[:, 0].astype(np.int64))


def to_input(images):
    return images.to(memory_format=torch.channels_last).float().mul_(1 / 255)


def batches(images, labels, size, generator, limit):
    """Shuffled, each batch mirrored and transposed at random: no class is told apart by its orientation."""
    order = torch.randperm(len(images), generator=generator)[:limit]
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start:start + size]
        batch = images[chosen]
        flips = torch.randint(0, 2, (3,), generator=generator).tolist()
        batch = batch.transpose(2, 3) if flips[0] else batch
        batch = batch.flip([d for d, flip in zip((2, 3), flips[1:]) if flip])
        yield to_input(batch), labels[chosen]


def accuracies(model, images, labels):
    model.eval()
    correct = torch.zeros(4)
    with torch.no_grad():
        for start in range(0, len(images), 100):
            outputs = model(to_input(images[start:start + 100]))
            correct += torch.tensor([(o.argmax(1) == labels[start:start + 100]).sum() for o in outputs])
    return [round(100 * c / len(images), 2) for c in correct.tolist()]


def train_trunk(model, train, test, args):
    generator = torch.Generator().manual_seed(args.seed)
    sets = [load(args.warmup)] * args.warmup_epochs + [train] * args.epochs
    per_epoch = [min(args.per_epoch, len(labels)) // args.batch for _, labels in sets]
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, total_steps=sum(per_epoch), pct_start=args.rise)
    start = time.time()
    for epoch, ((images, labels), steps) in enumerate(zip(sets, per_epoch)):
        model.train()
        total, right = 0.0, 0
        for x, y in batches(images, labels, args.batch, generator, args.per_epoch):
            features = model.trunk(x)
            logits = features[-1]
            loss = F.cross_entropy(logits, y, label_smoothing=0.03)
            for index in range(2):
                loss = loss + args.side_weight * F.cross_entropy(model.heads[index](features[index]), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
            right += (logits.argmax(1) == y).sum().item()
        print(f"trunk epoch {epoch + 1}/{len(sets)}: loss {total / steps:.4f}, "
              f"train {100 * right / (steps * args.batch):.2f} %, "
              f"test {accuracies(model, test[0][:1500], test[1][:1500])}, {time.time() - start:.0f} s", flush=True)
        torch.save(model.stages.state_dict(), args.checkpoint)
        if epoch + 1 == args.stop_after:
            return


def train_heads(model, train, args):
    """On frozen features, pooled once: the first layer of a head averages, so a picture becomes a few hundred numbers."""
    images, labels = train[0][:args.head_images], train[1][:args.head_images]
    model.eval()
    pooled = [[] for _ in model.heads]
    with torch.no_grad():
        for start in range(0, len(images), 100):
            for store, head_, features in zip(pooled, model.heads, model.trunk(to_input(images[start:start + 100]))):
                store.append(head_[0](features).flatten(1))
    for index, (head_, stored) in enumerate(zip(model.heads, pooled)):
        torch.manual_seed(args.seed + index)
        for layer in head_[2::2]:
            layer.reset_parameters()
        x, layers = torch.cat(stored), head_[2:]
        generator = torch.Generator().manual_seed(args.seed + index)
        optimizer = torch.optim.AdamW(head_.parameters(), lr=3e-3, weight_decay=0.02)
        steps = args.head_epochs * (len(x) // 128)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
        for _ in range(args.head_epochs):
            order = torch.randperm(len(x), generator=generator)
            for chosen in order[:len(x) // 128 * 128].split(128):
                loss = F.cross_entropy(layers(x[chosen]), labels[chosen])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
        print(f"head {index + 1}: {x.shape[1]} inputs, last loss {loss.item():.4f}", flush=True)


def rename(path):
    """Names a reader can follow: conv1, pool1, fc1 .. along the trunk, exit1/fc1 .. in the heads."""
    model = onnx.load(path)
    words = {"Conv": "conv", "Relu": "relu", "MaxPool": "pool", "Gemm": "fc", "AveragePool": "pool", "GlobalAveragePool": "pool"}
    renamed, counts = {}, {}
    keep = {value.name for value in list(model.graph.input) + list(model.graph.output)}
    for node in model.graph.node:
        part = next((name for name in [node.name] + list(node.output) if "/heads." in name), None)
        prefix = f"exit{int(part.split('/heads.')[1][0]) + 1}/" if part else ""
        word = prefix + words.get(node.op_type, node.op_type.lower())
        counts[word] = counts.get(word, 0) + 1
        node.name = f"{word}{counts[word]}"
        for index, output in enumerate(node.output):
            if output not in keep:
                renamed[output] = node.name if index == 0 else f"{node.name}.{index}"
        for kind, tensor in zip(("weight", "bias"), node.input[1:]):
            if node.op_type in ("Conv", "Gemm"):
                renamed[tensor] = f"{node.name}.{kind}"
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for tensor in model.graph.initializer:
        tensor.name = renamed.get(tensor.name, tensor.name)
    model.graph.name = "shapes-vgg"
    onnx.helper.set_model_props(model, {"edgeml.classes": ",".join(NAMES)})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def export(model, path):
    model.eval()
    temporary = path + ".tmp"
    names = ["exit1", "exit2", "exit3", "logits"]
    axes = {name: {0: "n"} for name in ["image"] + names}
    torch.onnx.export(model, torch.rand(1, 3, 96, 96), temporary, opset_version=13, input_names=["image"], output_names=names,
                      dynamic_axes=axes, do_constant_folding=True)
    rename(temporary)
    os.replace(temporary, path)
    print(f"{path}: {os.path.getsize(path)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="mixed pictures to learn from")
    parser.add_argument("--warmup", help="easy pictures for the first epochs")
    parser.add_argument("--warmup-epochs", type=int, default=2)
    parser.add_argument("--test", required=True, help="mixed pictures of another seed")
    parser.add_argument("--out", required=True, help="the ONNX file")
    parser.add_argument("--checkpoint", default="trunk.pt", help="written after every epoch")
    parser.add_argument("--resume", action="store_true", help="start with the checkpoint's trunk")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--per-epoch", type=int, default=16000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--rise", type=float, default=0.2, help="share of the steps in which the rate rises")
    parser.add_argument("--stop-after", type=int, help="leave the schedule after this epoch")
    parser.add_argument("--side-weight", type=float, default=0.2)
    parser.add_argument("--head-images", type=int, default=20000)
    parser.add_argument("--head-epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = ShapesVgg().to(memory_format=torch.channels_last)
    if args.resume:
        model.stages.load_state_dict(torch.load(args.checkpoint))
    train, test = load(args.train), load(args.test)
    if args.epochs + args.warmup_epochs:
        train_trunk(model, train, test, args)
    train_heads(model, train, args)
    print("test accuracy of exits 1, 2, 3 and the final one:", accuracies(model, *test))
    export(model, args.out)


if __name__ == "__main__":
    main()
