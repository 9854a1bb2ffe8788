"""Inline leaves of the scanners: character classes and numbers. No state, no Python objects.

The tables are RFC 9110 §5.6.2 (tchar), §5.5 (field values) and RFC 5234 (HEXDIG), one entry a byte, sixteen a line.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    #include <string.h>
    /* One byte a character: bit 0 = tchar, bit 1 = allowed in a field value (HTAB, SP, VCHAR, obs-text). */
    #define CYHX_TCHAR 1
    #define CYHX_VALUE 2
    static const unsigned char cyhx_class[256] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        2, 3, 2, 3, 3, 3, 3, 3, 2, 2, 3, 3, 2, 3, 3, 2,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2,
        2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 3, 3,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
        3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 2, 3, 0,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    };
    /* The value of a hexadecimal digit, -1 for anything else. */
    static inline int cyhx_hex(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }
    /* Length of the run of token characters at p. */
    static inline Py_ssize_t cyhx_token(const char *p, Py_ssize_t n) {
        Py_ssize_t i = 0;
        while (i < n && (cyhx_class[(unsigned char)p[i]] & CYHX_TCHAR)) i++;
        return i;
    }
    /* Whether all of p may stand in a field value: an AND over the classes, no early exit (values are short and nearly always good). */
    static inline int cyhx_is_value(const char *p, Py_ssize_t n) {
        unsigned char all = CYHX_VALUE;
        Py_ssize_t i;
        for (i = 0; i < n; i++) all &= cyhx_class[(unsigned char)p[i]];
        return all != 0;
    }
    /* ASCII case-insensitive comparison with a lower-case word. */
    static inline int cyhx_is_word(const char *p, const char *word, Py_ssize_t n) {
        Py_ssize_t i;
        for (i = 0; i < n; i++) {
            char c = p[i];
            if (c >= 'A' && c <= 'Z') c |= 0x20;
            if (c != word[i]) return 0;
        }
        return 1;
    }
    static inline int cyhx_ows(char c) { return c == ' ' || c == '\\t'; }
    """
    Py_ssize_t cyhx_token(const char* p, Py_ssize_t n) noexcept nogil
    bint cyhx_is_value(const char* p, Py_ssize_t n) noexcept nogil
    bint cyhx_is_word(const char* p, const char* word, Py_ssize_t n) noexcept nogil
    bint cyhx_ows(char c) noexcept nogil
    int cyhx_hex(char c) noexcept nogil


cdef inline int64_t decimal(const char* p, Py_ssize_t n) noexcept nogil:
    """1*DIGIT as a number up to 2**63-1; -1 if it is anything else."""
    cdef uint64_t value = 0
    cdef Py_ssize_t i
    cdef unsigned char digit
    if n == 0:
        return -1
    for i in range(n):
        digit = <unsigned char>(p[i] - 48)
        if digit > 9:
            return -1
        # 922337203685477580 * 10 + 7 is 2**63-1: the test before the step is what keeps it from wrapping.
        if value > 922337203685477580ULL or (value == 922337203685477580ULL and digit > 7):
            return -1
        value = value * 10 + digit
    return <int64_t>value


cdef inline bint is_named(const char* p, Py_ssize_t n, const char* word, Py_ssize_t word_n) noexcept nogil:
    return n == word_n and cyhx_is_word(p, word, n)
