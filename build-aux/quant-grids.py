#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes lib/kernel/quant_grid.c: the lattices of the IQ types as numbers.

They are facts of the file format, found by search and not by formula; the PyPI
package `gguf` (MIT) publishes them.  Usage: quant-grids.py > lib/kernel/quant_grid.c
A row of eight values is 8 x 2 bits, a row of four is 4 x 4 bits, lowest first.
"""
from gguf import quants

GRIDS = (("iq1", quants.IQ1_S), ("iq2xxs", quants.IQ2_XXS), ("iq2xs", quants.IQ2_XS),
         ("iq2s", quants.IQ2_S), ("iq3xxs", quants.IQ3_XXS), ("iq3s", quants.IQ3_S))


def words(cls):
    raw = bytes.fromhex(cls.grid_hex.decode())
    return [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]


print("/* SPDX-License-Identifier: MIT */\n/* Made by build-aux/quant-grids.py. */")
print('#include "kernel/quant_grid.h"')
for name, cls in GRIDS:
    w = words(cls)
    assert len(w) == cls.grid_shape[0]
    print(f"\nconst uint16_t seqk_grid_{name}[{len(w)}] = {{")
    for i in range(0, len(w), 16):
        print("\t" + ",".join(str(v) for v in w[i:i + 16]) + ",")
    print("};")
