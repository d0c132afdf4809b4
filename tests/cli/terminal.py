# SPDX-License-Identifier: MIT
"""terminal.py COMMAND...: runs it with a terminal as standard output; prints what appears there, exits as it does."""
import os, pty, subprocess, sys

master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=slave)
os.close(slave)
shown = b""
while True:
    try:
        piece = os.read(master, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
sys.stdout.buffer.write(shown)
code = child.wait()
sys.exit(code if code >= 0 else 128 - code)
