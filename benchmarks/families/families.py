#!/usr/bin/env python3
"""Makes real families of networks, prepares each with the product, and compares its scores at every candidate cut, in process and
through a tail, with the untouched file run by another ONNX Runtime without optimisation. One row per network; run.sh calls this."""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch

import networks
import quantised

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES, QUANTISED_SAMPLES = 8, 40
TOLERANCE, MOST_ROUNDED = 1e-4, 0.05
OPSETS = {'resnet18': 11, 'densenet121': 12, 'vit_197x192': 14, 'convnext_tiny': 16, 'lstm_audio': 14}
QUANTISED = {'resnet18_qlinear': ('resnet18_plain', quantised.qlinear), 'mobilenet_v2_qdq': ('mobilenet_v2', quantised.qdq)}


def edgeml(*arguments):
    done = subprocess.run(['dotnet', os.environ['EDGEML_DLL'], *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"edgeml {arguments[0]} exits {done.returncode}: {(done.stderr + done.stdout).strip()[-300:]}")
    return done.stdout


def reference(model, inputs, shape, folder, ranges=False):
    os.makedirs(folder, exist_ok=True)
    environment = dict(os.environ, RANGES='1') if ranges else os.environ
    done = subprocess.run(
        ['node', os.path.join(HERE, 'reference.js'), model, inputs, ','.join(map(str, (1, *shape))), folder],
        capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f'the untouched model does not run: {done.stderr.strip()[-300:]}')


class Tail:
    """A tail in a separate process, on a port of the system's choice."""

    def __init__(self, package):
        self.process = subprocess.Popen(
            ['dotnet', os.environ['EDGEML_DLL'], 'tail', '--model', package, '--listen', '127.0.0.1:0'], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith('listening '):
            raise RuntimeError(f'the tail says: {line}')
        self.address = line.split()[1]

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def write(name, folder):
    """The network as a file; returns it, the shape of an input, and the step of its last quantised tensor."""
    model = os.path.join(folder, 'model.onnx')
    base, quantise = QUANTISED.get(name, (name, None))
    if base == 'resnet18_plain':
        networks.NETWORKS[base] = (lambda: networks.models.resnet18(num_classes=100), networks.PICTURE)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        shape = networks.export(base, model, OPSETS.get(base, 13))
    if quantise is None:
        return model, shape, None
    whole, inputs = os.path.join(folder, 'float.onnx'), os.path.join(folder, 'calibration.f32')
    os.rename(model, whole)
    networks.samples(shape, 16, 7).numpy().tofile(inputs)
    quantised.with_activations(whole, os.path.join(folder, 'seen.onnx'))
    reference(os.path.join(folder, 'seen.onnx'), inputs, shape, folder, ranges=True)
    with open(os.path.join(folder, 'ranges.json')) as file:
        ranges = json.load(file)
    ranges['input'] = ranges.pop('input_seen')
    return model, shape, quantise(whole, ranges, model)


def fault(name, got, want, step, first):
    """Why scores are wrong, or None, and the largest difference as a share of the largest score."""
    if got.shape != want.shape or not np.isfinite(got).all():
        return f'{got.shape} scores, {want.shape} expected, or not finite', float('nan')
    apart = np.abs(got - want).max(1)
    worst = float(apart.max() / np.abs(want).max())
    if step is None:
        return (None if worst <= TOLERANCE else f'{worst:.1e} of the largest score off'), worst
    if first is not None:
        return (None if (got == first).all() else f'other bits than the uncut network, {np.abs(got - first).max():.1e} off'), worst
    rounded = int((apart > TOLERANCE * np.abs(want).max()).sum())
    if apart.max() > 1.001 * step:
        return f'{apart.max():.3g} off, one step is {step:.3g}', worst
    rows = np.arange(len(want))
    if (want[rows, want.argmax(1)] - want[rows, got.argmax(1)]).max() > 1.001 * step:
        return 'another class without a tie', worst
    return (None if rounded <= MOST_ROUNDED * len(want) else f'{rounded} of {len(want)} samples a step off'), worst


def check(name, folder):
    model, shape, step = write(name, folder)
    package, inputs, scores = (os.path.join(folder, part) for part in ('package', 'inputs.f32', 'scores.f32'))
    count = SAMPLES if step is None else QUANTISED_SAMPLES
    networks.samples(shape, count, 5).numpy().tofile(inputs)
    reference(model, inputs, shape, folder)
    since = time.monotonic()
    edgeml('prepare', model, '--out', package, '--final', 'logits')
    seconds = time.monotonic() - since
    about = os.path.join(folder, 'inspect.json')
    edgeml('inspect', package, '--json', about)
    with open(about) as file:
        manifest = json.load(file)
    side = len(manifest['exits']) - 1
    want = [np.fromfile(os.path.join(folder, f'output{i}.f32'), '<f4').reshape(count, -1) for i in range(side + 1)]
    cuts = [cut['k'] for cut in manifest['cuts'] if cut['candidate']]
    local = len(manifest['units'])
    worst, faults = 0.0, []

    def answers(exit, cut, *more):
        thresholds = ['1' if e + 1 == exit else '0' for e in range(side)]
        result = os.path.join(folder, 'run.json')
        edgeml(
            'run', '--model', package, '--data', f'tensor:{inputs}', '--cut', cut, '--logits', scores, '--json', result, '--deadline-ms',
            60000, *(['--thresholds', ','.join(thresholds)] if side else []), *more)
        with open(result) as file:
            run = json.load(file)
        if more and exit > side and cut != local and run['offloaded'] != count:
            faults.append(f"cut {cut}: {run['offloaded']} of {count} answered by the tail, {run['fallbacks']} fallbacks")
        return np.fromfile(scores, '<f4').reshape(count, -1)

    with Tail(package) as address:
        for exit in range(side + 1, 0, -1):
            first = None
            for way, more in (('in process', ()), ('through a tail', ('--tail', address))):
                for cut in [local, *(c for c in cuts if c != local)] if not more else cuts:
                    if cut == local and more:
                        continue
                    got = answers(exit, cut, *more)
                    why, apart = fault(name, got, want[exit - 1], step, first)
                    worst = max(worst, apart) if apart == apart else float('nan')
                    if step is not None and first is None:
                        first = got
                    if why:
                        faults.append(f'exit {exit}, cut {cut} {way}: {why}')
    return dict(cuts=len(cuts), exits=side + 1, worst=worst, seconds=seconds, faults=faults)


def main():
    names = [*networks.NETWORKS, *QUANTISED]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--only', help='names, separated by commas: ' + ', '.join(names))
    parser.add_argument('--keep', help='folder where models and packages stay')
    parser.add_argument('--markdown', help='file that receives the table')
    options = parser.parse_args()
    chosen = options.only.split(',') if options.only else names
    if set(chosen) - set(names):
        parser.error(f'no network is named {", ".join(sorted(set(chosen) - set(names)))}')
    torch.set_num_threads(1)
    root = options.keep or tempfile.mkdtemp()
    rows, failed = [], 0
    print(f'{"network":18} {"cuts":>4} {"exits":>5} {"worst":>8} {"prepare":>8}', flush=True)
    for name in chosen:
        folder = os.path.join(root, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            row = check(name, folder)
        except (RuntimeError, ValueError) as error:
            row = dict(cuts=0, exits=0, worst=float('nan'), seconds=float('nan'), faults=[re.sub(r'\s+', ' ', str(error))])
        failed += bool(row['faults'])
        text = 'right' if not row['faults'] else f"WRONG ({len(row['faults'])}): {row['faults'][0]}"
        print(f"{name:18} {row['cuts']:4} {row['exits']:5} {row['worst']:8.1e} {row['seconds']:6.1f} s {text}", flush=True)
        rows.append(f"| {name} | {row['cuts']} | {row['exits']} | {row['worst']:.1e} | {row['seconds']:.1f} s | {text} |")
        if not options.keep:
            shutil.rmtree(folder)
    if options.markdown:
        with open(options.markdown, 'w') as file:
            file.write('| network | candidate cuts | exits | largest difference / largest score | `prepare` | |\n|---|---:|---:|---:|---:|---|\n')
            file.write('\n'.join(rows) + f'\n\nPyTorch {torch.__version__}, {platform.machine()}; one thread.\n')
    if not options.keep:
        shutil.rmtree(root, ignore_errors=True)
    print(f'{len(chosen) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
