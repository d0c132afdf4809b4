# SPDX-License-Identifier: MIT
"""halve.py MODEL.safetensors bf16|f16 FULL HALF SHARDED: the weights rounded to 16 bits, as float32 in the
folder FULL, as 16-bit in HALF, and those cut in two files with an index in SHARDED."""
import json
import struct
import sys


def halves(data, kind):
    words = struct.unpack('<%dI' % (len(data) // 4), data)
    if kind == 'bf16':
        half = [(w + 0x7fff + (w >> 16 & 1)) >> 16 for w in words]
        return struct.pack('<%dH' % len(half), *half), struct.pack('<%dI' % len(half), *[h << 16 for h in half])
    half = struct.pack('<%de' % len(words), *struct.unpack('<%df' % len(words), data))
    return half, struct.pack('<%df' % len(words), *struct.unpack('<%de' % len(words), half))


def save(path, tensors):
    head, at = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        head[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(data for _, _, data in tensors.values()))


source, kind, full, half, sharded = sys.argv[1:]
raw = open(source, 'rb').read()
start = 8 + struct.unpack('<Q', raw[:8])[0]
wide, narrow = {}, {}
for name, t in json.loads(raw[8:start]).items():
    if name == '__metadata__':
        continue
    assert t['dtype'] == 'F32'
    h, f = halves(raw[start + t['data_offsets'][0]:start + t['data_offsets'][1]], kind)
    wide[name] = ('F32', t['shape'], f)
    narrow[name] = (kind.upper(), t['shape'], h)
save(full + '/model.safetensors', wide)
save(half + '/model.safetensors', narrow)
names = list(narrow)
shard = {n: 'model-0000%d-of-00002.safetensors' % (1 + (i % 2)) for i, n in enumerate(names)}
for file in sorted(set(shard.values())):
    save(sharded + '/' + file, {n: narrow[n] for n in names if shard[n] == file})
json.dump({'metadata': {}, 'weight_map': shard}, open(sharded + '/model.safetensors.index.json', 'w'))
