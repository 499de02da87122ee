"""The conditions on the form of arguments that a call meets (``learning/forms.py``), as hashes.

A condition's hash is the CRC-32 of the argument's name, a zero byte and the form, 1 where that is 0.
"""

from libc.math cimport floor
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from sidecar.native.characters cimport is_ascii_digit
from sidecar.native.words cimport more, more_text

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    bint Py_UNICODE_ISALPHA(Py_UCS4 one)
    bint Py_UNICODE_ISALNUM(Py_UCS4 one)
    bint Py_UNICODE_ISDIGIT(Py_UCS4 one)
    bint Py_UNICODE_ISUPPER(Py_UCS4 one)

cdef enum:
    # Values that are looked at, characters of each, and conditions from which on no further value is.
    _LEAVES = 16
    _CHARS = 400
    _MOST = 80
    _DIGIT_CHARS = 64
    _VALUE_CHARS = 24
    # Sizes that are told apart, by doubling.
    _BUCKETS = 66
    _QUOTES = 1
    _BRACKETS = 2
    _LINES = 4
    _OTHER = 8
    _CAPITALS = 16
    _DIGITS = 32
    # Numbers, and dates, that are compared with each other; characters of a date with its time.
    _COMPARED = 4
    _DATE_CHARS = 40
    # Values of which all conditions together are fewer than that, at 11 each.
    _FEW = 7
    # A cut as it is packed: the condition's hash, and the number, little-endian.
    _CUT = 12

MAX_CONDITIONS = _MOST
CUT_BYTES = _CUT

# What numbers are times by: seconds, and thousandths of them, since 1970, from 2001 to 2096.
cdef double _least_time = 1e9, _most_time = 4e9, _no_date = -1e300, _largest = 1e15

cdef list _has, _buckets
_has = [
    b"has:quotes", b"has:brackets", b"has:lines", b"has:letters beyond ASCII", b"has:capitals", b"has:digits",
]
_buckets = [
    b"%d" % one if one < 4 else b"%d to %d" % (1 << (one - 2), (2 << (one - 2)) - 1) for one in range(_BUCKETS)
]


cdef class Met:
    """Conditions, each once, in order."""

    cdef int add(self, uint32_t mark) except -1:
        cdef uint32_t slot = mark % MET_SLOTS
        while self.slots[slot]:
            if self.marks[self.slots[slot] - 1] == mark:
                return 0
            slot = (slot + 1) % MET_SLOTS
        if self.count == MOST_MET:
            raise ValueError("too many conditions")
        self.marks[self.count] = mark
        self.count += 1
        self.slots[slot] = <uint16_t>self.count
        return 0

    cdef bint has(self, uint32_t mark) noexcept nogil:
        cdef uint32_t slot = mark % MET_SLOTS
        while self.slots[slot]:
            if self.marks[self.slots[slot] - 1] == mark:
                return True
            slot = (slot + 1) % MET_SLOTS
        return False

    def __contains__(self, uint32_t condition):
        return self.has(condition)

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter([self.marks[i] for i in range(self.count)])


cdef Met met_of(object conditions):
    """The same as such a collection. ValueError for more than 256."""
    cdef Met met
    cdef uint32_t condition
    if isinstance(conditions, Met):
        return conditions
    met = Met()
    for condition in conditions:
        met.add(condition)
    return met


cdef class _Found:
    """Conditions that were met, each once, in order. ``spelled`` is the one that is wanted, with its argument's name."""

    cdef Met met
    cdef uint32_t wanted
    cdef tuple spelled
    cdef bytes cuts
    cdef double now
    cdef list measured  # where it is asked for: hashes of the two conditions, and the number
    cdef bint only_measured
    cdef list numbers, dates  # name, state and number of what is compared with each other


cdef int _note(_Found to, str name, uint32_t state, bytes sort, bytes detail) except -1:
    cdef uint32_t mark = ~state
    if not mark:
        mark = 1
    to.met.add(mark)
    if mark == to.wanted:
        to.spelled = name, (sort + detail).decode("utf-8", "surrogatepass")
    return 0


cdef int _add(_Found to, str name, uint32_t state, bytes form) except -1:
    """Note a form, after the state of its argument's name."""
    return _note(to, name, more(state, <const uint8_t*>form, len(form)), form, b"")


cdef int _add_with(_Found to, str name, uint32_t state, bytes sort, bytes detail) except -1:
    state = more(state, <const uint8_t*>sort, len(sort))
    return _note(to, name, more(state, <const uint8_t*>detail, len(detail)), sort, detail)


cdef int _add_text(_Found to, str name, uint32_t state, bytes sort, str detail) except -1:
    """The same with a text in it."""
    state = more_text(more(state, <const uint8_t*>sort, len(sort)), detail)
    return _note(to, name, state, sort, detail.encode("utf-8", "surrogatepass") if to.wanted else b"")


cdef uint32_t _of_name(str name):
    cdef uint8_t zero = 0
    return more(more_text(0xFFFFFFFFu, name), &zero, 1)


cdef inline bytes _bucket(Py_ssize_t number):
    """0, 1, 2, 3, then by doubling."""
    cdef Py_ssize_t bits = number
    if number >= 4:
        bits = 1
        while number:
            number >>= 1
            bits += 1
    return <bytes>_buckets[bits]


cdef int _ascii_has(const uint8_t* text, Py_ssize_t size, Py_ssize_t* spaces) noexcept nogil:
    cdef int has = 0
    cdef uint8_t one
    cdef Py_ssize_t i
    for i in range(size):
        one = text[i]
        if one == c" ":
            spaces[0] += 1
        elif c"A" <= one <= c"Z":
            has |= _CAPITALS
        elif one == c"'" or one == c'"':
            has |= _QUOTES
        elif one == c"(" or one == c"[" or one == c"<":
            has |= _BRACKETS
        elif one == c"\n":
            has |= _LINES
        elif i < _DIGIT_CHARS and is_ascii_digit(one):
            has |= _DIGITS
    return has


cdef int _other_has(str text, Py_ssize_t* spaces) except -1:
    """The same of a text that is not ASCII."""
    cdef int has = _OTHER
    cdef Py_ssize_t i
    cdef Py_UCS4 one
    for i in range(len(text)):
        one = text[i]
        if one == c" ":
            spaces[0] += 1
        elif one == c"'" or one == c'"':
            has |= _QUOTES
        elif one == c"(" or one == c"[" or one == c"<":
            has |= _BRACKETS
        elif one == c"\n":
            has |= _LINES
        elif i < _DIGIT_CHARS and Py_UNICODE_ISDIGIT(one):
            has |= _DIGITS
    if text != text.lower():
        has |= _CAPITALS
    return has


cdef bint _is_word(str text):
    """Whether a short text is letters alone, beside points and hyphens: then it is a value that others may have."""
    cdef Py_UCS4 one
    cdef bint letters = False
    for one in text:
        if one != c"-" and one != c".":
            if not Py_UNICODE_ISALPHA(one):
                return False
            letters = True
    return letters


cdef inline double _cut_at(const uint8_t* at) noexcept nogil:
    cdef uint64_t bits = 0
    cdef double value
    cdef int i
    for i in range(8):
        bits |= <uint64_t>at[4 + i] << (8 * i)
    memcpy(&value, &bits, 8)
    return value


cdef int _measure(_Found to, str name, uint32_t state, double value, bytes up, bytes down) except -1:
    """Whether a number is above or below what was learned to tell calls apart: one condition each, wherever the cut is."""
    cdef Py_ssize_t i, at, size = len(to.cuts)
    cdef const uint8_t* cuts
    cdef uint32_t over, under, mark
    cdef double cut
    if not size and to.measured is None:
        return 0
    over = ~more(state, <const uint8_t*>up, len(up)) or 1
    under = ~more(state, <const uint8_t*>down, len(down)) or 1
    if to.measured is not None:
        to.measured.append((over, under, value))
    cuts = to.cuts
    for i in range(size // _CUT):
        at = i * _CUT
        mark = cuts[at] | <uint32_t>cuts[at + 1] << 8 | <uint32_t>cuts[at + 2] << 16 | <uint32_t>cuts[at + 3] << 24
        if mark == over or mark == under:
            cut = _cut_at(cuts + at)
            if value > cut if mark == over else value < cut:
                to.met.add(mark)
                if mark == to.wanted:
                    to.spelled = name, (up if mark == over else down).decode() + f"{cut:.12g}"
    return 0


cdef inline int _two(const uint8_t* text) noexcept nogil:
    """Two digits as a number, -1 where they are none."""
    if not is_ascii_digit(text[0]) or not is_ascii_digit(text[1]):
        return -1
    return 10 * (text[0] - c"0") + text[1] - c"0"


cdef double _date_of(str text):
    """Days since 1970 of a text that begins as ISO 8601 dates do, with its time of day as UTC if it has one."""
    cdef const uint8_t* data
    cdef int century, year, month, day, hour, minute, era, day_of_year
    cdef double days
    if not 10 <= len(text) <= _DATE_CHARS or not PyUnicode_IS_ASCII(text):
        return _no_date
    data = <const uint8_t*>PyUnicode_DATA(text)
    if data[4] != c"-" or data[7] != c"-":
        return _no_date
    century, year, month, day = _two(data), _two(data + 2), _two(data + 5), _two(data + 8)
    if century < 0 or year < 0 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return _no_date
    # Years begin in March, so that a leap day is the last one of its year.
    year = 100 * century + year + 400 - (month <= 2)
    era = year // 400
    year -= 400 * era
    day_of_year = (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1
    days = (era - 1) * 146097.0 + year * 365 + year // 4 - year // 100 + day_of_year - 719468
    if len(text) >= 16 and (data[10] == c"T" or data[10] == c" ") and data[13] == c":":
        hour, minute = _two(data + 11), _two(data + 14)
        if 0 <= hour < 24 and 0 <= minute < 60:
            days += (hour * 60 + minute) / 1440.0
    return days


cdef int _add_date(_Found to, str name, uint32_t state, str text) except -1:
    """Whether a date lies before the call or after it: by days where it has no time, by minutes where it has one."""
    cdef double days = _date_of(text), now = to.now / 86400.0
    if days == _no_date:
        return 0
    if to.now > 0.0:
        if days == floor(days):
            now = floor(now)
        if days < now:
            _add(to, name, state, b"past")
        elif days > now:
            _add(to, name, state, b"future")
    if len(to.dates) < _COMPARED and name[len(name) - 1:] != "]":
        to.dates.append((name, state, days))
    return 0


cdef int _add_number(_Found to, str name, uint32_t state, item) except -1:
    cdef double value, time
    if item < 0:
        _add(to, name, state, b"negative")
    elif not item:
        _add(to, name, state, b"value:0")
    if -_largest < item < _largest:
        value = item
        time = value if value < _most_time else value / 1000.0
        if to.now > 0.0 and _least_time <= time < _most_time:
            _add(to, name, state, b"past" if time < to.now else b"future")
        _measure(to, name, state, value, b"above:", b"below:")
        if len(to.numbers) < _COMPARED and name[len(name) - 1:] != "]":
            to.numbers.append((name, state, value))
    _add(to, name, state, b"whole" if item == int(item) else b"fraction")
    return 0


cdef int _compare(_Found to, list several, bytes sort) except -1:
    """Which of two numbers, or dates, is above the other one."""
    cdef Py_ssize_t i, j
    cdef double one, other
    for i in range(len(several)):
        for j in range(i):
            one, other = several[i][2], several[j][2]
            if one > other:
                _add_text(to, several[i][0], several[i][1], sort, several[j][0])
            elif other > one:
                _add_text(to, several[j][0], several[j][1], sort, several[i][0])
    return 0


cdef bint _lacks(dict arguments, str name):
    """Whether the object that this name leads into is given, and lacks its last part."""
    cdef list parts = name.split(".")
    cdef object at = arguments
    cdef Py_ssize_t i
    for i in range(len(parts) - 1):
        if not isinstance(at, dict):
            return False
        at = (<dict>at).get(parts[i])
    return len(parts) > 1 and isinstance(at, dict) and parts[len(parts) - 1] not in <dict>at


cdef int _add_forms_of_text(_Found to, str name, uint32_t state, str whole) except -1:
    cdef Py_ssize_t length = len(whole), spaces = 0
    cdef str text = whole if length <= _CHARS else whole[:_CHARS]
    cdef Py_UCS4 one
    cdef int has, i
    if not length:
        _add(to, name, state, b"empty")
        return 0
    if PyUnicode_IS_ASCII(text):
        has = _ascii_has(<const uint8_t*>PyUnicode_DATA(text), len(text), &spaces)
    else:
        has = _other_has(text, &spaces)
    if length <= _VALUE_CHARS and _is_word(text):
        _add_text(to, name, state, b"value:", text.lower())
    _add_date(to, name, state, text)
    one = text[0]
    if Py_UNICODE_ISALPHA(one):
        _add(to, name, state, b"first:A" if Py_UNICODE_ISUPPER(one) else b"first:a")
    elif Py_UNICODE_ISDIGIT(one):
        _add(to, name, state, b"first:0")
    else:
        _add_text(to, name, state, b"first:", chr(one))
    if length <= _CHARS:
        one = text[length - 1]
        if not Py_UNICODE_ISALNUM(one):
            _add_text(to, name, state, b"last:", chr(one))
    for i in range(6):
        if has >> i & 1:
            _add(to, name, state, <bytes>_has[i])
    _measure(to, name, state, <double>length, b"longer:", b"shorter:")
    _add_with(to, name, state, b"words:", _bucket(spaces + 1))
    _add_with(to, name, state, b"length:", _bucket(length))
    return 0


cdef int _measure_value(_Found to, str name, item) except -1:
    if isinstance(item, str):
        if item:
            _measure(to, name, _of_name(name), <double>len(<str>item), b"longer:", b"shorter:")
    elif isinstance(item, (int, float)):
        if not isinstance(item, bool) and -_largest < item < _largest:
            _measure(to, name, _of_name(name), item, b"above:", b"below:")
    elif isinstance(item, list):
        _measure(to, name, _of_name(name), <double>len(<list>item), b"more:", b"fewer:")
    return 0


cdef int _add_forms(_Found to, str name, item) except -1:
    cdef uint32_t state
    if to.only_measured:
        return _measure_value(to, name, item)
    state = _of_name(name)
    if isinstance(item, str):
        _add_forms_of_text(to, name, state, <str>item)
    elif isinstance(item, bool):
        _add(to, name, state, b"value:true" if item else b"value:false")
    elif isinstance(item, (int, float)):
        _add_number(to, name, state, item)
    elif isinstance(item, list):
        _measure(to, name, state, <double>len(<list>item), b"more:", b"fewer:")
        _add_with(to, name, state, b"items:", _bucket(len(<list>item)))
    elif item is None:
        _add(to, name, state, b"null")
    else:
        _add(to, name, state, b"object" if item else b"empty")
    return 0


cdef int _look(_Found to, dict arguments, names) except -1:
    cdef str name
    cdef list stack
    cdef int left = _LEAVES
    to.met = Met()
    to.numbers, to.dates = [], []
    for name in names:
        if name not in arguments and ("." not in name or _lacks(arguments, name)):
            _add(to, name, _of_name(name), b"absent")
    stack = list(arguments.items())
    stack.reverse()
    while stack and left:
        name, item = stack.pop()
        _add_forms(to, name, item)
        if to.met.count >= _MOST:
            break
        if isinstance(item, dict):
            inner = [(f"{name}.{key}", value) for key, value in list((<dict>item).items())[:_LEAVES]]
            inner.reverse()
            stack.extend(inner)
        elif isinstance(item, list):
            stack.extend([(f"{name}[]", value) for value in reversed((<list>item)[:2])])
        left -= 1
    if to.only_measured:
        return _LEAVES - left
    _compare(to, to.numbers, b"over:")
    _compare(to, to.dates, b"after:")
    return 0


def conditions_of(dict arguments not None, names not None, bytes cuts not None=b"", double now=0.0):
    """The conditions that arguments meet, each once, the most telling of a value first.

    ``names`` may be expected: a name with points is one inside of objects. ``cuts`` are numbers that tell calls apart,
    each with the hash of its condition; ``now`` is the time of the call in seconds, 0 where times are not looked at.
    ValueError for what are no whole cuts, and for more than 256 conditions.

    Of the first 16 values, those inside of objects and of the first two items of lists too; of a text the first 400
    characters. No further value is looked at once there are 80.
    """
    cdef _Found found = _found(cuts, now)
    _look(found, arguments, names)
    return found.met


cdef _Found _found(bytes cuts, double now):
    cdef _Found found = _Found()
    if len(cuts) % _CUT:
        raise ValueError("these are no whole cuts")
    found.cuts, found.now = cuts, now
    return found


def measure(dict arguments not None):
    """Numbers, numbers of items and lengths in the arguments: the hashes of being above and below a cut, the number.

    Of the same values as ``conditions_of``.
    """
    cdef _Found found = _found(b"", 0.0)
    found.measured, found.only_measured = [], True
    if _look(found, arguments, ()) > _FEW:
        # How many conditions there are, and so how far is looked, is not known without them.
        found.measured, found.only_measured = [], False
        _look(found, arguments, ())
    return found.measured


def add_names(list names not None, dict arguments not None, Py_ssize_t most, Py_ssize_t most_inner, Py_ssize_t longest):
    """Add names of arguments that are new, ``most`` in all, and of what is inside of objects while there are fewer
    than ``most_inner``. None is added that has more characters than ``longest``.
    """
    cdef str name, inner
    cdef list new
    for name in arguments:
        if len(names) < most and len(name) <= longest and name not in names:
            names.append(name)
    if len(names) >= most_inner:
        return
    for name, value in arguments.items():
        if isinstance(value, dict):
            new = []
            for key in list(<dict>value)[:most]:
                inner = f"{name}.{key}"
                if len(inner) <= longest and inner not in names:
                    new.append(inner)
            names.extend(new[: max(0, most_inner - <Py_ssize_t>len(names))])


def spell(uint32_t condition, dict arguments not None, names not None, bytes cuts not None=b"", double now=0.0):
    """The argument's name and the form of one of these conditions. KeyError where it is none of them."""
    cdef _Found found = _found(cuts, now)
    found.wanted = condition
    _look(found, arguments, names)
    if found.spelled is None:
        raise KeyError(condition)
    return found.spelled
