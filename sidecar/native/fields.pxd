# Fields of records (msgspec's structs) where they stand in memory: by their name, each takes ten times as long.
#
# A kernel asks once, for a class that it was told of, where a field stands; what is of any other class it reads by name.

from cpython.object cimport PyObject, PyObject_TypeCheck, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_DECREF

cdef extern from "Python.h":
    ctypedef struct PyMemberDef:
        int type
        Py_ssize_t offset
        int flags
    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member
    PyTypeObject PyMemberDescr_Type

cdef extern from "structmember.h":
    enum:
        T_OBJECT_EX


cdef inline Py_ssize_t place_of(object record, str name) except -1:
    """Where a field stands in records of a class, in bytes. TypeError where it is none that is kept as it is."""
    cdef object found = record.__dict__.get(name)
    cdef PyMemberDef* member
    if found is None or not PyObject_TypeCheck(found, &PyMemberDescr_Type):
        raise TypeError(f"{name} is no field")
    member = (<PyMemberDescrObject*>found).d_member
    if member.type != T_OBJECT_EX or member.flags:
        raise TypeError(f"{name} is no plain field")
    return member.offset


cdef inline PyObject** field(object record, Py_ssize_t place) noexcept:
    return <PyObject**>(<char*><PyObject*>record + place)


cdef inline object get(object record, Py_ssize_t place):
    """What stands there. AttributeError where nothing does."""
    cdef PyObject* found = field(record, place)[0]
    if found is NULL:
        raise AttributeError("a field is not set")
    return <object>found


cdef inline int put(object record, Py_ssize_t place, object value) except -1:
    """Put it there. Nothing that holds other objects: the collector of garbage is not told of it."""
    cdef PyObject** at = field(record, place)
    cdef PyObject* before = at[0]
    Py_INCREF(value)
    at[0] = <PyObject*>value
    if before is not NULL:
        Py_DECREF(<object>before)
    return 0
