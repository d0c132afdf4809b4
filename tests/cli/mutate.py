# SPDX-License-Identifier: MIT
"""Seeded damage to files.
  mutate.py nan IN.gguf OUT.gguf           the last quarter of the file becomes NaN floats
  mutate.py walk IN COUNT SEED COMMAND...  COUNT mutations of IN; each is given to COMMAND ({} is its name), which must
                                           exit 0 or 1 within 20 seconds, with a line on standard error when it is 1
Half of the changes fall into the first part of the file, where the structure is."""
import os, random, resource, struct, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

ODD = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63,
       (1 << 64) - 1, (1 << 64) - 32]


def place(rng, size, head):
    return rng.randrange(min(size, head)) if rng.random() < 0.7 else rng.randrange(size)


def mutate(data, rng, head):
    b = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if not b:
            break
        kind, at = rng.randrange(7), place(rng, len(b), head)
        if kind == 0:
            b[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            b[at] = rng.randrange(256)
        elif kind == 2:
            n = rng.choice([1, 2, 4, 8])
            b[at:at + n] = (rng.choice(ODD) & ((1 << 8 * n) - 1)).to_bytes(n, "little")
        elif kind == 3:
            del b[at:]
        elif kind == 4:
            del b[at:at + rng.randrange(1, 64)]
        elif kind == 5:
            other = place(rng, len(b), head)
            b[at:at] = b[other:other + rng.randrange(1, 64)]
        else:
            b[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 16)))
    return bytes(b)


def limits():
    # A lying size must not be believed: 4 GiB of address space beside what maps need.  (ASan maps terabytes by itself.)
    if os.environ.get("SEQ_SANITIZE", "no") == "no":
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def walk(path, count, seed, command):
    data = open(path, "rb").read()
    suffix = os.path.splitext(path)[1]
    head = 4096 if len(data) < 1 << 16 else 1 << 15

    def one(i):
        rng = random.Random(seed * 1000003 + i)
        name = f"mutant{i}{suffix}"
        with open(name, "wb") as f:
            f.write(mutate(data, rng, head))
        try:
            p = subprocess.run([a.replace("{}", name) for a in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, timeout=60, preexec_fn=limits)
            why = None
            if p.returncode not in (0, 1):
                why = f"exit {p.returncode}"
            elif p.returncode == 1 and not p.stderr.strip():
                why = "exit 1 without a word"
            elif p.returncode == 1 and len(p.stderr.strip().split(b"\n")) > 3:
                why = "more than a few lines"
            if why:
                return f"mutation {i} (seed {seed}): {why}: {p.stderr[-600:].decode(errors='replace')}"
            return p.returncode
        except subprocess.TimeoutExpired:
            return f"mutation {i} (seed {seed}): no end after 60 seconds"
        finally:
            os.unlink(name)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(one, range(count)))
    wrong = [r for r in results if isinstance(r, str)]
    refused = sum(r == 1 for r in results if not isinstance(r, str))
    print(f"{count} mutations of {os.path.basename(path)}: {refused} refused, {count - refused - len(wrong)} read, {len(wrong)} wrong")
    for w in wrong[:5]:
        print(w)
    # Were nothing refused, the mutations would not bite.
    return 1 if wrong or not refused else 0


if sys.argv[1] == "nan":
    data = bytearray(open(sys.argv[2], "rb").read())
    n = len(data) // 4 // 4
    data[len(data) - 4 * n:] = struct.pack("<f", float("nan")) * n
    open(sys.argv[3], "wb").write(data)
else:
    sys.exit(walk(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
