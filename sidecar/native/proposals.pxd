from sidecar.native.seen cimport Seen

cpdef bytes turn(Seen view)
