#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The second reader of the stream: slow, short, written from seq-stream(5) alone.

    seqread.py FILE...          checks; says nothing when all is well
    seqread.py --json FILE      a line a frame, as `seqcat --json --values 0` prints it
    seqread.py --raw FILE       the payloads, as `seqcat --raw` writes them

Exit status: 0 fine, 1 bad, cut or unsupported, 77 a zstd frame and no zstd(1) to decode it."""
import json
import shutil
import struct
import subprocess
import sys

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotl(x, r):
    return (x << r | x >> (64 - r)) & MASK


def xxh64(data):
    """XXH64 with seed 0."""
    def turn(acc, lane):
        return rotl((acc + lane * P2) & MASK, 31) * P1 & MASK
    n, at = len(data), 0
    if n >= 32:
        v = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + 32 <= n:
            lanes = struct.unpack_from("<4Q", data, at)
            v = [turn(a, b) for a, b in zip(v, lanes)]
            at += 32
        h = (rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18)) & MASK
        for a in v:
            h = ((h ^ turn(0, a)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + n) & MASK
    while at + 8 <= n:
        h = (rotl(h ^ turn(0, struct.unpack_from("<Q", data, at)[0]), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= n:
        h = (rotl(h ^ struct.unpack_from("<I", data, at)[0] * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotl(h ^ byte * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


# name, elements of a block, bytes of a block
DTYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 64: ("U8", 1, 1),
}
BEGIN, END, TOKENS, LOGITS, TENSOR, STATE, COMMIT, DRAFT, NOTE = 1, 2, 3, 4, 5, 6, 7, 8, 0x8001
# name, dtype (None: any), ranks, must have a name, most bytes
KINDS = {
    BEGIN: ("begin", 64, (1, 1), False, 1 << 16), END: ("end", 27, (0, 0), False, 8),
    TOKENS: ("tokens", 26, (1, 1), False, None), LOGITS: ("logits", 0, (1, 2), False, None),
    TENSOR: ("tensor", None, (0, 4), False, None), STATE: ("state", None, (0, 4), False, None),
    COMMIT: ("commit", None, (0, 4), False, None), DRAFT: ("draft", None, (0, 4), False, None),
    NOTE: ("note", 64, (1, 1), True, 1 << 20),
}
FRAME_MAX, SEQ_LIMIT, LAYER_LIMIT, LOOK_AHEAD = 1 << 40, 1 << 24, 1 << 16, 1 << 20
CONTROLS = set(range(32)) | {127}


class Bad(Exception):
    pass


class Unsupported(Exception):
    pass


class Undecodable(Exception):
    pass


def need(truth, why, what=Bad):
    if not truth:
        raise what(why)


class Head:
    """The 64 bytes of a header, checked."""

    def __init__(self, b):
        need(len(b) == 64, "cut inside a header")
        (magic, version, self.codec, self.dtype, rank, self.kind, self.role, d0, d1, d2, d3, self.seq, self.layer,
         self.stored, self.raw, self.check, head_check) = struct.unpack("<4sBBBBHH4IIIQQQI", b)
        need(magic == b"\x89SEQ", "no frame here")
        need(version <= 1, "newer version", Unsupported)
        need(version == 1, "version 0")
        need(xxh64(b[:60]) & 0xFFFFFFFF == head_check, "header checksum")
        need(rank & 0xE0 == 0, "unknown flags", Unsupported)
        self.named, self.rank = bool(rank & 16), rank & 15
        need(self.rank <= 4, "rank")
        need(not any((d0, d1, d2, d3)[self.rank:]), "dimensions beyond the rank")
        self.dims = (d0, d1, d2, d3)[:self.rank]
        need(self.kind in KINDS or self.kind & 0x8000, "unknown critical kind", Unsupported)
        need(self.dtype in DTYPES, "unknown element type", Unsupported)
        self.shape()
        need(self.stored <= FRAME_MAX and self.seq < SEQ_LIMIT and self.layer < LAYER_LIMIT, "over a limit")
        self.coding()
        if self.kind in KINDS:
            self.row(*KINDS[self.kind])

    def shape(self):
        _, block, size = DTYPES[self.dtype]
        n = 1
        for d in self.dims:
            n *= d
        need((self.dims or (1,))[-1] % block == 0, "inner dimension is no multiple of the block")
        need(n // block * size <= FRAME_MAX, "array too large")
        need(n // block * size == self.raw, "raw length and dimensions disagree")

    def coding(self):
        _, block, size = DTYPES[self.dtype]
        need(self.codec <= 2, "unknown codec", Unsupported)
        need(self.codec or self.stored == self.raw, "lengths differ without a codec")
        need(self.codec != 2 or (block == 1 and size in (2, 4)), "type cannot be split")
        need(not self.codec or self.raw // 32768 <= self.stored, "denser than zstd can be")

    def row(self, _, dtype, ranks, named, most):
        need(dtype is None or dtype == self.dtype, "wrong type for the kind")
        need(ranks[0] <= self.rank <= ranks[1], "wrong rank for the kind")
        need(self.named or not named, "no name")
        need(most is None or self.raw <= most, "too long for the kind")

    def span(self):
        return 64 + 64 * self.named + (self.stored + 63) // 64 * 64


def unzstd(data, raw):
    # the frame header of RFC 8878: its content size must be there and right
    need(len(data) >= 6 and data[:4] == b"\x28\xb5\x2f\xfd", "not a zstd frame")
    flag = data[4]
    single, width = flag >> 5 & 1, (0, 2, 4, 8)[flag >> 6]
    width = width or single
    need(width, "zstd frame without its size")
    at = 5 + (not single) + (0, 1, 2, 4)[flag & 3]
    size = int.from_bytes(data[at:at + width], "little") + (256 if width == 2 else 0)
    need(size == raw, "zstd frame of another size")
    if not shutil.which("zstd"):
        raise Undecodable("no zstd(1)")
    p = subprocess.run(["zstd", "-dcq"], input=data, capture_output=True)
    need(p.returncode == 0 and len(p.stdout) == raw, "zstd data")
    return p.stdout


def decode(h, data):
    if h.codec == 0:
        return data
    data = unzstd(data, h.raw)
    if h.codec == 1:
        return data
    w = DTYPES[h.dtype][2]
    n = len(data) // w
    out = bytearray(len(data))
    for p in range(w):
        out[p::w] = data[p * n:(p + 1) * n]
    return bytes(out)


class Origin:
    def __init__(self):
        self.fingerprint, self.model, self.lines = bytes(16), b"", []

    def merge(self, p):
        need(len(p) > 16 and 0 in p[16:16 + 4096], "the model path does not end")
        fingerprint, (model, text) = p[:16], p[16:].split(b"\0", 1)
        lines = text.split(b"\n")
        need(lines.pop() == b"", "the last line does not end")
        need(len(lines) <= 256 and not any(CONTROLS & set(line) for line in lines), "provenance")
        first = not any(self.fingerprint)
        need(first or not any(fingerprint) or fingerprint == self.fingerprint, "two models")
        if not self.model or (first and any(fingerprint) and model):
            self.model = model
        if first:
            self.fingerprint = fingerprint
        for line in lines:
            if line not in self.lines and sum(len(x) + 1 for x in self.lines) + len(line) + 1 < 65536:
                self.lines.append(line)


class Reader:
    """frames() yields (head, name, payload); ids are renumbered as parts are joined."""

    def __init__(self, data):
        self.data, self.at, self.origin = data, 0, Origin()
        self.high = self.shift = 0

    def body(self, h):
        span = h.span()
        need(self.at + span <= len(self.data), "cut inside a frame")
        b = self.data[self.at + 64:self.at + span]
        size = 64 * h.named + h.stored
        need(xxh64(b[:size]) == h.check, "checksum")
        need(not any(b[size:]), "padding")
        name = b""
        if h.named:
            name = b[:64].split(b"\0", 1)[0]
            need(0 < len(name) <= 63 and not CONTROLS & set(name) and not any(b[len(name):64]), "name")
        return name, b[64 * h.named:size]

    def find_shift(self, taken):
        """What is added to the ids of a later part; a part that goes on has that of the part before."""
        at = self.at
        while at - self.at <= LOOK_AHEAD:
            try:
                h = Head(self.data[at:at + 64])
            except (Bad, Unsupported):
                break
            if not h.kind & 0x8000:
                if h.kind == END or (h.kind == TOKENS and h.role == 0):
                    break
                return 0 if h.seq >= taken else taken
            at += h.span()
        return self.shift

    def frames(self):
        first = True
        while first or self.at < len(self.data):
            yield from self.part(first)
            first = False

    def part(self, first):
        need(self.at < len(self.data), "empty")
        h = Head(self.data[self.at:self.at + 64])
        need(h.kind == BEGIN, "no begin frame")
        self.origin.merge(decode(h, self.body(h)[1]))
        if first:
            self.begin = begin_line(self.origin)
        self.at += h.span()
        taken, count = self.high, 1
        if not first:
            self.shift = self.find_shift(taken)
        while True:
            need(self.at < len(self.data), "no end frame")
            h = Head(self.data[self.at:self.at + 64])
            need(h.kind != BEGIN, "begin before end")
            name, stored = self.body(h)
            payload = decode(h, stored)
            if h.kind == END:
                need(struct.unpack("<Q", payload)[0] == count, "frames are missing")
                self.at += h.span()
                return
            h.seq += self.shift
            need(h.seq < SEQ_LIMIT, "too many sequences", Unsupported)
            need(h.kind not in (STATE, COMMIT) or h.seq >= taken, "a second state for a sequence of an earlier part")
            if not h.kind & 0x8000:
                self.high = max(self.high, h.seq + 1)
            yield h, name, payload
            self.at += h.span()
            count += 1


def text(b):
    return b.decode("utf-8", "replace")


def show(line):
    print(json.dumps(line, separators=(",", ":"), ensure_ascii=False))


def begin_line(o):
    return {"kind": "begin", "fingerprint": o.fingerprint.hex() if any(o.fingerprint) else None,
            "model": text(o.model), "provenance": [text(x) for x in o.lines]}


def frame_line(h, name, payload):
    line = {"kind": KINDS[h.kind][0] if h.kind in KINDS else "kind %d" % h.kind, "seq": h.seq, "layer": h.layer,
            "role": h.role}
    if name:
        line["name"] = text(name)
    line.update(dtype=DTYPES[h.dtype][0], shape=list(h.dims), bytes=h.raw)
    if h.kind == NOTE:
        line["text"] = text(payload)
    elif DTYPES[h.dtype][1] == 1:
        line["data"] = []
    return line


def run(path, form):
    r = Reader(open(path, "rb").read())
    lines = []
    for h, name, payload in r.frames():
        if form == "--raw":
            sys.stdout.buffer.write(payload)
        lines.append(frame_line(h, name, payload))
    if form == "--json":
        show(r.begin)
        for line in lines:
            show(line)
        show({"kind": "end"})


def main(args):
    form = args.pop(0) if args and args[0] in ("--json", "--raw") else None
    status = 0
    for path in args:
        try:
            run(path, form)
        except Undecodable as e:
            print("seqread.py: %s: %s" % (path, e), file=sys.stderr)
            status = status or 77
        except (Bad, Unsupported) as e:
            print("seqread.py: %s: %s%s" % (path, "unsupported: " if isinstance(e, Unsupported) else "", e),
                  file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
