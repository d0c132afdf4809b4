#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time to the first token of cold processes with a warm page cache, and their own memory, as CSV.

    start.py TOOLS [MODEL...]      no MODEL: the default one (SEQ_DATADIR)

Medians of 9 runs, in ms.  anon_mb: the most resident memory that is not a mapped file, as far as looking from outside
sees it (a short run may be over between two looks)."""
import os, statistics, subprocess, sys, tempfile, time

TIMES = 9


def timed(command):
    t = time.perf_counter()
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - t) * 1e3


def anon(argv, source):
    """The highest RssAnon seen while it runs."""
    most = 0
    with open(source, "rb") as f, open(os.devnull, "wb") as null:
        p = subprocess.Popen(argv, stdin=f, stdout=null)
        while p.poll() is None:
            try:
                for line in open(f"/proc/{p.pid}/status"):
                    if line.startswith("RssAnon"):
                        most = max(most, int(line.split()[1]))
            except OSError:
                break
        p.wait()
    return most / 1024


def main(tools, *models):
    print("model,what,ms,anon_mb")
    with tempfile.TemporaryDirectory() as d:
        for model in models or [""]:
            m = ["-m", model] if model else []
            args = {"tokenize": m, "prefill": m, "decode": m + ["-n", "1"], "detokenize": m}
            line = {k: " ".join([f"{tools}/{k}", *v]) for k, v in args.items()}
            name = os.path.basename(model) or "default"
            source = f"{d}/text"
            open(source, "w").write("hi\n")
            for k in line:
                median = statistics.median(timed(f"{line[k]} <{source}") for _ in range(TIMES))
                mb = max(anon([f"{tools}/{k}", *args[k]], source) for _ in range(3))
                print(f"{name},{k},{median:.1f},{mb:.1f}", flush=True)
                subprocess.run(f"{line[k]} <{source} >{d}/{k}", shell=True, check=True)
                source = f"{d}/{k}"
            pipe = " | ".join(line[k] for k in ("tokenize", "prefill", "decode"))
            print(f"{name},tokenize | prefill | decode -n 1,{statistics.median(timed('echo hi | ' + pipe) for _ in range(TIMES)):.1f},")


main(*sys.argv[1:])
