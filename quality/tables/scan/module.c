/* The Python interface: Scanner and widths. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "scan.h"
#include <stdlib.h>
#include <string.h>

static const char *CLASS_NAMES[CLASSES] = {
    "blank", "missing", "integer", "zero_led", "point", "comma", "point_or_group", "comma_or_group", "group_point",
    "group_comma", "group_both", "decorated_point", "decorated_comma", "decorated_both", "with_unit",
    "iso_date", "iso_time", "year_slash", "year_dot", "slash_dmy", "slash_mdy", "slash_either", "dot_dmy",
    "dash_dmy", "dash_mdy", "dash_either", "short_slash_dmy", "short_slash_mdy", "short_slash_either", "short_dot_dmy",
    "month_dash_short", "month_dash", "month_space", "local_time", "clock", "no_such_date",
    "text_with_digits", "text",
};
static const char *ODD_NAMES[ODDITIES] = {
    "padded", "line_break", "mojibake", "email", "iban", "phone", "epoch", "formula", "error", "lost",
};

typedef struct { PyObject_HEAD Scan scan; int is_finished; } Scanner;

static int one_byte(PyObject *value, const char *name, uint8_t *byte) {      /* -1 on error, 0 for None, 1 */
    if (value == Py_None) return 0;
    if (!PyBytes_Check(value) || PyBytes_GET_SIZE(value) != 1) {
        PyErr_Format(PyExc_ValueError, "%s must be one byte or None", name);
        return -1;
    }
    *byte = (uint8_t)PyBytes_AS_STRING(value)[0];
    return 1;
}

static int is_line_end(uint8_t c) { return c == '\n' || c == '\r'; }

static int set_dialect(Scan *scan, PyObject *delimiter, PyObject *quote, PyObject *escape) {
    int found = one_byte(delimiter, "delimiter", &scan->delimiter);
    if (found < 0) return -1;
    if (!found) scan->delimiter = 0x1F;                 /* a character that no text contains: one column */
    if ((scan->has_quote = one_byte(quote, "quote", &scan->quote)) < 0) return -1;
    if ((scan->has_escape = one_byte(escape, "escape", &scan->escape)) < 0) return -1;
    /* A character may have only one role; otherwise the result would depend on where a block ends. A declared dialect may be wrong. */
    if (is_line_end(scan->delimiter)) scan->delimiter = 0x1F;
    if (scan->quote == scan->delimiter || is_line_end(scan->quote)) scan->has_quote = 0;
    if (scan->escape == scan->delimiter || is_line_end(scan->escape)) scan->has_escape = 0;
    if (scan->has_quote && scan->escape == scan->quote) scan->has_escape = 0;       /* quotes are doubled instead */
    scan->line = 1;
    return 0;
}

static int set_missing(Scan *scan, PyObject *missing) {
    PyObject *list = PySequence_Fast(missing, "missing must be a sequence of bytes");
    if (!list) return -1;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(list), *offsets = calloc((size_t)count + 1, sizeof *offsets);
    scan->nulls = calloc((size_t)count + 1, sizeof *scan->nulls);
    int is_good = offsets && scan->nulls;
    if (!is_good) PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count && is_good; i++) {
        PyObject *token = PySequence_Fast_GET_ITEM(list, i);
        if (!PyBytes_Check(token)) { PyErr_SetString(PyExc_TypeError, "missing must hold bytes"); is_good = 0; break; }
        size_t n = (size_t)PyBytes_GET_SIZE(token);
        if (!n || n > 40) continue;
        const char *bytes = PyBytes_AS_STRING(token);
        offsets[scan->null_count] = arena_add(scan, &scan->null_texts, bytes, n);
        scan->nulls[scan->null_count++].bytes = n;
        scan->null_first[(uint8_t)*bytes] = 1, scan->null_lengths |= 1ULL << n;
    }
    for (uint32_t i = 0; i < scan->null_count; i++) scan->nulls[i].at = (const uint8_t *)scan->null_texts.bytes + offsets[i];
    free(offsets);
    Py_DECREF(list);
    return is_good ? 0 : -1;
}

static void scan_free(Scan *scan) {
    Places *all[] = {&scan->blank_rows, &scan->short_rows, &scan->long_rows, &scan->duplicate_rows, &scan->stray_quotes,
                     &scan->open_quotes, &scan->long_records};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]->at);
    for (uint32_t i = 0; scan->columns && i < scan->width; i++) column_free(scan->columns + i);
    free(scan->columns), free(scan->carry), free(scan->cells), free(scan->scratch.bytes), free(scan->row_hashes);
    free(scan->nulls), free(scan->null_texts.bytes), free(scan->widths);
    memset(scan, 0, sizeof *scan);
}

static int scanner_init(Scanner *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"delimiter", "quote", "escape", "width", "skip", "places", "missing", "longest_record", "expected", NULL};
    PyObject *delimiter, *quote, *escape, *missing;
    unsigned int width, expected = 0, places = 100;
    unsigned long long skip = 0, longest = 8 << 20;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOIKIO|KI", names, &delimiter, &quote, &escape, &width, &skip, &places,
                                     &missing, &longest, &expected)) return -1;
    if (width < 1 || width > 1000000) { PyErr_SetString(PyExc_ValueError, "width must lie between 1 and 1,000,000"); return -1; }
    scan_free(&self->scan);
    Scan *scan = &self->scan;
    if (set_dialect(scan, delimiter, quote, escape) || set_missing(scan, missing)) return -1;
    scan->skip = skip, scan->places = places, scan->longest_record = longest;
    scan->columns = malloc(width * sizeof *scan->columns);
    if (!scan->columns) { PyErr_NoMemory(); return -1; }
    scan->width = width;
    scan->expected = expected ? expected : width;
    for (uint32_t i = 0; i < width; i++) column_start(scan->columns + i, i + 1);
    return 0;
}

static void scanner_dealloc(Scanner *self) { scan_free(&self->scan); Py_TYPE(self)->tp_free((PyObject *)self); }

static int failed(Scan *scan) {
    if (scan->is_failed) PyErr_NoMemory();
    return scan->is_failed;
}

/* Read a block after the rest of the previous one. */
static int feed(Scan *scan, const uint8_t *bytes, size_t n, int is_last) {
    if (!scan->carried) {
        size_t taken = read_records(scan, bytes, n, is_last);
        if (scan->is_failed) return -1;
        bytes += taken, n -= taken;
        if (is_last) n = 0;
    }
    size_t wanted = scan->carried + n;
    if (wanted > scan->carry_room) {
        uint8_t *carry = realloc(scan->carry, wanted + wanted / 2);
        if (!carry) { scan->is_failed = 1; return -1; }
        scan->carry = carry, scan->carry_room = wanted + wanted / 2;
    }
    int is_new = !scan->carried;
    if (n) memcpy(scan->carry + scan->carried, bytes, n);
    scan->carried = wanted;
    if (is_new && !is_last) return 0;                  /* as much of it as possible was read above */
    size_t taken = read_records(scan, scan->carry, scan->carried, is_last);
    scan->carried = is_last ? 0 : scan->carried - taken;
    if (taken && scan->carried) memmove(scan->carry, scan->carry + taken, scan->carried);
    return scan->is_failed ? -1 : 0;
}

static PyObject *scanner_feed(Scanner *self, PyObject *data) {
    Py_buffer view;
    if (self->is_finished) { PyErr_SetString(PyExc_ValueError, "this scanner has finished"); return NULL; }
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)) return NULL;
    feed(&self->scan, view.buf, (size_t)view.len, 0);
    PyBuffer_Release(&view);
    if (failed(&self->scan)) return NULL;
    Py_RETURN_NONE;
}

static PyObject *of_places(const Places *places) {
    PyObject *lines = PyList_New(places->held);
    for (uint32_t i = 0; lines && i < places->held; i++) {
        PyObject *line = PyLong_FromUnsignedLong(places->at[i]);
        if (!line) { Py_DECREF(lines); return NULL; }
        PyList_SET_ITEM(lines, i, line);
    }
    return lines ? Py_BuildValue("KN", (unsigned long long)places->count, lines) : NULL;
}

static int put(PyObject *dict, const char *key, PyObject *value) {
    int is_bad = !value || PyDict_SetItemString(dict, key, value);
    Py_XDECREF(value);
    return is_bad ? -1 : 0;
}

static PyObject *of_named(const Places *places, const char **names, int count) {
    PyObject *dict = PyDict_New();
    for (int i = 0; dict && i < count; i++)
        if (places[i].count && put(dict, names[i], of_places(places + i))) { Py_DECREF(dict); return NULL; }
    return dict;
}

static PyObject *text(const char *bytes, size_t n) { return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)n, "replace"); }

static int by_count(const void *a, const void *b) {
    const Known *one = *(Known *const *)a, *two = *(Known *const *)b;
    if (one->count != two->count) return one->count < two->count ? 1 : -1;
    return one->text_at < two->text_at ? -1 : one->text_at > two->text_at;
}

/* The values that occur more than once, the most frequent first, at most ten. */
static PyObject *of_frequent(const Column *column) {
    Known **chosen = malloc((column->known_slots + 1) * sizeof *chosen);
    uint32_t n = 0;
    if (!chosen) return PyErr_NoMemory();
    for (uint32_t i = 0; i < column->known_slots; i++) if (column->known[i].count > 1) chosen[n++] = column->known + i;
    qsort(chosen, n, sizeof *chosen, by_count);
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < n && i < 10; i++) {
        PyObject *pair = Py_BuildValue("NI", text(column->texts.bytes + chosen[i]->text_at, chosen[i]->text_bytes), chosen[i]->count);
        if (!pair || PyList_Append(list, pair)) Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    free(chosen);
    return list;
}

/* Cells that are no plain numbers or dates: text, class, number and first lines, in the order of occurrence. */
static PyObject *of_tokens(const Column *column) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i < column->token_count; i++) {
        const Token *token = column->tokens + i;
        PyObject *one = Py_BuildValue("NsN", text(column->token_texts.bytes + token->text_at, token->text_bytes),
                                      CLASS_NAMES[token->class_id], of_places(&token->places));
        if (!one || PyList_Append(list, one)) Py_CLEAR(list);
        Py_XDECREF(one);
    }
    return list;
}

static int by_value(const void *a, const void *b) {
    double one = *(const double *)a, two = *(const double *)b;
    return (one > two) - (one < two);
}

/* The quartiles of the numbers in the sample, read with a decimal point and with a comma; None without numbers. */
static PyObject *of_quartiles(const Scan *scan, const Column *column) {
    double *values = malloc((2 * (size_t)column->sampled + 2) * sizeof *values);
    uint32_t n = 0;
    if (!values) return PyErr_NoMemory();
    double *ways[] = {values, values + column->sampled};
    for (uint32_t i = 0; i < column->sampled; i++) {
        Cell cell;
        classify(scan, (const uint8_t *)column->sample[i], column->sample_bytes[i], &cell);
        if (cell.value[0] == cell.value[0]) ways[0][n] = cell.value[0], ways[1][n++] = cell.value[1];
    }
    if (!n) { free(values); Py_RETURN_NONE; }
    uint32_t at[] = {(n - 1) / 4, (n - 1) / 2, 3 * (n - 1) / 4};
    for (int way = 0; way < 2; way++) qsort(ways[way], n, sizeof *values, by_value);
    PyObject *pair = Py_BuildValue("(ddd)(ddd)", ways[0][at[0]], ways[0][at[1]], ways[0][at[2]],
                                   ways[1][at[0]], ways[1][at[1]], ways[1][at[2]]);
    free(values);
    return pair;
}

static PyObject *of_column(const Scan *scan, Column *column) {
    int is_exact;
    double distinct = column_distinct(column, &is_exact);
    char digest[17];
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)column->content);
    PyObject *dict = PyDict_New(), *sample = PyList_New(column->sampled);
    if (!dict || !sample) goto bad;
    for (uint32_t i = 0; i < column->sampled; i++) {
        PyObject *cell = text(column->sample[i], column->sample_bytes[i]);
        if (!cell) goto bad;
        PyList_SET_ITEM(sample, i, cell);
    }
    PyObject *digits = PyList_New(20);
    for (int i = 0; digits && i < 20; i++) PyList_SET_ITEM(digits, i, PyLong_FromUnsignedLong(column->digits[i]));
    if (put(dict, "digits", digits)
        || put(dict, "classes", of_named(column->class_places, CLASS_NAMES, CLASSES))
        || put(dict, "odd", of_named(column->odd_places, ODD_NAMES, ODDITIES))
        || put(dict, "low", Py_BuildValue("dd", column->low[0], column->low[1]))
        || put(dict, "high", Py_BuildValue("dd", column->high[0], column->high[1]))
        || put(dict, "first_day", Py_BuildValue("ii", column->first_day[0], column->first_day[1]))
        || put(dict, "last_day", Py_BuildValue("ii", column->last_day[0], column->last_day[1]))
        || put(dict, "shortest", PyLong_FromUnsignedLong(column->longest ? column->shortest : 0))
        || put(dict, "longest", PyLong_FromUnsignedLong(column->longest))
        || put(dict, "digest", PyUnicode_FromString(digest))
        || put(dict, "quartiles", of_quartiles(scan, column))
        || put(dict, "is_rising", PyBool_FromLong(column->is_rising && column->voters))
        || put(dict, "distinct", PyFloat_FromDouble(distinct))
        || put(dict, "is_exact", PyBool_FromLong(is_exact))
        || put(dict, "tokens", of_tokens(column))
        || put(dict, "are_all_tokens", PyBool_FromLong(!column->tokens_beyond && !column->has_no_tokens))
        || put(dict, "frequent", of_frequent(column))) goto bad;
    if (put(dict, "sample", sample)) { sample = NULL; goto bad; }
    return dict;
bad:
    Py_XDECREF(dict);
    Py_XDECREF(sample);
    return NULL;
}

static PyObject *scanner_finish(Scanner *self, PyObject *unused) {
    Scan *scan = &self->scan;
    if (self->is_finished) { PyErr_SetString(PyExc_ValueError, "this scanner has finished"); return NULL; }
    feed(scan, (const uint8_t *)"", 0, 1);
    self->is_finished = 1;
    if (failed(scan)) return NULL;
    PyObject *dict = PyDict_New(), *columns = PyList_New(scan->width);
    if (!dict || !columns) goto bad;
    for (uint32_t i = 0; i < scan->width; i++) {
        PyObject *column = of_column(scan, scan->columns + i);
        if (!column) goto bad;
        PyList_SET_ITEM(columns, i, column);
    }
    if (put(dict, "rows", PyLong_FromUnsignedLongLong(scan->rows))
        || put(dict, "crlf", PyLong_FromUnsignedLongLong(scan->crlf))
        || put(dict, "lf", PyLong_FromUnsignedLongLong(scan->lf))
        || put(dict, "cr", PyLong_FromUnsignedLongLong(scan->cr))
        || put(dict, "compared_rows", PyLong_FromUnsignedLongLong(scan->duplicates_upto))
        || put(dict, "blank_rows", of_places(&scan->blank_rows))
        || put(dict, "short_rows", of_places(&scan->short_rows))
        || put(dict, "long_rows", of_places(&scan->long_rows))
        || put(dict, "duplicate_rows", of_places(&scan->duplicate_rows))
        || put(dict, "stray_quotes", of_places(&scan->stray_quotes))
        || put(dict, "open_quotes", of_places(&scan->open_quotes))
        || put(dict, "long_records", of_places(&scan->long_records))) goto bad;
    if (put(dict, "columns", columns)) { columns = NULL; goto bad; }
    return dict;
bad:
    Py_XDECREF(dict);
    Py_XDECREF(columns);
    return NULL;
}

static PyMethodDef SCANNER_METHODS[] = {
    {"feed", (PyCFunction)scanner_feed, METH_O, "Read the next bytes of the text (UTF-8)."},
    {"finish", (PyCFunction)scanner_finish, METH_NOARGS, "Read what is left, and say what was found."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject ScannerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "quality.tables.scan.scan.Scanner",
    .tp_doc = "One pass over a delimited text.",
    .tp_basicsize = sizeof(Scanner),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)scanner_init,
    .tp_dealloc = (destructor)scanner_dealloc,
    .tp_methods = SCANNER_METHODS,
};

static PyObject *widths(PyObject *module, PyObject *args) {
    PyObject *delimiter, *quote, *escape;
    Py_buffer view;
    unsigned int most;
    Scan scan;
    memset(&scan, 0, sizeof scan);
    if (!PyArg_ParseTuple(args, "y*OOOI", &view, &delimiter, &quote, &escape, &most)) return NULL;
    PyObject *list = NULL;
    most = most < 1 ? 1 : most > 1000000 ? 1000000 : most;
    if (!set_dialect(&scan, delimiter, quote, escape)) {
        scan.longest_record = SIZE_MAX, scan.places = 1, scan.widths_room = most;
        scan.widths = malloc(most * sizeof *scan.widths);
        if (!scan.widths) PyErr_NoMemory();
        else {
            read_records(&scan, view.buf, (size_t)view.len, 1);
            list = failed(&scan) ? NULL : PyList_New(scan.widths_held);
            for (uint32_t i = 0; list && i < scan.widths_held; i++) PyList_SET_ITEM(list, i, PyLong_FromUnsignedLong(scan.widths[i]));
        }
    }
    scan_free(&scan);
    PyBuffer_Release(&view);
    return list;
}

static PyObject *look(PyObject *module, PyObject *arg) {
    Py_ssize_t n;
    const char *s = PyUnicode_AsUTF8AndSize(arg, &n);
    if (!s) return NULL;
    static Scan nothing;
    Cell cell;
    if (!n) return PyUnicode_FromString(CLASS_NAMES[BLANK]);
    classify(&nothing, (const uint8_t *)s, (size_t)n, &cell);
    return PyUnicode_FromString(CLASS_NAMES[cell.class_id]);
}

static PyMethodDef METHODS[] = {
    {"widths", widths, METH_VARARGS, "Cells of each record."},
    {"look", look, METH_O, "The class of one cell."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "scan", "One pass over a delimited text.", -1, METHODS};

PyMODINIT_FUNC PyInit_scan(void) {
    PyObject *module = PyModule_Create(&MODULE);
    if (!module || PyModule_AddType(module, &ScannerType)) { Py_XDECREF(module); return NULL; }
    return module;
}
