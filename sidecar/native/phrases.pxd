cdef double sum_of_marks(bytearray weights, bytes words, tuple scopes, bytes forms, int quoting) except? -1.0
cdef bint mean_of_words(
    bytearray failures, bytearray successes, bytes words, double prior, double rest, double* mean
) except -1
cdef int count_new(bytearray word_bits, bytearray pair_bits, bytes words, bint note, int* pairs) except -1
cpdef list standing(bits, bytes words, bint wanted, int most)
