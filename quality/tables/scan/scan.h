/* One pass over a delimited text: its records, and the content of each column. scan.pyi describes the result. */
#ifndef WINNOW_SCAN_H
#define WINNOW_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define IS_DIGIT(c) ((uint8_t)((c) - '0') < 10)
#define IS_LETTER(c) ((uint8_t)(((c) | 32) - 'a') < 26)

/* The classes of cells. Their names for Python are in module.c, in the same order. */
enum {
    BLANK, MISSING,
    /* 12 | 012 | 1.5 | 1,5 | 1.234 (or 1234) | 1,234 (or 1234) | 1,234.5 | 1.234,5 | 1 234 | $1.5 | 1,5 % | (12) | 12 kg */
    INTEGER, ZERO_LED, POINT, COMMA, POINT_OR_GROUP, COMMA_OR_GROUP, GROUP_POINT, GROUP_COMMA, GROUP_BOTH,
    DECORATED_POINT, DECORATED_COMMA, DECORATED_BOTH, WITH_UNIT,
    /* 2024-03-01 | 2024-03-01T10:00 | 2024/03/01 | 2024.03.01 | 13/02/2024 | 02/13/2024 | 01/02/2024 | 13.02.2024 ... */
    ISO_DATE, ISO_TIME, YEAR_SLASH, YEAR_DOT, SLASH_DMY, SLASH_MDY, SLASH_EITHER, DOT_DMY,
    DASH_DMY, DASH_MDY, DASH_EITHER, SHORT_SLASH_DMY, SHORT_SLASH_MDY, SHORT_SLASH_EITHER, SHORT_DOT_DMY,
    MONTH_DASH_SHORT, MONTH_DASH, MONTH_SPACE, LOCAL_TIME, CLOCK, NO_SUCH_DATE,
    /* A12 | words */
    TEXT_WITH_DIGITS, TEXT,
    CLASSES
};

/* Oddities of a cell, independent of its class. */
enum { ODD_PADDED, ODD_BREAK, ODD_MOJIBAKE, ODD_EMAIL, ODD_IBAN, ODD_PHONE, ODD_EPOCH, ODD_FORMULA, ODD_ERROR, ODD_LOST, ODDITIES };

typedef struct {
    uint8_t class_id;
    uint16_t odd;          /* bits of the oddities above */
    double value[2];       /* value of a number, read with a decimal point and with a decimal comma */
    int32_t day[2];        /* a date as yyyymmdd, read day first and month first */
} Cell;

typedef struct { uint32_t *at; uint32_t held, room; uint64_t count; } Places;
/* Number of occurrences, and the first lines. */

typedef struct {
    uint64_t hash;
    uint32_t count, text_at;
    uint16_t text_bytes, odd;
    uint8_t class_id;
} Known;                   /* A value that occurred before, with its class. */

typedef struct { char *bytes; size_t used, room; } Arena;

typedef struct {
    uint64_t hash;
    Places places;
    uint32_t text_at;
    uint16_t text_bytes;
    uint8_t class_id;
} Token;                   /* A cell that is no plain number or date: its text, number and lines. */

typedef struct {
    Places class_places[CLASSES];
    Places odd_places[ODDITIES];
    double low[2], high[2];
    int32_t first_day[2], last_day[2];
    uint32_t shortest, longest;         /* in characters, of cells that are not blank */
    uint64_t content;                   /* digest of all cells in their order */
    uint32_t digits[20];                /* number of integers by their number of digits */
    double last;
    int is_rising;                      /* all are integers, each greater than the one before, so all differ */
    Known *known; uint32_t known_slots, known_used; Arena texts;
    Token *tokens; uint32_t token_count, token_room; uint64_t tokens_beyond; int has_no_tokens; Arena token_texts;
    uint8_t *registers;                 /* HyperLogLog, once there are too many values to count exactly */
    char **sample; uint32_t *sample_bytes; uint32_t sampled; uint64_t voters, next_sampled; double sample_w; uint64_t rng;
} Column;

typedef struct { const uint8_t *at; size_t bytes; } Span;

typedef struct {
    uint8_t delimiter, quote, escape; int has_escape, has_quote;
    uint32_t width, expected, places;      /* number of columns that are profiled, and number that a row should have */ uint64_t skip, record, line, record_lines;
    size_t longest_record;
    uint8_t *carry; size_t carried, carry_room;
    Span *cells; uint32_t cells_room; uint32_t cell_count, cells_beyond;
    Arena scratch;
    uint8_t null_first[256]; uint64_t null_lengths; Span *nulls; uint32_t null_count; Arena null_texts;
    Column *columns;
    uint64_t rows, crlf, lf, cr, duplicates_upto;
    Places blank_rows, short_rows, long_rows, duplicate_rows, stray_quotes, open_quotes, long_records;
    uint64_t *row_hashes, row_slots, row_used;
    uint32_t *widths, widths_held, widths_room;   /* only the widths of this many records are wanted */
    int is_dropping;                    /* inside a record that is too long to read */
    int is_failed;                      /* out of memory */
} Scan;

uint64_t hash_bytes(const uint8_t *s, size_t n);
int read_date(const uint8_t *s, size_t n, Cell *cell);     /* return whether it is a date; set day and class of the cell */
void classify(const Scan *scan, const uint8_t *s, size_t n, Cell *cell);
void note(Scan *scan, Places *places, uint64_t line);
void column_start(Column *column, uint64_t seed);
void column_add(Scan *scan, Column *column, const uint8_t *s, size_t n, uint64_t line, uint64_t *row_hash);
double column_distinct(const Column *column, int *is_exact);
void column_free(Column *column);
long arena_add(Scan *scan, Arena *arena, const void *bytes, size_t n);
size_t read_records(Scan *scan, const uint8_t *buffer, size_t bytes, int is_last);

#endif
