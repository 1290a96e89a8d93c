#!/usr/bin/env python3
"""Trains three small classifiers without side exits on files written by `edgeml data shapes --size 32`: a residual one, one of inverted
residuals, and one of inception blocks. They are what `edgeml branch` is tried on. models/plain/README.md has the commands and figures."""
import argparse
import os
import time

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES, SIZE = 10, 32


def conv(inputs, outputs, kernel=3, stride=1, groups=1, activation=nn.ReLU):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(conv(inputs, outputs, 3, stride), conv(outputs, outputs, activation=None))
        self.skip = nn.Identity() if inputs == outputs and stride == 1 else conv(inputs, outputs, 1, stride, activation=None)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, wider=4):
        super().__init__()
        wide = wider * inputs
        self.body = nn.Sequential(conv(inputs, wide, 1, activation=nn.ReLU6), conv(wide, wide, 3, stride, wide, nn.ReLU6),
                                  conv(wide, outputs, 1, activation=None))
        self.adds = inputs == outputs and stride == 1

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class Inception(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        part = outputs // 4
        self.paths = nn.ModuleList([
            conv(inputs, part, 1),
            nn.Sequential(conv(inputs, part, 1), conv(part, part)),
            nn.Sequential(conv(inputs, part // 2, 1), conv(part // 2, part), conv(part, part)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(inputs, part, 1)),
        ])

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], 1)


def end(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def plain_residual():
    widths = [(16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
    return nn.Sequential(conv(3, 16, 3, 2), *[Residual(*w) for w in widths], *end(64))


def plain_inverted():
    widths = [(16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 40, 1)]
    return nn.Sequential(conv(3, 16, 3, 2), *[Inverted(*w) for w in widths], conv(40, 96, 1), *end(96))


def plain_inception():
    down = lambda: nn.MaxPool2d(2)
    return nn.Sequential(conv(3, 16, 3, 2), conv(16, 32), Inception(32, 48), Inception(48, 64), down(), Inception(64, 96),
                         Inception(96, 96), *end(96))


class Normalised(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return self.network((image - 0.5) * 4.0)


def load(path):
    records = np.memmap(path, np.uint8, "r").reshape(-1, 1 + 3 * SIZE * SIZE)
    return torch.from_numpy(records[:, 1:].copy()).view(-1, 3, SIZE, SIZE), torch.from_numpy(records[:, 0].astype(np.int64))


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(x.float() / 255).argmax(1) == y).sum().item() for x, y in zip(images.split(250), labels.split(250)))
    return 100 * right / len(labels)


def train(model, train, test, args):
    generator = torch.Generator().manual_seed(args.seed)
    images, labels = train
    steps = len(labels) // args.batch
    optimizer = torch.optim.AdamW(model.parameters(), args.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, total_steps=steps * args.epochs)
    start = time.time()
    for epoch in range(args.epochs):
        model.train()
        for chosen in torch.randperm(len(labels), generator=generator)[:steps * args.batch].split(args.batch):
            x = images[chosen].float() / 255
            flips = [d for d in (2, 3) if torch.randint(0, 2, (1,), generator=generator).item()]
            loss = F.cross_entropy(model(x.flip(flips)), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{args.epochs}: loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)
    print(f"test accuracy {accuracy(model, *test):.2f} %", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--out", required=True, help="folder for the ONNX files")
    parser.add_argument("--only", choices=["residual", "inverted", "inception"])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for name, make in [("residual", plain_residual), ("inverted", plain_inverted), ("inception", plain_inception)]:
        if args.only not in (None, name):
            continue
        torch.manual_seed(args.seed)
        model = Normalised(make())
        print(f"{name}: {sum(p.numel() for p in model.parameters())} weights", flush=True)
        train(model, load(args.train), load(args.test), args)
        path = os.path.join(args.out, f"plain-{name}.onnx")
        model.eval()
        torch.onnx.export(model, torch.rand(1, 3, SIZE, SIZE), path, opset_version=13, input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}}, do_constant_folding=True)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        print(f"{path}: {os.path.getsize(path)} bytes", flush=True)


if __name__ == "__main__":
    main()
