"""The tables of phrases: sums, steps and counts over what hashed marks index.

``words`` and ``forms`` are hashes of four bytes each, big-endian, as ``words.read`` gives them. Tables have a power of
two of places: floats in the machine's byte order, bytes, or bits. ValueError for one that has not. A call's marks are
its first 12 words, their neighbouring pairs, each word in each scope (the first 8), its forms, and each word beside the
way in which spaces are quoted in the call (``quotes.pyx``), if any are; marks of one sort count for their weight over
the root of their number, so that long calls are no surer than short ones.
"""

from libc.math cimport log, pow, sqrt
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

cdef enum:
    _KNOWN = 24
    _WEIGHED = 12
    _PLACES = 8
    _FORMS = 224
    _GROUPS = 5
    _MARKS = _WEIGHED + _WEIGHED + _PLACES * _WEIGHED + _FORMS + _WEIGHED
    _FULL = 255

# Sums and steps are taken in the order of the marks, in doubles, whatever Python's ``sum`` does: results are the same on
# every machine.
cdef double _words_weight = 0.8, _pairs_weight = 0.4, _placed_weight = 0.7, _form_weight = 0.5
cdef double _quoted_weight = 0.7
# AdaGrad starts as if it had seen the floor: first steps are no leaps.
cdef double _step = 0.5, _floor = 0.1

KNOWN_WORDS = _KNOWN
WEIGHED_WORDS = _WEIGHED
WORDS_WEIGHT, PAIRS_WEIGHT, PLACED_WEIGHT, FORM_WEIGHT = _words_weight, _pairs_weight, _placed_weight, _form_weight
QUOTED_WEIGHT = _quoted_weight

# Marks in the order in which they are weighed. Those of one group stand together and count the same.
cdef struct Marks:
    uint64_t marks[_MARKS]
    double scales[_GROUPS]
    int ends[_GROUPS]
    int groups


cdef inline uint32_t _big_endian(const uint8_t* data) noexcept nogil:
    return <uint32_t>data[0] << 24 | <uint32_t>data[1] << 16 | <uint32_t>data[2] << 8 | data[3]


cdef inline void _end(Marks* to, int start, int end, double weight) noexcept nogil:
    """End a group, if anything is in it: long calls are no surer than short ones."""
    if end > start:
        to.scales[to.groups] = weight / pow(end - start, 0.5)
        to.ends[to.groups] = end
        to.groups += 1


cdef int _words(bytes packed, int most, uint32_t* to) except -1:
    cdef const uint8_t* data = packed
    cdef int count = <int>min(len(packed) // 4, <Py_ssize_t>most), i
    for i in range(count):
        to[i] = _big_endian(data + 4 * i)
    return count


cdef int _places(tuple scopes, uint32_t* to) except -1:
    """An odd number of 32 bits for each scope: multiplied by a word's, it gives bits that depend on all of both."""
    cdef int count = 0
    cdef bytes value
    for _, value in scopes:
        if count == _PLACES:
            break
        if len(value) < 4:
            raise ValueError("a scope has four bytes at least")
        to[count] = _big_endian(value) | 1
        count += 1
    return count


cdef inline uint64_t _pair(const uint32_t* words, int at) noexcept nogil:
    return <uint64_t>words[at] * 31 + <uint64_t>words[at + 1] * 17


cdef inline uint64_t _placed(uint32_t place, uint32_t word) noexcept nogil:
    """The middle bits of a product depend on most bits of its factors."""
    return (<uint64_t>place * word) >> 16


cdef inline uint32_t _beside(int quoting) noexcept nogil:
    """The place of words of calls in which something is quoted so: an odd number, like a scope's."""
    return <uint32_t>quoting * 0x9E3779B1u | 1


cdef int _gather(bytes words, tuple scopes, bytes forms, int quoting, Marks* to) except -1:
    cdef uint32_t[_WEIGHED] found
    cdef uint32_t[_PLACES] places
    cdef int count = _words(words, _WEIGHED, found), place_count = _places(scopes, places)
    cdef int at = 0, start, i, j, form_count = <int>min(len(forms) // 4, <Py_ssize_t>_FORMS)
    cdef const uint8_t* data = forms
    to.groups = 0
    for i in range(count):
        to.marks[at] = found[i]
        at += 1
    _end(to, 0, at, _words_weight)
    start = at
    for i in range(count - 1):
        to.marks[at] = _pair(found, i)
        at += 1
    _end(to, start, at, _pairs_weight)
    start = at
    for i in range(place_count):
        for j in range(count):
            to.marks[at] = _placed(places[i], found[j])
            at += 1
    _end(to, start, at, _placed_weight)
    start = at
    for i in range(form_count):
        to.marks[at] = _big_endian(data + 4 * i)
        at += 1
    _end(to, start, at, _form_weight)
    if quoting:
        start = at
        for i in range(count):
            to.marks[at] = _placed(_beside(quoting), found[i])
            at += 1
        _end(to, start, at, _quoted_weight)
    return 0


cdef Py_ssize_t _mask(Py_ssize_t size) except -1:
    """What a hash is cut to for a table of this size."""
    if size <= 0 or size & (size - 1):
        raise ValueError("a table's size is a power of two")
    return size - 1


cdef double sum_of_marks(bytearray weights, bytes words, tuple scopes, bytes forms, int quoting) except? -1.0:
    cdef Marks found
    cdef const float* at
    cdef double total = 0.0, part
    cdef Py_ssize_t mask
    cdef int group, i = 0
    if not len(weights):
        return 0.0
    mask = _mask(len(weights) // 4)
    at = <const float*><const char*>weights
    _gather(words, scopes, forms, quoting, &found)
    for group in range(found.groups):
        part = 0.0
        while i < found.ends[group]:
            part += at[found.marks[i] & mask]
            i += 1
        total += found.scales[group] * part
    return total


def weigh(
    bytearray weights not None, bytes words not None, tuple scopes not None, bytes forms not None, int quoting=0
):
    """The weighted sum over all marks, in log-odds; 0 for an empty table."""
    return sum_of_marks(weights, words, scopes, forms, quoting)


def descend(
    bytearray weights not None,
    bytearray squares not None,
    bytes words not None,
    tuple scopes not None,
    bytes forms not None,
    double error,
    int quoting=0,
):
    """One AdaGrad step on all marks. ``error`` is the derivative of the loss by the sum."""
    cdef Marks found
    cdef float* at
    cdef float* seen
    cdef double gradient, step, squared, square
    cdef Py_ssize_t mask = _mask(len(weights) // 4), slot
    cdef int group, i = 0
    if len(squares) != len(weights):
        raise ValueError("there are as many squares as weights")
    at, seen = <float*><char*>weights, <float*><char*>squares
    _gather(words, scopes, forms, quoting, &found)
    for group in range(found.groups):
        gradient = error * found.scales[group]
        step, squared = _step * gradient, gradient * gradient
        while i < found.ends[group]:
            slot = found.marks[i] & mask
            square = seen[slot] + squared
            seen[slot] = <float>square
            at[slot] = <float>(at[slot] - step / sqrt(square + _floor))
            i += 1


cdef int _weigh_each(bytearray weights, bytes words, tuple scopes, int quoting, double* said) except -1:
    cdef uint32_t[_WEIGHED] found
    cdef uint32_t[_PLACES] places
    cdef int count = _words(words, _WEIGHED, found), place_count = _places(scopes, places), i, j
    cdef const float* at
    cdef Py_ssize_t mask
    cdef double scale, part
    if not len(weights):
        for i in range(count):
            said[i] = 0.0
        return count
    mask = _mask(len(weights) // 4)
    at = <const float*><const char*>weights
    scale = _placed_weight / pow(place_count, 0.5) if place_count else 0.0
    for i in range(count):
        part = 0.0
        for j in range(place_count):
            part += at[_placed(places[j], found[i]) & mask]
        part = _words_weight * at[found[i] & mask] + scale * part
        if quoting:
            part += _quoted_weight * at[_placed(_beside(quoting), found[i]) & mask]
        said[i] = part
    return count


def weigh_each(bytearray weights not None, bytes words not None, tuple scopes not None, int quoting=0):
    """What each of the first 12 words adds by itself, everywhere, in these scopes and beside what is quoted."""
    cdef double[_WEIGHED] said
    cdef int count = _weigh_each(weights, words, scopes, quoting, said), i
    return [said[i] for i in range(count)]


def worst(bytearray weights not None, bytes words not None, tuple scopes not None, int quoting, double least):
    """The words that add at least ``least``, those that add most first, of equal ones the lesser."""
    cdef double[_WEIGHED] said
    cdef int[_WEIGHED] order
    cdef int count = _weigh_each(weights, words, scopes, quoting, said), found = 0, i, at
    cdef const char* hashes = words
    for i in range(count):
        if said[i] >= least:
            at = found
            while at and (
                said[order[at - 1]] < said[i]
                or (said[order[at - 1]] == said[i] and memcmp(hashes + 4 * order[at - 1], hashes + 4 * i, 4) > 0)
            ):
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
            found += 1
    return [words[4 * order[i] : 4 * order[i] + 4] for i in range(found)]


def count(bytearray failures not None, bytearray successes not None, bytes words not None, bint failed):
    """Count a call for its first 12 words; both counts of a word are halved when one is full."""
    cdef uint32_t[_WEIGHED] found
    cdef int number = _words(words, _WEIGHED, found), i, j
    cdef uint8_t* bad = failures
    cdef uint8_t* good = successes
    cdef uint8_t* counts = bad if failed else good
    cdef Py_ssize_t mask = _mask(len(failures)), slot
    cdef bint again
    if len(successes) != len(failures):
        raise ValueError("there are as many counts of either sort")
    for i in range(number):
        slot = found[i] & mask
        again = False
        for j in range(i):
            again = again or <Py_ssize_t>(found[j] & mask) == slot
        if again:
            continue
        if counts[slot] == _FULL:
            # Rounded up: what was ever seen stays seen.
            bad[slot] = (bad[slot] + 1) >> 1
            good[slot] = (good[slot] + 1) >> 1
        counts[slot] += 1


cdef bint mean_of_words(
    bytearray failures, bytearray successes, bytes words, double prior, double rest, double* mean
) except -1:
    """As ``rate``; whether any word was seen."""
    cdef uint32_t[_WEIGHED] found
    cdef int number = _words(words, _WEIGHED, found), i, seen = 0
    cdef const uint8_t* bad = failures
    cdef const uint8_t* good = successes
    cdef Py_ssize_t mask = _mask(len(failures)), slot
    cdef double odds = 1.0  # at most 128 times or a 128th for each word
    if len(successes) != len(failures):
        raise ValueError("there are as many counts of either sort")
    for i in range(number):
        slot = found[i] & mask
        if bad[slot] or good[slot]:
            odds *= (bad[slot] + prior) / (good[slot] + rest)
            seen += 1
    if not seen:
        return False
    mean[0] = log(odds) / seen
    return True


def rate(
    bytearray failures not None, bytearray successes not None, bytes words not None, double prior, double rest
):
    """The mean log-odds of calls with each of the first 12 words; None where none was seen.

    ``prior`` failures and ``rest`` successes are assumed beside those that were counted.
    """
    cdef double mean = 0.0
    return mean if mean_of_words(failures, successes, words, prior, rest, &mean) else None


cdef inline bint _is_set(const uint8_t* bits, Py_ssize_t mask, uint64_t mark) noexcept nogil:
    return bits[(mark >> 3) & mask] >> (mark & 7) & 1


cdef int count_new(bytearray word_bits, bytearray pair_bits, bytes words, bint note, int* pairs) except -1:
    """How many words are new, and pairs."""
    cdef uint32_t[_KNOWN] found
    cdef int number = _words(words, _KNOWN, found), i, new_words = 0, new_pairs = 0
    cdef uint8_t* of_words = word_bits
    cdef uint8_t* of_pairs = pair_bits
    cdef Py_ssize_t word_mask = _mask(len(word_bits)), pair_mask = _mask(len(pair_bits))
    cdef uint64_t pair
    for i in range(number):
        new_words += not _is_set(of_words, word_mask, found[i])
    for i in range(number - 1):
        new_pairs += not _is_set(of_pairs, pair_mask, _pair(found, i))
    if note:
        for i in range(number):
            of_words[(found[i] >> 3) & word_mask] |= 1 << (found[i] & 7)
        for i in range(number - 1):
            pair = _pair(found, i)
            of_pairs[(pair >> 3) & pair_mask] |= 1 << (pair & 7)
    pairs[0] = new_pairs
    return new_words


def new(bytearray word_bits not None, bytearray pair_bits not None, bytes words not None, bint note=False):
    """How many of the first 24 words, and of their pairs, have no bit; with ``note`` they have one from then on."""
    cdef int new_pairs = 0
    cdef int new_words = count_new(word_bits, pair_bits, words, note, &new_pairs)
    return new_words, new_pairs


cpdef list standing(bits, bytes words, bint wanted, int most):
    """The first so many words whose bit is set, or is not."""
    cdef const uint8_t* at
    cdef const uint8_t* data
    cdef Py_ssize_t mask, i
    cdef uint32_t word
    cdef list found = []
    if words is None:
        raise TypeError("words are bytes")
    data = words
    if isinstance(bits, bytes):
        at = <bytes>bits
    elif isinstance(bits, bytearray):
        at = <bytearray>bits
    else:
        raise TypeError("bits are bytes or a bytearray")
    mask = _mask(len(bits))
    for i in range(len(words) // 4):
        word = _big_endian(data + 4 * i)
        if (at[(word >> 3) & mask] >> (word & 7) & 1) == wanted:
            found.append(words[4 * i : 4 * i + 4])
            if len(found) == most:
                break
    return found
