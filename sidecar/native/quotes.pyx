"""What stands inside of quotation marks of a text."""

from sidecar.native.characters cimport is_space

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, void* data, Py_ssize_t at)

cdef enum:
    _CHARS = 2000
    _DOUBLE = 1
    _SINGLE = 2
    _IN_SINGLE = 4
    _IN_DOUBLE = 8

QUOTED_CHARS = _CHARS
DOUBLE, SINGLE, IN_SINGLE, IN_DOUBLE = _DOUBLE, _SINGLE, _IN_SINGLE, _IN_DOUBLE


def quoting(str text not None):
    """Where spaces stand in the first 2,000 characters: 1 between double quotation marks, 2 between single ones, or both.

    4 is added for a space after a double mark that was opened inside of single ones, 8 for the other way round. Each
    mark opens or closes, whatever is around it: so does a program that puts the text into quotation marks of its own.
    After a mark that nothing closes there is no space between marks of that sort.
    """
    cdef Py_ssize_t size = min(len(text), <Py_ssize_t>_CHARS), i, double_at = 0, single_at = 0
    cdef int kind = PyUnicode_KIND(text), found = 0
    cdef void* data = PyUnicode_DATA(text)
    cdef Py_UCS4 one
    cdef bint double = False, single = False, space_double = False, space_single = False
    for i in range(size):
        one = PyUnicode_READ(kind, data, i)
        if one == c'"':
            if double and space_double:
                found |= _DOUBLE
            double, space_double, double_at = not double, False, i
        elif one == c"'":
            if single and space_single:
                found |= _SINGLE
            single, space_single, single_at = not single, False, i
        elif (double or single) and is_space(one):
            space_double = space_double or double
            space_single = space_single or single
            if double and single:
                found |= _IN_SINGLE if single_at < double_at else _IN_DOUBLE
    return found
