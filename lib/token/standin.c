/* SPDX-License-Identifier: MIT */
/* Byte level: each byte is spelt as a printable character.  Bytes that print stand for
 * themselves (as code points); the other 68 are U+0100, U+0101, ... in order. */
#include "token/vocab.h"
#include "token/utf8.h"

static bool prints(int b)
{
	return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
}

/* The 68 others are 00..20 7f..a0 ad. */
static int other_byte(int i)
{
	return i < 33 ? i : i < 67 ? 0x7f + i - 33 : 0xad;
}

int seqp_stand_in_byte(int32_t cp)
{
	if (cp >= 0 && cp < 256)
		return prints(cp) ? cp : -1;
	return cp >= 256 && cp < 256 + 68 ? other_byte(cp - 256) : -1;
}

size_t seqp_stand_in(uint8_t byte, uint8_t out[2])
{
	int32_t cp = byte;
	if (!prints(byte))
		cp = 256 + (byte <= 0x20 ? byte : byte == 0xad ? 67 : byte - 0x7f + 33);
	return seqp_utf8_put(cp, out);
}

bool seqp_stand_ins_undo(const uint8_t *p, size_t n, uint8_t *to, size_t *len)
{
	size_t k = 0;
	for (size_t i = 0; i < n; k++) {
		int32_t cp;
		if (p[i] > 0x20 && p[i] < 0x7f) {
			to[k] = p[i++];
			continue;
		}
		i += seqp_utf8(p + i, n - i, &cp);
		int b = seqp_stand_in_byte(cp);
		if (b < 0)
			return false;
		to[k] = (uint8_t)b;
	}
	*len = k;
	return true;
}
