# BLAKE2b without a key (RFC 7693), of bytes that lie in one piece: what ``hashlib.blake2b`` says, without an object of it.

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    static const uint64_t blake2_start[8] = {
        0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
        0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL};
    static const uint8_t blake2_order[12][16] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
        {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
        {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
        {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
        {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};
    #define BLAKE2_TURN(x, by) ((x) >> (by) | (x) << (64 - (by)))
    #define BLAKE2_MIX(a, b, c, d, x, y) \\
        a += b + x; d = BLAKE2_TURN(d ^ a, 32); c += d; b = BLAKE2_TURN(b ^ c, 24); \\
        a += b + y; d = BLAKE2_TURN(d ^ a, 16); c += d; b = BLAKE2_TURN(b ^ c, 63);

    // What is mixed are sixteen variables, not an array: they stay in registers, in half of the time.
    static void blake2_compress(uint64_t *h, const uint8_t *block, uint64_t taken, int last) {
        const uint64_t *start = blake2_start;
        uint64_t m[16], a0 = h[0], a1 = h[1], a2 = h[2], a3 = h[3], b0 = h[4], b1 = h[5], b2 = h[6], b3 = h[7];
        uint64_t c0 = start[0], c1 = start[1], c2 = start[2], c3 = start[3];
        uint64_t d0 = start[4] ^ taken, d1 = start[5], d2 = last ? ~start[6] : start[6], d3 = start[7];
        for (int i = 0; i < 16; i++) {
            const uint8_t *word = block + 8 * i;
            m[i] = (uint64_t)word[0] | (uint64_t)word[1] << 8 | (uint64_t)word[2] << 16 | (uint64_t)word[3] << 24
                | (uint64_t)word[4] << 32 | (uint64_t)word[5] << 40 | (uint64_t)word[6] << 48 | (uint64_t)word[7] << 56;
        }
        for (int i = 0; i < 12; i++) {
            const uint8_t *s = blake2_order[i];
            BLAKE2_MIX(a0, b0, c0, d0, m[s[0]], m[s[1]])
            BLAKE2_MIX(a1, b1, c1, d1, m[s[2]], m[s[3]])
            BLAKE2_MIX(a2, b2, c2, d2, m[s[4]], m[s[5]])
            BLAKE2_MIX(a3, b3, c3, d3, m[s[6]], m[s[7]])
            BLAKE2_MIX(a0, b1, c2, d3, m[s[8]], m[s[9]])
            BLAKE2_MIX(a1, b2, c3, d0, m[s[10]], m[s[11]])
            BLAKE2_MIX(a2, b3, c0, d1, m[s[12]], m[s[13]])
            BLAKE2_MIX(a3, b0, c1, d2, m[s[14]], m[s[15]])
        }
        h[0] ^= a0 ^ c0; h[1] ^= a1 ^ c1; h[2] ^= a2 ^ c2; h[3] ^= a3 ^ c3;
        h[4] ^= b0 ^ d0; h[5] ^= b1 ^ d1; h[6] ^= b2 ^ d2; h[7] ^= b3 ^ d3;
    }
    """
    const uint64_t[8] _start "blake2_start"
    void _compress "blake2_compress"(uint64_t* h, const uint8_t* block, uint64_t taken, bint last) noexcept nogil

cdef enum:
    BLOCK = 128


cdef inline void blake2b(uint8_t* digest, int digest_size, const uint8_t* data, Py_ssize_t size) noexcept nogil:
    """Write the hash, 1 to 64 bytes of it."""
    cdef uint64_t[8] h
    cdef uint8_t[BLOCK] block
    cdef Py_ssize_t at = 0
    cdef int i
    for i in range(8):
        h[i] = _start[i]
    h[0] ^= 0x01010000u ^ <uint64_t>digest_size
    while size - at > BLOCK:
        _compress(h, data + at, at + BLOCK, False)
        at += BLOCK
    memset(block, 0, BLOCK)
    if size > at:
        memcpy(block, data + at, size - at)
    _compress(h, block, size, True)
    for i in range(digest_size):
        digest[i] = <uint8_t>(h[i >> 3] >> 8 * (i & 7))
