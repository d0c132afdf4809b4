#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the streams of this folder from streams.txt.

    make.py DIR          writes every stream into DIR
    make.py --check DIR  says which differ from those in DIR, exit 1 when one does

A recipe is `[name]` and lines:

    begin KEY=VALUE...   model=, print= (hex), line= (provenance; ~ is a space), bytes= (hex: the whole payload)
    end [count=N]        count: instead of the true one
    KIND KEY=VALUE...    tokens, logits, tensor, state, commit, draft, note or a number, with
                         seq= layer= role= name= dtype= (number) dims=AxBxC codec=
                         data= i32:1,2 f32:1.5 hex:00ff text:a~b zero:N; what follows overrides header fields:
                         stored= raw= check= version= flags= magic=; nameblock= (hex) for a broken one
    cut N                drops the last N bytes of the stream so far
    poke OFFSET HEX      overwrites bytes (a negative offset counts from the end)
    seal OFFSET          computes the header checksum at OFFSET again
    text STRING          plain bytes, ~ is a space
    part                 the frames counted by `end` start again
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
from seqread import DTYPES, KINDS, xxh64  # noqa: E402

NAMES = {row[0]: kind for kind, row in KINDS.items()}


def numbers(text, form):
    values = [float(x) if form in "fe" else int(x) for x in text.split(",")]
    return struct.pack("<%d%s" % (len(values), form), *values)


def data_of(text):
    form, _, rest = text.partition(":")
    if form == "hex":
        return bytes.fromhex(rest)
    if form == "text":
        return rest.replace("~", " ").encode()
    if form == "zero":
        return bytes(int(rest))
    return numbers(rest, {"i32": "i", "i64": "q", "f32": "f", "f16": "e", "u8": "B"}[form]) if rest else b""


def number(o, key, default=0):
    return int(str(o.get(key, default)), 0)


def header(o, kind, stored, raw, check, named):
    dims = [int(d) for d in o["dims"].split("x")] if o.get("dims") else []
    rank = number(o, "rank", len(dims) | (16 if named else 0) | number(o, "flags"))
    b = bytes.fromhex(o.get("magic", "89534551"))
    b += struct.pack("<BBBBHH4I", number(o, "version", 1), number(o, "codec"), number(o, "dtype"), rank, kind,
                     number(o, "role"), *(dims + [0] * 4)[:4])
    b += struct.pack("<IIQQQ", number(o, "seq"), number(o, "layer"), number(o, "stored", stored),
                     number(o, "raw", raw), number(o, "check", check))
    return b + struct.pack("<I", xxh64(b) & 0xFFFFFFFF)


def frame(o, kind, data):
    """data is stored as it is; coded payloads are given in hex with raw=."""
    name = b""
    if "name" in o:
        name = o["name"].replace("~", " ").encode().ljust(64, b"\0")
    if "nameblock" in o:
        name = bytes.fromhex(o["nameblock"]).ljust(64, b"\0")
    body = name + data
    b = header(o, kind, len(data), len(data), xxh64(body), bool(name)) + body
    return b + bytes(-len(b) % 64)


def begin_payload(o, lines):
    if "bytes" in o:
        return bytes.fromhex(o["bytes"])
    return (bytes.fromhex(o.get("print", "00" * 16)) + o.get("model", "").encode() + b"\0" +
            b"".join(x.replace("~", " ").encode() + b"\n" for x in lines))


def default_dims(o, kind, data):
    if "dims" not in o and KINDS.get(kind, ("", 0, (1, 1)))[2][1] > 0:
        o["dims"] = str(len(data) // DTYPES.get(int(o["dtype"]), ("", 1, 1))[2])


def build(recipe):
    out, count = bytearray(), 0
    for line in recipe:
        word, *rest = line.split()
        pairs = [x.partition("=")[::2] for x in rest]
        o = dict(pairs)
        if word == "cut":
            del out[len(out) - int(rest[0]):]
        elif word == "poke":
            at, b = int(rest[0]) % len(out) if int(rest[0]) < 0 else int(rest[0]), bytes.fromhex(rest[1])
            out[at:at + len(b)] = b
        elif word == "seal":
            at = int(rest[0])
            out[at + 60:at + 64] = struct.pack("<I", xxh64(bytes(out[at:at + 60])) & 0xFFFFFFFF)
        elif word == "text":
            out += rest[0].replace("~", " ").encode()
        elif word == "part":
            count = 0
        elif word == "end":
            o.setdefault("dtype", "27")
            out += frame(o, 2, struct.pack("<Q", int(o.get("count", count))))
            count = 0
        else:
            kind = NAMES[word] if word in NAMES else int(word, 0)
            data = begin_payload(o, [v for k, v in pairs if k == "line"]) if word == "begin" else \
                data_of(o.get("data", "zero:0"))
            fixed = KINDS[kind][1] if kind in KINDS else 64
            o.setdefault("dtype", str(64 if fixed is None else fixed))
            default_dims(o, kind, data)
            out += frame(o, kind, data)
            count += 1
    return bytes(out)


def recipes(path):
    name, lines, found = None, [], {}
    for line in open(path):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            name, lines = line.strip("[]"), []
            found[name] = lines
        else:
            lines.append(line)
    return found


def main(args):
    check = args[:1] == ["--check"]
    folder, status = args[-1], 0
    here = os.path.dirname(os.path.abspath(__file__))
    for name, recipe in recipes(os.path.join(here, "streams.txt")).items():
        path, b = os.path.join(folder, name + ".seq"), build(recipe)
        if not check:
            open(path, "wb").write(b)
        elif open(path, "rb").read() != b:
            print("%s is not what streams.txt makes" % path)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
