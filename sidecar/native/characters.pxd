# Characters told apart as Python's ``re`` does: a letter of a word is ``str.isalnum`` or an underscore, a space
# ``str.isspace``. ASCII, nearly all there is, without a call.

cdef extern from "Python.h":
    bint Py_UNICODE_ISSPACE(Py_UCS4 one) noexcept nogil
    bint Py_UNICODE_ISALNUM(Py_UCS4 one) noexcept nogil


cdef inline bint is_ascii_digit(Py_UCS4 one) noexcept nogil:
    return c"0" <= one <= c"9"


cdef inline bint joins(Py_UCS4 one) noexcept nogil:
    """Whether it is a letter of a word."""
    if one < 128:
        return c"a" <= one <= c"z" or c"A" <= one <= c"Z" or c"0" <= one <= c"9" or one == c"_"
    return Py_UNICODE_ISALNUM(one)


cdef inline bint is_space(Py_UCS4 one) noexcept nogil:
    if one < 128:
        return one == 32 or 9 <= one <= 13 or 28 <= one <= 31
    return Py_UNICODE_ISSPACE(one)


cdef inline bint parts(Py_UCS4 one) noexcept nogil:
    """Whether names end there: a space, a quote, a bracket."""
    return one in (
        c"'", c'"', c"`", c"(", c")", c"[", c"]", c"{", c"}", c"<", c">", c",", c";", c"=", c"|",
        0x2018, 0x2019, 0x201C, 0x201D,
    ) or is_space(one)


cdef inline bint stops(Py_UCS4 one) noexcept nogil:
    """Whether it may stand around a name and is no part of it."""
    return one in (c".", c":", c"!", c"?", c"*")
