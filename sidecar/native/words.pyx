"""What a call is written with, as hashes."""

from hashlib import blake2b

from libc.stdint cimport uint8_t, uint16_t, uint32_t

from sidecar.native.characters cimport is_ascii_digit, is_space, joins
from sidecar.native.quotes import quoting

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void* data, Py_ssize_t at)
    bint Py_UNICODE_ISALPHA(Py_UCS4 one)
    bint Py_UNICODE_ISDIGIT(Py_UCS4 one)
    bint Py_UNICODE_ISDECIMAL(Py_UCS4 one)
    bint Py_UNICODE_ISLOWER(Py_UCS4 one)
    bint Py_UNICODE_ISUPPER(Py_UCS4 one)

cdef enum:
    _WORDS = 64
    _WORD_CHARS = 600
    _LONGEST_WORD = 120
    _SHORTEST_WORD = 2
    _SHORTEST_PART = 3
    # Of parts, at most as many as there are words are words too; so many are enough to fill up.
    _PARTS = 128
    _OPENING_CHARS = 256
    # Words of a step that are looked at: settings stand in front of what is called.
    _STEP_WORDS = 6
    _FORM_ARGUMENTS = 16
    _FORM_CHARS = 200
    _PUNCTUATION = 12
    _LONGEST = 20
    _FORMS = _FORM_ARGUMENTS * (2 + _PUNCTUATION)
    _LAST = 12
    _LEAST_LAST = 4

MAX_WORDS, WORD_CHARS = _WORDS, _WORD_CHARS
FORM_ARGUMENTS, FORM_CHARS, PUNCTUATION = _FORM_ARGUMENTS, _FORM_CHARS, _PUNCTUATION
LAST_WORDS = _LAST

# ASCII texts, nearly all, are read where they lie.
cdef uint32_t[256] _crc
cdef list _lengths


cdef void _prepare() noexcept:
    cdef uint32_t value
    cdef int one, bit
    for one in range(256):
        value = one
        for bit in range(8):
            value = (value >> 1) ^ (0xEDB88320u if value & 1 else 0u)
        _crc[one] = value


_prepare()
_lengths = [b"length %d\0" % bits for bits in range(_LONGEST + 1)]

cdef struct Hashes:
    uint32_t words[_WORDS]
    uint32_t parts[_PARTS]
    uint32_t forms[_FORMS]
    int word_count
    int part_count
    int form_count


cdef uint32_t more(uint32_t state, const uint8_t* data, Py_ssize_t size) noexcept nogil:
    """The state of a CRC-32 after more bytes; a hash is ``~more(~0, ...)``."""
    cdef Py_ssize_t i
    for i in range(size):
        state = _crc[(state ^ data[i]) & 0xFF] ^ (state >> 8)
    return state


cdef uint32_t _more_bytes(uint32_t state, bytes data):
    return more(state, <const uint8_t*>data, len(data))


cdef uint32_t more_text(uint32_t state, str text):
    """The same of a text in UTF-8, "?" for what is none."""
    if PyUnicode_IS_ASCII(text):
        return more(state, <const uint8_t*>PyUnicode_DATA(text), len(text))
    return _more_bytes(state, text.encode("utf-8", "replace"))


cdef uint32_t _more_character(uint32_t state, Py_UCS4 one):
    cdef uint8_t byte
    if one < 128:
        byte = <uint8_t>one
        return more(state, &byte, 1)
    return more_text(state, chr(one))


cdef inline bint _holds(const uint32_t* found, int count, uint32_t mark) noexcept nogil:
    cdef int i
    for i in range(count):
        if found[i] == mark:
            return True
    return False


cdef inline bint _add_word(Hashes* to, uint32_t mark) noexcept nogil:
    """Whether the word is new. Of more than are kept, none is."""
    if to.word_count == _WORDS or _holds(to.words, to.word_count, mark):
        return False
    to.words[to.word_count] = mark
    to.word_count += 1
    return True


cdef inline void _add_part(Hashes* to, uint32_t mark) noexcept nogil:
    if to.part_count < _PARTS and not _holds(to.parts, to.part_count, mark):
        to.parts[to.part_count] = mark
        to.part_count += 1


cdef inline bint _is_stop(Py_UCS4 one) noexcept nogil:
    return one == c"." or one == c"!" or one == c"?"


cdef Py_ssize_t _lowered(const uint8_t* text, Py_ssize_t size, uint8_t* low) noexcept nogil:
    """What is read of an ASCII text, in lower case; its size."""
    cdef Py_ssize_t i
    size = min(size, <Py_ssize_t>_WORD_CHARS)
    for i in range(size):
        low[i] = text[i] + 32 if c"A" <= text[i] <= c"Z" else text[i]
    return size


cdef inline bint _parts_words(Py_UCS4 one) noexcept nogil:
    return one in (
        c"'", c'"', c"`", c"(", c")", c",", c";", c"=", c"[", c"]", c"{", c"}", c"<", c">", c"|", c":"
    ) or is_space(one)


cdef bint _next_run(const uint8_t* text, Py_ssize_t size, Py_ssize_t* start, Py_ssize_t* end) noexcept nogil:
    """Find the next run after ``end``; whether there is one."""
    cdef Py_ssize_t i = end[0]
    while i < size:
        while i < size and _parts_words(text[i]):
            i += 1
        start[0] = i
        while i < size and i - start[0] < _LONGEST_WORD and not _parts_words(text[i]):
            i += 1
        end[0] = i
        if i - start[0] >= _SHORTEST_WORD:
            return True
    return False


cdef bint _next_part(const uint8_t* text, Py_ssize_t size, Py_ssize_t* start, Py_ssize_t* end) noexcept nogil:
    """The same of the parts of a word, after ``end``."""
    cdef Py_ssize_t i = end[0]
    while i < size:
        while i < size and not joins(text[i]):
            i += 1
        start[0] = i
        while i < size and joins(text[i]):
            i += 1
        end[0] = i
        if i - start[0] >= _SHORTEST_PART:
            return True
    return False


cdef inline Py_ssize_t _without_stop(const uint8_t* word, Py_ssize_t size) noexcept nogil:
    while size and _is_stop(word[size - 1]):
        size -= 1
    return size


cdef inline bint _is_name(const uint8_t* word, Py_ssize_t size) noexcept nogil:
    """``str.isidentifier``."""
    cdef Py_ssize_t i
    for i in range(size):
        if not joins(word[i]):
            return False
    return size > 0 and not is_ascii_digit(word[0])


cdef void _ascii_words(Hashes* to, const uint8_t* text, Py_ssize_t size) noexcept nogil:
    cdef uint8_t[_WORD_CHARS] low
    cdef const uint8_t* word
    cdef Py_ssize_t start = 0, end = 0, first = 0, last = 0, length
    size = _lowered(text, size, low)
    while _next_run(low, size, &start, &end):
        word = low + start
        length = _without_stop(word, end - start)
        if not _add_word(to, ~more(0xFFFFFFFFu, word, length)) or _is_name(word, length):
            continue
        last = 0
        while _next_part(word, length, &first, &last):
            _add_part(to, ~more(0xFFFFFFFFu, word + first, last - first))


cdef list _other_runs(str text):
    """The words of a text that is not ASCII."""
    cdef Py_ssize_t i, start = 0, size
    cdef list found = []
    text = text[:_WORD_CHARS].lower()
    size = len(text)
    for i in range(size + 1):
        if i == size or _parts_words(text[i]):
            if i - start >= _SHORTEST_WORD:
                found.append(text[start:i].rstrip(".!?"))
            start = i + 1
        elif i - start == _LONGEST_WORD:
            found.append(text[start:i].rstrip(".!?"))
            start = i
    return found


cdef list _other_parts(str word):
    """The parts of such a word; none where it is a plain name."""
    cdef Py_ssize_t i, start = 0, size = len(word)
    cdef list found = []
    if word.isidentifier():
        return found
    for i in range(size + 1):
        if i == size or not joins(word[i]):
            if i - start >= _SHORTEST_PART:
                found.append(word[start:i])
            start = i + 1
    return found


cdef int _other_words(Hashes* to, str text) except -1:
    for word in _other_runs(text):
        if _add_word(to, ~more_text(0xFFFFFFFFu, word)):
            for part in _other_parts(word):
                _add_part(to, ~more_text(0xFFFFFFFFu, part))
    return 0


cdef inline void _add_form(Hashes* to, uint32_t state) noexcept nogil:
    to.forms[to.form_count] = ~state
    to.form_count += 1


cdef uint32_t _of_name(uint32_t state, str name):
    """A mark's state after its name: a zero byte, and the name of the argument."""
    cdef uint8_t zero = 0
    return more_text(more(state, &zero, 1), name)


cdef int _forms(Hashes* to, str name, str text) except -1:
    """How long a text is (by doubling), what it ends with, and the punctuation in it."""
    cdef Py_ssize_t size = len(text), i, seen
    cdef int kind = PyUnicode_KIND(text), bits = 0, left = _PUNCTUATION, j
    cdef void* data = PyUnicode_DATA(text)
    cdef Py_UCS4 one
    cdef uint8_t[128] ascii_marks
    cdef set other_marks = None
    seen = size
    while seen and bits < _LONGEST:
        seen >>= 1
        bits += 1
    _add_form(to, more_text(_more_bytes(0xFFFFFFFFu, <bytes>_lengths[bits]), name))
    if size:
        one = PyUnicode_READ(kind, data, size - 1)
        if Py_UNICODE_ISLOWER(one):
            one = c"a"
        elif Py_UNICODE_ISUPPER(one):
            one = c"A"
        elif Py_UNICODE_ISDIGIT(one):
            one = c"0"
        _add_form(to, _of_name(_more_character(0xFFFFFFFFu, one), name))
    else:
        _add_form(to, _of_name(0xFFFFFFFFu, name))
    for j in range(128):
        ascii_marks[j] = 0
    for i in range(min(size, <Py_ssize_t>_FORM_CHARS)):
        one = PyUnicode_READ(kind, data, i)
        if one < 128:
            if one != c" " and (not joins(one) or one == c"_"):
                ascii_marks[one] = 1
        elif not joins(one):
            if other_marks is None:
                other_marks = set()
            other_marks.add(one)
    for j in range(128):
        if ascii_marks[j] and left:
            left -= 1
            _add_form(to, _of_name(_more_character(more(0xFFFFFFFFu, <const uint8_t*>b"has ", 4), j), name))
    if other_marks is not None:
        for other in sorted(other_marks):
            if not left:
                break
            left -= 1
            _add_form(to, _of_name(_more_character(more(0xFFFFFFFFu, <const uint8_t*>b"has ", 4), ord(other)), name))
    return 0


cdef int _begins(Hashes* to, str name, str text) except -1:
    """The mark of how an argument begins: an upper or lower case letter, a digit, or the character itself."""
    cdef uint32_t state = _of_name_begin(name)
    cdef Py_UCS4 one
    if len(text):
        one = text[0]
        if Py_UNICODE_ISALPHA(one):
            one = c"A" if Py_UNICODE_ISUPPER(one) else c"a"
        elif Py_UNICODE_ISDIGIT(one):
            one = c"0"
        state = _more_character(state, one)
    _add_word(to, ~state)
    return 0


cdef uint32_t _of_name_begin(str name):
    cdef uint8_t byte = c"^"
    cdef uint32_t state = more_text(more(0xFFFFFFFFu, &byte, 1), name)
    byte = 0
    return more(state, &byte, 1)


cdef bytes _packed(const uint32_t* marks, int count):
    """Big-endian: a word's four bytes are its key in the store."""
    cdef bytearray packed = bytearray(4 * count)
    cdef uint8_t* to = packed
    cdef int i
    for i in range(count):
        to[4 * i] = marks[i] >> 24
        to[4 * i + 1] = (marks[i] >> 16) & 0xFF
        to[4 * i + 2] = (marks[i] >> 8) & 0xFF
        to[4 * i + 3] = marks[i] & 0xFF
    return bytes(packed)


cdef list _leaves(dict arguments):
    """What is inside, to be taken from the end by ``_next_text``."""
    cdef list stack = list(arguments.items())
    stack.reverse()
    return stack


cdef tuple _next_text(list stack):
    """The next text or number inside, with the path of names to it; None after the last."""
    cdef str name
    while stack:
        name, item = stack.pop()
        if isinstance(item, str):
            return name, item
        if isinstance(item, dict):
            inner = [(f"{name}.{key}", value) for key, value in (<dict>item).items()]
            inner.reverse()
            stack.extend(inner)
        elif isinstance(item, list):
            stack.extend([(name, value) for value in reversed(<list>item)])
        elif item is not None:
            return name, str(item)
    return None


def read(dict arguments not None):
    """The longest text of the arguments, the hashes of their words, and of their form: four bytes each, big-endian.

    Texts, and numbers as they are written, in order; inside objects and lists too. Hashes are CRC-32 of UTF-8. Words
    are runs of 2 to 120 characters between spaces, quotes and brackets, in lower case, without a point or question mark
    at the end, of the first 600 characters; then the parts of 3 letters and more of those that are no plain names. Each
    argument's first character is one too, with the argument's name. Each stands once, 64 at most. Forms are, of each of
    the first 16 texts: how long it is by doubling, what it ends with, and the punctuation in it, each with the name.
    """
    cdef Hashes found
    cdef str name, text, longest = ""
    cdef int leaves = 0, i
    cdef bint full = False
    cdef list stack = _leaves(arguments)
    cdef tuple leaf = _next_text(stack)
    found.word_count = found.part_count = found.form_count = 0
    while leaf is not None:
        name, text = leaf
        if not full:
            if len(text) > len(longest):
                longest = text
            _begins(&found, name, text)
            full = found.word_count == _WORDS
            if full:
                pass
            elif PyUnicode_IS_ASCII(text):
                _ascii_words(&found, <const uint8_t*>PyUnicode_DATA(text), len(text))
            else:
                _other_words(&found, text)
        if leaves < _FORM_ARGUMENTS:
            _forms(&found, name, text)
        elif full:
            break
        leaves += 1
        leaf = _next_text(stack)
    for i in range(found.part_count):
        _add_word(&found, found.parts[i])
    return longest, _packed(found.words, found.word_count), _packed(found.forms, found.form_count)


cdef struct Wanted:
    uint32_t marks[_WORDS]
    int count


cdef int _spell(Wanted* wanted, dict found, str text) except -1:
    """Take what is wanted from a text. What was found is wanted no more."""
    cdef uint8_t[_WORD_CHARS] low
    cdef const uint8_t* word
    cdef Py_ssize_t size, start = 0, end = 0, first = 0, last = 0, length
    if not PyUnicode_IS_ASCII(text):
        for run in _other_runs(text):
            _take(wanted, found, ~more_text(0xFFFFFFFFu, run), run)
            for part in _other_parts(run):
                _take(wanted, found, ~more_text(0xFFFFFFFFu, part), part)
        return 0
    size = _lowered(<const uint8_t*>PyUnicode_DATA(text), len(text), low)
    while wanted.count and _next_run(low, size, &start, &end):
        word = low + start
        length = _without_stop(word, end - start)
        if _holds(wanted.marks, wanted.count, ~more(0xFFFFFFFFu, word, length)):
            _take(wanted, found, ~more(0xFFFFFFFFu, word, length), word[:length].decode("ascii"))
        if _is_name(word, length):
            continue
        last = 0
        while _next_part(word, length, &first, &last):
            if _holds(wanted.marks, wanted.count, ~more(0xFFFFFFFFu, word + first, last - first)):
                _take(
                    wanted, found, ~more(0xFFFFFFFFu, word + first, last - first), word[first:last].decode("ascii")
                )
    return 0


cdef int _take(Wanted* wanted, dict found, uint32_t mark, str spelling) except -1:
    cdef int i
    for i in range(wanted.count):
        if wanted.marks[i] == mark:
            wanted.count -= 1
            wanted.marks[i] = wanted.marks[wanted.count]
            found[_packed(&mark, 1)] = spelling
            break
    return 0


def spell(words not None, dict arguments not None):
    """Words (four bytes each, 64 at most) as they stand in the arguments, in lower case, of those that are in them."""
    cdef Wanted wanted
    cdef dict found = {}
    cdef list stack = _leaves(arguments)
    cdef tuple leaf
    cdef bytes word
    cdef const uint8_t* data
    wanted.count = 0
    for word in words:
        if len(word) != 4:
            raise ValueError("a word has four bytes")
        if wanted.count == _WORDS:
            break
        data = word
        wanted.marks[wanted.count] = (
            <uint32_t>data[0] << 24 | <uint32_t>data[1] << 16 | <uint32_t>data[2] << 8 | data[3]
        )
        wanted.count += 1
    while wanted.count:
        leaf = _next_text(stack)
        if leaf is None:
            break
        _spell(&wanted, found, leaf[1])
    return found


cdef str _stem(str word):
    """How a word begins: what is no letter, and the letters after it."""
    cdef Py_ssize_t size = len(word), at = 0
    while at < size and not joins(word[at]):
        at += 1
    while at < size and joins(word[at]):
        at += 1
    return word if at == size else word[:at]


cdef bint _is_setting(str word):
    """``NAME=value``."""
    cdef Py_ssize_t size = len(word), at = 0
    while at < size and joins(word[at]):
        at += 1
    return 0 < at < size and word[at] == c"=" and not Py_UNICODE_ISDECIMAL(word[0])


cdef list _words_of_last_step(str text):
    cdef Py_ssize_t size, at = 0, count = 1
    cdef Py_ssize_t[_WORD_CHARS + 1] starts
    cdef Py_ssize_t[_WORD_CHARS + 1] ends
    cdef Py_UCS4 one
    cdef list words
    size = len(text)
    if size > _WORD_CHARS:
        text = text[size - _WORD_CHARS :]
        size = _WORD_CHARS
    starts[0] = 0
    while at < size:
        one = text[at]
        if one == c"\n" or one == c"|" or one == c";":
            ends[count - 1] = at
            starts[count] = at + 1
            count += 1
        elif one == c"&" and at + 1 < size and text[at + 1] == c"&":
            ends[count - 1] = at
            at += 1
            starts[count] = at + 1
            count += 1
        at += 1
    ends[count - 1] = size
    while count:
        count -= 1
        if starts[count] == ends[count]:
            continue
        words = text[starts[count] : ends[count]].split(None, _STEP_WORDS)
        while words and _is_setting(words[0]):
            del words[0]
        if words:
            return words
    return []


cdef tuple opening(str longest):
    """A text's first word, and the stem of its second; empty for one that is not there."""
    cdef list words = longest[:_OPENING_CHARS].split(None, 2)
    return words[0] if words else "", _stem(words[1]) if len(words) > 1 else ""


def ends(str longest not None):
    """How a text opens and how its last step does: of each the first word, and the stem of the second.

    Steps are parted by line breaks, ``|``, ``;`` and ``&&``; looked at are the last 600 characters, and of the opening
    the first 256. Settings in front of a step (``NAME=value``) are left out, up to six. Empty for a word that is not there.
    """
    cdef list ending = _words_of_last_step(longest)
    return (
        *opening(longest),
        ending[0] if ending else "",
        _stem(ending[1]) if len(ending) > 1 else "",
    )


def alike_until(str one not None, str other not None):
    """How many characters two texts begin with in common."""
    cdef Py_ssize_t at = 0, most = min(len(one), len(other))
    cdef const uint8_t* first
    cdef const uint8_t* second
    if PyUnicode_IS_ASCII(one) and PyUnicode_IS_ASCII(other):
        first, second = <const uint8_t*>PyUnicode_DATA(one), <const uint8_t*>PyUnicode_DATA(other)
        while at < most and first[at] == second[at]:
            at += 1
        return at
    while at < most and one[at] == other[at]:
        at += 1
    return at


cdef struct Last:
    uint16_t marks[_LAST]
    int count


cdef inline bint _add_last(Last* to, uint32_t mark) noexcept nogil:
    """Add half of a word's hash, unless it is there; whether there are enough."""
    cdef int i
    for i in range(to.count):
        if to.marks[i] == <uint16_t>mark:
            return False
    to.marks[to.count] = <uint16_t>mark
    to.count += 1
    return to.count == _LAST


cdef bint _ascii_last(Last* to, const uint8_t* text, Py_ssize_t size) noexcept nogil:
    cdef uint8_t[_WORD_CHARS] low
    cdef Py_ssize_t i, start = 0
    size = _lowered(text, size, low)
    for i in range(size + 1):
        if i == size or not joins(low[i]):
            if i - start >= _LEAST_LAST and _add_last(to, ~more(0xFFFFFFFFu, low + start, i - start)):
                return True
            start = i + 1
    return False


cdef bint _other_last(Last* to, str text):
    cdef Py_ssize_t i, start = 0, size
    text = text[:_WORD_CHARS].lower()
    size = len(text)
    for i in range(size + 1):
        if i == size or not joins(text[i]):
            if i - start >= _LEAST_LAST and _add_last(to, ~more_text(0xFFFFFFFFu, text[start:i])):
                return True
            start = i + 1
    return False


def last_words(dict arguments not None):
    """The first 12 words of the arguments, each once: the last two bytes of the hash of each, big-endian.

    Words here are runs of four letters and more, in lower case, of the first 600 characters of each text.
    """
    cdef Last found
    cdef str text
    cdef list stack = _leaves(arguments)
    cdef tuple leaf = _next_text(stack)
    cdef uint8_t[2 * _LAST] packed
    cdef bint full = False
    cdef int i
    found.count = 0
    while leaf is not None and not full:
        text = leaf[1]
        if PyUnicode_IS_ASCII(text):
            full = _ascii_last(&found, <const uint8_t*>PyUnicode_DATA(text), len(text))
        else:
            full = _other_last(&found, text)
        leaf = _next_text(stack)
    for i in range(found.count):
        packed[2 * i] = found.marks[i] >> 8
        packed[2 * i + 1] = found.marks[i] & 0xFF
    return (<const char*>packed)[: 2 * found.count]
# How calls open and end comes again from call to call. Long texts would fill the memory.
cdef dict _known_forms = {}

cdef enum:
    _KNOWN_FORMS = 4096
    _KNOWN_CHARS = 256


cdef bytes _form(str begin, str names, str first, str stem):
    global _known_forms
    cdef str text = f"{begin}{names}\0{first}\0{stem}"
    cdef bytes found = _known_forms.get(text)
    if found is None:
        found = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if len(text) <= _KNOWN_CHARS:
            if len(_known_forms) >= _KNOWN_FORMS:
                _known_forms = {}  # replaced, not cleared: other threads read it
            _known_forms[text] = found
    return found


def worded(str tool not None, dict arguments not None):
    """Hashes (8 bytes) of how a call of a tool opens and ends, its words and form as ``read`` has them, its ``quoting``."""
    cdef str longest, names, first, stem, last_first, last_stem
    cdef bytes words, forms
    longest, words, forms = read(arguments)
    first, stem, last_first, last_stem = ends(longest)
    names = "\0".join(sorted(arguments))
    return (
        _form(f"{tool}\0opening\0", names, first, stem),
        _form(f"{tool}\0ending\0", names, last_first, last_stem),
        words,
        forms,
        quoting(longest),
    )
