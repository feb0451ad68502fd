/* libFuzzer calls the scanner as Python does. Text read in one piece and in small ones must come out the same.

   The first line of an input says how its text is read, so that a case is readable and a test can repeat it:
   delimiter, quote, escape (one character each, "N" for none), width, skip, places (base 36), and a size of pieces. */
#include "../../quality/tables/scan/module.c"
#include <stdio.h>

static PyObject *scanner_type, *scan_widths, *scan_look;

static void broke(const char *what) {
    if (PyErr_Occurred()) PyErr_Print();
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    Py_InitializeEx(0);
    PyObject *module = PyInit_scan();
    if (!module || PyType_Ready(&ScannerType)) broke("the module does not start");
    scanner_type = (PyObject *)&ScannerType;
    scan_widths = PyObject_GetAttrString(module, "widths");
    scan_look = PyObject_GetAttrString(module, "look");
    return 0;
}

static PyObject *byte_or_none(uint8_t c) {
    if (c == 'N') Py_RETURN_NONE;
    return PyBytes_FromStringAndSize((const char *)&c, 1);
}

static unsigned digit36(uint8_t c) { return IS_DIGIT(c) ? (unsigned)(c - '0') : IS_LETTER(c) ? (unsigned)((c | 32) - 'a' + 10) : 0; }

/* What the scanner finds in the text, given in pieces of so many bytes; 0: in one. */
static PyObject *found(const uint8_t *how, const uint8_t *text, size_t n, size_t piece, unsigned long long longest) {
    PyObject *scanner = PyObject_CallFunction(
        scanner_type, "NNNIKI[yyy]K", byte_or_none(how[0]), byte_or_none(how[1]), byte_or_none(how[2]), digit36(how[3]) + 1,
        (unsigned long long)digit36(how[4]), digit36(how[5]), "NA", "..", "-", longest);
    if (!scanner) broke("no scanner");
    for (size_t at = 0; at < n || !at;) {
        size_t size = piece && piece < n - at ? piece : n - at;
        PyObject *view = PyMemoryView_FromMemory((char *)text + at, (Py_ssize_t)size, PyBUF_READ);
        PyObject *done = PyObject_CallMethod(scanner, "feed", "N", view);
        if (!done) broke("feed failed");
        Py_DECREF(done);
        if (!(at += size)) break;
    }
    PyObject *out = PyObject_CallMethod(scanner, "finish", NULL);
    if (!out) broke("finish failed");
    Py_DECREF(scanner);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const uint8_t *line_end = memchr(data, '\n', bytes);
    if (!line_end || line_end - data < 7) return -1;
    const uint8_t *text = line_end + 1;
    size_t n = bytes - (size_t)(text - data);
    PyObject *whole = found(data, text, n, 0, 8 << 20);
    PyObject *parted = found(data, text, n, digit36(data[6]) + 1, 8 << 20);
    if (PyObject_RichCompareBool(whole, parted, Py_EQ) != 1) broke("in pieces the text is another");
    Py_DECREF(whole), Py_DECREF(parted);
    Py_DECREF(found(data, text, n, digit36(data[6]) + 1, 16));        /* records too long to be read */
    PyObject *view = PyMemoryView_FromMemory((char *)text, (Py_ssize_t)n, PyBUF_READ);
    PyObject *widths = PyObject_CallFunction(scan_widths, "NNNNI", view, byte_or_none(data[0]), byte_or_none(data[1]), byte_or_none(data[2]), 500);
    if (!widths) broke("widths failed");
    Py_DECREF(widths);
    PyObject *cell = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)n, "replace");
    PyObject *stripped = cell ? PyObject_CallMethod(cell, "strip", NULL) : NULL;
    PyObject *looked = stripped ? PyObject_CallOneArg(scan_look, stripped) : NULL;
    if (!looked) broke("look failed");
    Py_DECREF(looked), Py_DECREF(stripped), Py_DECREF(cell);
    return 0;
}
