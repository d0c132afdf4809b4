# SPDX-License-Identifier: MIT
"""An operator's reference case for the shell.
   opcase.py CASE             writes NAME.npy for its inputs here, their names to standard output
   opcase.py CASE first|rest  the same, inputs by time cut after 17 tokens, initial states only with first
   opcase.py CASE NAME FILE   compares floats in FILE with output NAME within the case's tolerance"""
import json, os, struct, sys

CUT = 17
folder = sys.argv[1]
case = json.load(open(os.path.join(folder, "case.json")))


def floats(name):
    data = open(os.path.join(folder, name + ".f32"), "rb").read()
    return struct.unpack("<%df" % (len(data) // 4), data)


def write(name, shape, data):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }" % "".join("%d, " % n for n in shape)
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(name + ".npy", "wb") as f:
        f.write(b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + struct.pack("<%df" % len(data), *data))


if len(sys.argv) == 4:
    name, path = sys.argv[2:]
    want, data = floats(name), open(path, "rb").read()
    have = struct.unpack("<%df" % (len(data) // 4), data)
    worst = max(abs(a - b) for a, b in zip(want, have)) / max(map(abs, want))
    if len(want) != len(have) or not worst <= case["tolerance"]:
        sys.exit("%s: %d values of %d, error %g of %g" % (name, len(have), len(want), worst, case["tolerance"]))
    sys.exit()

part = sys.argv[2] if len(sys.argv) > 2 else "all"
T = next(iter(case["outputs"].values()))[0]
for name, shape in case["inputs"].items():
    data = floats(name)
    if shape and shape[0] == T:
        row = len(data) // T
        data = {"all": data, "first": data[: CUT * row], "rest": data[CUT * row:]}[part]
        shape = [len(data) // row] + shape[1:]
    elif part == "rest" and name.endswith("0"):
        continue
    write(name, shape, data)
    print("%s=%s.npy" % (name, name))
