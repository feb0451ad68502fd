/* Split a delimited text into records as Python's csv module does (not strict, quotes doubled). */
#include "scan.h"
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MOST_CELLS 1000000
#define MOST_SWALLOWED 20
#define MOST_ROWS_COMPARED (1u << 23)

static void add_cell(Scan *scan, const uint8_t *at, size_t bytes) {
    if (scan->cell_count == scan->cells_room) {
        if (scan->cells_room >= MOST_CELLS) { scan->cells_beyond++; return; }
        uint32_t room = scan->cells_room ? 2 * scan->cells_room : 64;
        Span *cells = realloc(scan->cells, room * sizeof *cells);
        if (!cells) { scan->is_failed = 1; return; }
        scan->cells = cells, scan->cells_room = room;
    }
    scan->cells[scan->cell_count++] = (Span){at, bytes};
}

/* The end of an unquoted cell: a delimiter or a line end. */
static const uint8_t *cell_end(const Scan *scan, const uint8_t *p, const uint8_t *end) {
    const uint8_t delimiter = scan->delimiter;
#ifdef __SSE2__
    const __m128i d = _mm_set1_epi8((char)delimiter), lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    for (; p + 16 <= end; p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)p);
        int hits = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, d),
                                                  _mm_or_si128(_mm_cmpeq_epi8(block, lf), _mm_cmpeq_epi8(block, cr))));
        if (hits) return p + __builtin_ctz((unsigned)hits);
    }
#endif
    while (p < end && *p != delimiter && *p != '\n' && *p != '\r') p++;
    return p;
}

/* Read a cell that must be rewritten: doubled quotes, escapes, text after a closing quote. Its bytes go to the
   scratch arena, as an offset. Return its end, or NULL if the buffer ends first. */
static const uint8_t *rewritten(Scan *scan, const uint8_t *p, const uint8_t *end, int is_last, int *is_open, int *is_stray,
                                size_t *offset, size_t *bytes) {
    int in_quotes = 0, was_quoted = 0;
    *offset = scan->scratch.used;
    const uint8_t *from = p;
    for (; p < end; p++) {
        uint8_t c = *p;
        if (scan->has_escape && c == scan->escape) {
            if (p + 1 >= end) { if (!is_last) return NULL; break; }
            arena_add(scan, &scan->scratch, ++p, 1);
        } else if (in_quotes) {
            if (c != scan->quote) { arena_add(scan, &scan->scratch, p, 1); continue; }
            if (p + 1 >= end && !is_last) return NULL;
            if (p + 1 < end && p[1] == scan->quote) arena_add(scan, &scan->scratch, p++, 1);
            else in_quotes = 0;
        } else if (c == scan->delimiter || c == '\n' || c == '\r') break;
        else if (scan->has_quote && c == scan->quote && p == from) in_quotes = was_quoted = 1;
        else {
            *is_stray |= was_quoted || (scan->has_quote && c == scan->quote);
            arena_add(scan, &scan->scratch, p, 1);
        }
    }
    if (p >= end && !is_last) return NULL;
    *is_open = in_quotes;
    *bytes = scan->scratch.used - *offset;
    return p;
}

static void compare_row(Scan *scan, uint64_t hash) {
    if (scan->row_used >= MOST_ROWS_COMPARED) return;
    if (2 * scan->row_used >= scan->row_slots) {
        uint64_t slots = scan->row_slots ? 2 * scan->row_slots : 1024, *fresh = calloc(slots, sizeof *fresh);
        if (!fresh) { scan->is_failed = 1; return; }
        for (uint64_t i = 0; i < scan->row_slots; i++) {
            uint64_t old = scan->row_hashes[i];
            if (!old) continue;
            uint64_t j = old & (slots - 1);
            while (fresh[j]) j = (j + 1) & (slots - 1);
            fresh[j] = old;
        }
        free(scan->row_hashes);
        scan->row_hashes = fresh, scan->row_slots = slots;
    }
    hash |= !hash;
    uint64_t mask = scan->row_slots - 1, i = hash & mask;
    for (; scan->row_hashes[i]; i = (i + 1) & mask)
        if (scan->row_hashes[i] == hash) { note(scan, &scan->duplicate_rows, scan->line); return; }
    scan->row_hashes[i] = hash;
    scan->row_used++;
    scan->duplicates_upto = scan->rows;
}

static void take_record(Scan *scan) {
    if (scan->record++ < scan->skip) return;
    uint32_t n = scan->cell_count;
    int is_blank = 1;
    if (scan->widths && scan->widths_held >= scan->widths_room) return;
    for (uint32_t i = 0; i < n && is_blank; i++)
        for (size_t j = 0; j < scan->cells[i].bytes && is_blank; j++) is_blank = scan->cells[i].at[j] <= ' ';
    if (scan->widths) { scan->widths[scan->widths_held++] = is_blank ? 0 : n; return; }
    scan->rows++;
    if (is_blank && scan->width != 1) { note(scan, &scan->blank_rows, scan->line); return; }
    if (n > scan->expected || scan->cells_beyond) note(scan, &scan->long_rows, scan->line);
    else if (n < scan->expected && !(is_blank && scan->width == 1)) note(scan, &scan->short_rows, scan->line);
    uint64_t row_hash = 0x243F6A8885A308D3ULL;
    for (uint32_t i = 0; i < scan->width; i++) {
        if (i < n) column_add(scan, scan->columns + i, scan->cells[i].at, scan->cells[i].bytes, scan->line, &row_hash);
        else column_add(scan, scan->columns + i, (const uint8_t *)"", 0, scan->line, &row_hash);
    }
    if (!is_blank) compare_row(scan, row_hash ^ row_hash >> 32);
}

static uint64_t lines_in(const uint8_t *s, size_t n) {
    uint64_t lines = 0;
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n' || (s[i] == '\r' && !(i + 1 < n && s[i + 1] == '\n'))) lines++;
    return lines;
}

/* Skip to the end of the line, because the record is too long to keep. */
static const uint8_t *dropped(Scan *scan, const uint8_t *p, const uint8_t *end) {
    const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf) return end;
    scan->is_dropping = 0, scan->line++;
    return lf + 1;
}

/* Read the complete records of the buffer; return their length in bytes. */
size_t read_records(Scan *scan, const uint8_t *buffer, size_t bytes, int is_last) {
    if (!bytes) return 0;                               /* an empty block may have no address */
    const uint8_t *p = buffer, *end = buffer + bytes;
    while (p < end && !scan->is_failed && !(scan->widths && scan->widths_held >= scan->widths_room)) {
        if (scan->is_dropping) { p = dropped(scan, p, end); continue; }
        const uint8_t *start = p;
        int is_open = 0, is_stray = 0, has_quotes = 0;
        scan->cell_count = scan->cells_beyond = 0, scan->scratch.used = 0;
        for (;;) {
            if (p >= end) { if (!is_last) goto wait; add_cell(scan, p, 0); break; }
            if ((scan->has_quote && *p == scan->quote) || scan->has_escape) {
                const uint8_t *close = NULL;
                has_quotes = 1;
                if (!scan->has_escape) close = memchr(p + 1, scan->quote, (size_t)(end - p - 1));
                if (close && close + 1 < end && (close[1] == scan->delimiter || close[1] == '\n' || close[1] == '\r')) {
                    add_cell(scan, p + 1, (size_t)(close - p - 1));
                    p = close + 1;
                } else {
                    size_t offset = 0, size = 0;
                    p = rewritten(scan, p, end, is_last, &is_open, &is_stray, &offset, &size);
                    if (!p) goto wait;
                    /* Stored as an offset for now, because the arena may move. No cell is in the first page of memory. */
                    add_cell(scan, (const uint8_t *)(uintptr_t)(offset + 1), size | (size_t)1 << 62);
                }
            } else {
                const uint8_t *stop = cell_end(scan, p, end);
                if (stop >= end && !is_last) goto wait;
                add_cell(scan, p, (size_t)(stop - p));
                p = stop;
            }
            if (p >= end) break;
            if (*p != scan->delimiter) break;
            p++;
        }
        if (p < end && *p == '\r' && p + 1 >= end && !is_last) goto wait;
        if (has_quotes)
            for (uint32_t i = 0; i < scan->cell_count; i++) {
                Span *cell = scan->cells + i;
                if (!(cell->bytes >> 62 & 1)) continue;
                size_t size = cell->bytes & ~((size_t)1 << 62), offset = (uintptr_t)cell->at - 1;
                *cell = (Span){size ? (const uint8_t *)scan->scratch.bytes + offset : (const uint8_t *)"", size};
            }
        const uint8_t *stop = p;
        uint64_t ends = 0;
        if (p < end) {
            if (*p == '\n') scan->lf++, p++;
            else if (p + 1 < end && p[1] == '\n') scan->crlf++, p += 2;
            else scan->cr++, p++;
            ends = 1;
        }
        /* An empty line has no cells. */
        if (scan->cell_count == 1 && !scan->cells[0].bytes && !has_quotes) scan->cell_count = 0;
        if (is_open) note(scan, &scan->open_quotes, scan->line);
        if (is_stray) note(scan, &scan->stray_quotes, scan->line);
        scan->record_lines = has_quotes ? lines_in(start, (size_t)(stop - start)) : 0;
        take_record(scan);
        scan->line += ends + scan->record_lines;
        continue;
    wait:
        if ((size_t)(end - start) > scan->longest_record) {
            /* Too long for a row: the text after an unclosed quote, or a file without line ends. */
            note(scan, scan->has_quote && has_quotes ? &scan->open_quotes : &scan->long_records, scan->line);
            if (scan->open_quotes.count > MOST_SWALLOWED) {
                /* Skip one line and read the rest again, but only a limited number of times, so that the time is bounded. */
                scan->line += lines_in(start, (size_t)(end - start));
                p = end;
                continue;
            }
            scan->is_dropping = 1;
            p = start;
            continue;
        }
        return (size_t)(start - buffer);
    }
    return (size_t)(p - buffer);
}
