#!/usr/bin/env python3
"""Trains the heads of an `edgeml branch` run again, with PyTorch, on the very features that run kept, and prints both side by side.

    edgeml branch MODEL.onnx --data cifar10:TRAIN --test cifar10:TEST --out model --work work --json report.json
    python3 heads_by_pytorch.py --work work --report report.json

Same sizes, standardisation, dropout, AdamW, half a cosine, batch and held-out share; the plain way to train a head: the weights of the
best pass are kept, and 8 passes without a better one end it. edgeml keeps a moving average of the weights, and
the last one that is as good as the best but for chance. The report must be of some 17,800 labelled samples or more, for fewer get more
passes from edgeml, and judged on --test. --seeds N trains N times and prints the mean and each; times are per seed.
"""
import argparse
import copy
import json
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

EPOCHS, PATIENCE, BATCH, RATE, DECAY = 24, 8, 128, 1e-3, 0.05
FEATURE_DROPOUT, HIDDEN_DROPOUT, HELD_OUT = 0.2, 0.4, 0.1


def network(sizes):
    layers = [nn.Dropout(FEATURE_DROPOUT)]
    for inputs, outputs in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(HIDDEN_DROPOUT)]
    model = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def scores(model, x):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in x.split(512)])


def train(x, y, sizes, seed):
    torch.manual_seed(seed)
    order = torch.randperm(len(x))
    judge, learn = order[:int(HELD_OUT * len(x))], order[int(HELD_OUT * len(x)):]
    model = network(sizes)
    steps = len(learn) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps * EPOCHS)
    best, since, kept = -1, 0, None
    for epoch in range(EPOCHS):
        model.train()
        learn = learn[torch.randperm(len(learn))]
        for chosen in learn[:steps * BATCH].split(BATCH):
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        right = (scores(model, x[judge]).argmax(1) == y[judge]).sum().item()
        best, since, kept = (right, 0, copy.deepcopy(model.state_dict())) if right > best else (best, since + 1, kept)
        if since == PATIENCE:
            break
    model.load_state_dict(kept)
    return model, epoch + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder given to edgeml branch as --work")
    parser.add_argument("--report", required=True, help="file given as --json")
    parser.add_argument("--unlabelled", help="report of a run with --labels none, shown beside")
    parser.add_argument("--only", help="name of one exit")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    x = torch.rand(512, 2048)
    once = time.time()
    x @ x.T
    if time.time() - once > 0.2:
        print("this PyTorch multiplies matrices with a BLAS that is not made for speed: its times will say nothing", file=sys.stderr)
    with open(args.report) as file:
        report = json.load(file)
    heads, final = report["exits"][:-1], report["exits"][-1]
    without = {}
    if args.unlabelled:
        with open(args.unlabelled) as file:
            without = {exit["index"]: exit["accuracy"] for exit in json.load(file)["exits"]}
    count, tests, classes = report["samples"], report["judgedSamples"], heads[0]["sizes"][-1]
    width = sum(head["sizes"][0] for head in heads) + classes + 1
    rows = np.memmap(args.work + "/features.bin", np.float32, "r").reshape(-1, width)
    assert len(rows) == count + tests, f"{len(rows)} rows, the report says {count} + {tests}: judge it with --test"
    labels = torch.from_numpy(rows[:, -1].astype(np.int64))
    start, began, cpu = 0, time.time(), time.process_time()
    table = []
    for head in heads:
        if args.only not in (None, head["name"]):
            start += head["sizes"][0]
            continue
        features = torch.from_numpy(rows[:, start:start + head["sizes"][0]].copy())
        start += head["sizes"][0]
        deviation, mean = torch.std_mean(features[:count], 0, unbiased=False)
        features = (features - mean) / deviation.clamp(min=float(0.1 * deviation.mean()))
        accuracies = []
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            model, epochs = train(features[:count], labels[:count], head["sizes"], seed)
            accuracies.append(100 * (scores(model, features[count:]).argmax(1) == labels[count:]).float().mean().item())
            print(f"{head['name']}, seed {seed}: {accuracies[-1]:.2f} % after {epochs} passes, {time.time() - began:.0f} s", file=sys.stderr)
        table.append((head, sum(accuracies) / len(accuracies), accuracies, epochs))
    seconds, cpu = (time.time() - began) / args.seeds, (time.process_time() - cpu) / args.seeds
    print("| exit | edgeml | PyTorch | difference |" + (" edgeml without labels |" if without else ""))
    print("|---|---:|---:|---:|" + ("---:|" if without else ""))
    for head, accuracy, each, epochs in table:
        ours = 100 * head["accuracy"]
        spread = f" ({', '.join(f'{a:.2f}' for a in each)})" if len(each) > 1 else ""
        extra = f" {100 * without[head['index']]:.2f} % |" if without else ""
        print(f"| {head['name']} | {ours:.2f} % | {accuracy:.2f} %{spread} | {ours - accuracy:+.2f} |{extra}")
    print(f"| {final['name']} | {100 * final['accuracy']:.2f} % | | |" + (" |" if without else ""))
    ours = report["training"]
    print(f"training: edgeml {ours['seconds']:.0f} s ({ours['cpuSeconds']:.0f} s of processor), "
          f"PyTorch {torch.__version__} with {args.threads} threads {seconds:.0f} s ({cpu:.0f} s of processor); "
          f"backbone {report['features']['seconds']:.0f} s ({report['features']['cpuSeconds']:.0f} s of processor)")


if __name__ == "__main__":
    main()
