#!/usr/bin/env python3
"""Writes pillow-vectors.txt: what Pillow makes of pictures that FrameFitterTests computes by the same formula. Run again only to add cases:
python3 pillow-vectors.py > pillow-vectors.txt (made with Pillow 9.4.0; later versions resize by the same rule)."""
from PIL import Image, ImageOps

CHANNELS = {'L': 1, 'LA': 2, 'RGB': 3, 'RGBA': 4}
CASES = [  # source mode, network's mode, source size, new size, how
    ('RGB', 'RGB', (40, 30), (13, 11), 'stretch'), ('RGB', 'RGB', (7, 5), (20, 17), 'stretch'), ('RGB', 'RGB', (33, 21), (10, 10), 'stretch'),
    ('RGB', 'RGB', (16, 40), (16, 12), 'stretch'), ('RGB', 'RGB', (41, 12), (9, 12), 'stretch'), ('RGB', 'RGB', (1, 1), (4, 3), 'stretch'),
    ('RGB', 'RGB', (300, 200), (8, 6), 'stretch'), ('RGB', 'RGB', (9, 60), (14, 7), 'stretch'),
    ('RGB', 'RGB', (50, 20), (16, 16), 'crop'), ('RGB', 'RGB', (19, 47), (16, 12), 'crop'), ('RGB', 'RGB', (32, 24), (16, 12), 'crop'),
    ('RGB', 'RGB', (13, 10), (17, 16), 'crop'), ('RGB', 'RGB', (101, 67), (32, 32), 'crop'),
    ('RGB', 'RGB', (50, 20), (16, 16), 'letterbox'), ('RGB', 'RGB', (21, 47), (17, 12), 'letterbox'), ('RGB', 'RGB', (5, 9), (24, 24), 'letterbox'),
    ('RGB', 'RGB', (30, 17), (15, 15), 'letterbox'),
    ('L', 'L', (37, 29), (12, 9), 'stretch'), ('RGB', 'L', (31, 23), (11, 12), 'crop'), ('L', 'RGB', (23, 31), (9, 9), 'letterbox'),
    ('RGBA', 'RGB', (27, 19), (10, 9), 'stretch'), ('RGBA', 'RGBA', (23, 17), (9, 8), 'stretch'), ('RGBA', 'LA', (29, 31), (8, 9), 'crop'),
    ('RGBA', 'RGBA', (12, 20), (14, 14), 'letterbox'), ('RGBA', 'RGBA', (6, 5), (6, 5), 'stretch'),
]


def source(mode, size):
    """Waves and noise; alpha with a corner of 0."""
    n = CHANNELS[mode]
    data = bytearray()
    for y in range(size[1]):
        for x in range(size[0]):
            for c in range(n):
                alpha = c == n - 1 and n in (2, 4)
                data.append(0 if alpha and x + y < 4 else (x * x * 3 + y * y * 5 + x * y * 7 + c * 91 + ((x * 2654435 + y * 40503 + c * 977) >> 5) % 64) & 255)
    return Image.frombytes(mode, size, bytes(data))


for mode, wanted, size, new, how in CASES:
    image = source(mode, size)
    if wanted != mode:
        image = image.convert(wanted)
    bilinear = Image.Resampling.BILINEAR
    if how == 'stretch':
        image = image.resize(new, bilinear)
    elif how == 'crop':
        image = ImageOps.fit(image, new, bilinear)
    else:
        image = ImageOps.pad(image, new, bilinear)
    print(mode, wanted, *size, *new, how, image.tobytes().hex())
