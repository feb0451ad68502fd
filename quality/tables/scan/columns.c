/* The content of a column: counts, extremes, distinct values, a sample. Memory is bounded for any number of rows. */
#include "scan.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT 1024                 /* most distinct values that are counted exactly; more are estimated */
#define FREQUENT 96                /* the most frequent of those are still counted */
#define SAMPLE 1000
#define SAMPLE_BYTES 200           /* longest cell of the sample; longer ones are cut */
#define TEXT_BYTES 64
#define TOKENS 96                  /* different cells that are no plain numbers or dates, of a column of numbers or dates */
#define TOKEN_LINES 30
#define TOKEN_BYTES 80
#define REGISTER_BITS 12           /* HyperLogLog of 4,096 registers: a standard error of 1.6 % */
#define REGISTERS (1 << REGISTER_BITS)

static uint64_t mixed(uint64_t a, uint64_t b) {
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t eight(const uint8_t *s) { uint64_t v; memcpy(&v, s, 8); return v; }
static uint64_t four(const uint8_t *s) { uint32_t v; memcpy(&v, s, 4); return v; }

/* After wyhash (public domain): fixed keys, so that the same file gives the same estimates. */
uint64_t hash_bytes(const uint8_t *s, size_t n) {
    const uint64_t K0 = 0xa0761d6478bd642fULL, K1 = 0xe7037ed1a0b428dbULL, K2 = 0x8ebc6af09c88c6e3ULL;
    uint64_t a, b, h = K2 ^ n;
    if (n <= 16) {
        if (n >= 8) a = eight(s), b = eight(s + n - 8);
        else if (n >= 4) a = four(s), b = four(s + n - 4);
        else if (n) a = (uint64_t)s[0] << 16 | (uint64_t)s[n >> 1] << 8 | s[n - 1], b = 0;
        else a = b = 0;
    } else {
        size_t left = n;
        for (; left > 16; left -= 16, s += 16) h = mixed(eight(s) ^ K1, eight(s + 8) ^ h);
        a = eight(s + left - 16), b = eight(s + left - 8);
    }
    return mixed(K1 ^ n, mixed(a ^ K0, b ^ h) ^ K2);
}

void note(Scan *scan, Places *places, uint64_t line) {
    places->count++;
    if (places->held >= scan->places) return;
    if (places->held == places->room) {
        uint32_t room = places->room ? 2 * places->room : 4;
        uint32_t *at = realloc(places->at, room * sizeof *at);
        if (!at) { scan->is_failed = 1; return; }
        places->at = at, places->room = room;
    }
    places->at[places->held++] = line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
}

long arena_add(Scan *scan, Arena *arena, const void *bytes, size_t n) {
    if (arena->used + n > arena->room) {
        size_t room = arena->room ? 2 * arena->room : 256;
        while (room < arena->used + n) room *= 2;
        char *grown = realloc(arena->bytes, room);
        if (!grown) { scan->is_failed = 1; return -1; }
        arena->bytes = grown, arena->room = room;
    }
    if (n) memcpy(arena->bytes + arena->used, bytes, n);
    arena->used += n;
    return (long)(arena->used - n);
}

void column_start(Column *column, uint64_t seed) {
    memset(column, 0, sizeof *column);
    column->low[0] = column->low[1] = INFINITY, column->high[0] = column->high[1] = -INFINITY;
    column->shortest = UINT32_MAX, column->is_rising = 1, column->last = -INFINITY;
    column->sample_w = 1, column->next_sampled = SAMPLE - 1, column->rng = seed * 0x9E3779B97F4A7C15ULL + 0x2545F4914F6CDD1DULL;
}

static double chance(Column *column) {          /* between 0 and 1, both excluded: xorshift64* */
    column->rng ^= column->rng >> 12, column->rng ^= column->rng << 25, column->rng ^= column->rng >> 27;
    return ((double)((column->rng * 0x2545F4914F6CDD1DULL) >> 11) + 0.5) / 9007199254740992.0;
}

static void next_sampled(Column *column) {      /* Li (1994), algorithm L */
    column->sample_w *= exp(log(chance(column)) / SAMPLE);
    column->next_sampled += (uint64_t)(log(chance(column)) / log(1 - column->sample_w)) + 1;
}

static void sample(Scan *scan, Column *column, const uint8_t *s, size_t n) {
    uint32_t at = column->sampled;
    if (n > SAMPLE_BYTES) { for (n = SAMPLE_BYTES; n && (s[n] & 0xC0) == 0x80; n--); }
    if (at < SAMPLE) {
        if (at % 16 == 0) {
            uint32_t room = at + 16;
            char **cells = realloc(column->sample, room * sizeof *cells);
            if (cells) column->sample = cells;
            uint32_t *bytes = realloc(column->sample_bytes, room * sizeof *bytes);
            if (bytes) column->sample_bytes = bytes;
            if (!cells || !bytes) { scan->is_failed = 1; return; }
        }
        column->sampled++;
        column->sample[at] = NULL;
        if (column->sampled == SAMPLE) next_sampled(column);
    } else {
        at = (uint32_t)(chance(column) * SAMPLE);
        next_sampled(column);
    }
    char *copy = realloc(column->sample[at], n + !n);  /* realloc to 0 bytes would free it */
    if (!copy) { scan->is_failed = 1; return; }
    memcpy(copy, s, n);
    column->sample[at] = copy, column->sample_bytes[at] = (uint32_t)n;
}

static void add_register(Column *column, uint64_t hash) {
    uint64_t rest = hash << REGISTER_BITS | 1ULL << (REGISTER_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    uint8_t *at = column->registers + (hash >> (64 - REGISTER_BITS));
    if (*at < rank) *at = rank;
}

static int by_count(const void *a, const void *b) {
    const Known *one = a, *two = b;
    if (one->count != two->count) return one->count < two->count ? 1 : -1;
    return one->hash < two->hash ? -1 : one->hash > two->hash;
}

static Known *slot_of(Column *column, uint64_t hash) {
    uint32_t mask = column->known_slots - 1;
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask)
        if (!column->known[i].count || column->known[i].hash == hash) return column->known + i;
}

static int resize(Scan *scan, Column *column, uint32_t slots, uint32_t keep) {
    Known *old = column->known;
    uint32_t held = 0;
    for (uint32_t i = 0; i < column->known_slots; i++) if (old[i].count) old[held++] = old[i];
    if (held > keep) { qsort(old, held, sizeof *old, by_count); held = keep; }
    Known *fresh = calloc(slots, sizeof *fresh);
    if (!fresh) { scan->is_failed = 1; return 0; }
    column->known = fresh, column->known_slots = slots, column->known_used = held;
    for (uint32_t i = 0; i < held; i++) *slot_of(column, old[i].hash) = old[i];
    free(old);
    return 1;
}

/* From now on distinct values are estimated; only the values that were most frequent so far are still counted. */
static int stop_knowing(Scan *scan, Column *column) {
    column->registers = calloc(REGISTERS, 1);
    if (!column->registers) { scan->is_failed = 1; return 0; }
    for (uint32_t i = 0; i < column->known_slots; i++) if (column->known[i].count) add_register(column, column->known[i].hash);
    return resize(scan, column, 256, FREQUENT);
}

static void learn(Scan *scan, Column *column, uint64_t hash, const Cell *cell, const uint8_t *s, size_t n) {
    if (column->known_used == EXACT) {
        if (stop_knowing(scan, column)) add_register(column, hash);
        return;
    }
    if (2 * column->known_used >= column->known_slots && !resize(scan, column, column->known_slots ? 2 * column->known_slots : 32, EXACT))
        return;
    if (n > TEXT_BYTES) { for (n = TEXT_BYTES; n && (s[n] & 0xC0) == 0x80; n--); }
    long text = arena_add(scan, &column->texts, s, n);
    if (text < 0) return;
    *slot_of(column, hash) = (Known){hash, 1, (uint32_t)text, (uint16_t)n, cell->odd, cell->class_id};
    column->known_used++;
}

static void extremes(Column *column, const Cell *cell) {
    for (int way = 0; way < 2; way++) {
        double value = cell->value[way];
        if (value < column->low[way]) column->low[way] = value;
        if (value > column->high[way]) column->high[way] = value;
        int32_t day = cell->day[way];
        if (day) {
            if (!column->first_day[way] || day < column->first_day[way]) column->first_day[way] = day;
            if (day > column->last_day[way]) column->last_day[way] = day;
        }
    }
}

/* Remember a cell that is no plain number or date, unless there are too many, as in a column of words. */
static void add_token(Scan *scan, Column *column, uint64_t hash, const Cell *cell, const uint8_t *s, size_t n, uint64_t line) {
    Token *token = NULL;
    uint32_t most = scan->width > 500 ? TOKENS / 4 : TOKENS;
    for (uint32_t i = 0; i < column->token_count; i++)
        if (column->tokens[i].hash == hash) { token = column->tokens + i; break; }
    if (!token) {
        if (column->token_count >= most) {
            column->tokens_beyond++;
            /* Most cells are words: this is not a column of numbers with a few odd cells. */
            if (column->tokens_beyond > 1000 && 4 * column->tokens_beyond > column->voters) column->has_no_tokens = 1;
            return;
        }
        if (column->token_count == column->token_room) {
            uint32_t room = column->token_room ? 2 * column->token_room : 4;
            Token *grown = realloc(column->tokens, room * sizeof *grown);
            if (!grown) { scan->is_failed = 1; return; }
            column->tokens = grown, column->token_room = room;
        }
        if (n > TOKEN_BYTES) { for (n = TOKEN_BYTES; n && (s[n] & 0xC0) == 0x80; n--); }
        long text = arena_add(scan, &column->token_texts, s, n);
        if (text < 0) return;
        token = column->tokens + column->token_count++;
        *token = (Token){hash, {0}, (uint32_t)text, (uint16_t)n, cell->class_id};
    }
    if (token->places.held < TOKEN_LINES) note(scan, &token->places, line);
    else token->places.count++;
}

/* Bytes of the blank that s begins with: a space, a control character or a no-break space (U+00A0, U+202F); else 0. */
static inline size_t blank_before(const uint8_t *s, const uint8_t *end) {
    if (*s <= ' ') return 1;
    if (*s == 0xC2) return end - s >= 2 && s[1] == 0xA0 ? 2 : 0;
    return *s == 0xE2 && end - s >= 3 && s[1] == 0x80 && s[2] == 0xAF ? 3 : 0;
}

/* Bytes of the blank that the text from s to end ends with; 0 if it does not. */
static inline size_t blank_after(const uint8_t *s, const uint8_t *end) {
    if (end[-1] <= ' ') return 1;
    if (end[-1] == 0xA0) return end - s >= 2 && end[-2] == 0xC2 ? 2 : 0;
    return end[-1] == 0xAF && end - s >= 3 && end[-2] == 0x80 && end[-3] == 0xE2 ? 3 : 0;
}

void column_add(Scan *scan, Column *column, const uint8_t *s, size_t n, uint64_t line, uint64_t *row_hash) {
    const uint8_t *end = s + n;
    uint32_t is_padded = 0;
    while (s < end && *s <= ' ') s++, is_padded = 1;
    while (end > s && end[-1] <= ' ') end--, is_padded = 1;
    /* What no-break blanks enclose counts like the cell without them; they are on purpose, so the cell is not padded. */
    for (size_t blank; s < end && (blank = blank_before(s, end)); s += blank);
    for (size_t blank; end > s && (blank = blank_after(s, end)); end -= blank);
    n = (size_t)(end - s);
    if (!n) {
        note(scan, &column->class_places[BLANK], line);
        column->content = (column->content ^ 0x51ED270B) * 0x9E3779B97F4A7C15ULL, *row_hash = (*row_hash ^ 0x51ED270B) * 0x9E3779B97F4A7C15ULL;
        column->content ^= column->content >> 29;
        return;
    }
    uint64_t hash = hash_bytes(s, n);
    column->content = (column->content ^ hash) * 0x9E3779B97F4A7C15ULL, column->content ^= column->content >> 29;
    *row_hash = (*row_hash ^ hash) * 0x9E3779B97F4A7C15ULL, *row_hash ^= *row_hash >> 29;
    Cell cell;
    Known *known = column->known_slots ? slot_of(column, hash) : NULL;
    if (known && known->count) {
        if (known->count < UINT32_MAX) known->count++;
        cell.class_id = known->class_id, cell.odd = known->odd;
        if (column->is_rising) column->is_rising = 0;
        if (cell.class_id == INTEGER && n < 20) column->digits[n - (*s == '-' || *s == '+')]++;
    } else {
        classify(scan, s, n, &cell);
        if (cell.class_id != MISSING) extremes(column, &cell);
        if (cell.class_id == INTEGER && n < 20) column->digits[n - (*s == '-' || *s == '+')]++;
        if (column->is_rising) {
            column->is_rising = (cell.class_id == INTEGER || cell.class_id == ZERO_LED) && cell.value[0] > column->last && n < 16;
            column->last = cell.value[0];
        }
        uint32_t characters = (uint32_t)n;
        for (size_t i = 0; i < n; i++) characters -= (s[i] & 0xC0) == 0x80;
        if (characters < column->shortest) column->shortest = characters;
        if (characters > column->longest) column->longest = characters;
        if (scan->record_lines && (memchr(s, '\n', n) || memchr(s, '\r', n))) cell.odd |= 1 << ODD_BREAK;
        if (column->registers) add_register(column, hash);
        else learn(scan, column, hash, &cell, s, n);
    }
    note(scan, &column->class_places[cell.class_id], line);
    if (!column->has_no_tokens
        && (cell.class_id >= NO_SUCH_DATE || cell.class_id == MISSING || cell.class_id == WITH_UNIT))
        add_token(scan, column, hash, &cell, s, n, line);
    uint32_t odd = cell.odd | is_padded << ODD_PADDED;
    for (; odd; odd &= odd - 1) note(scan, &column->odd_places[__builtin_ctz(odd)], line);
    if (cell.class_id != MISSING) {
        if (column->voters < SAMPLE || column->voters == column->next_sampled) sample(scan, column, s, n);
        column->voters++;
    }
}

double column_distinct(const Column *column, int *is_exact) {
    *is_exact = !column->registers;
    if (!column->registers) return column->known_used;
    double sum = 0, m = REGISTERS;
    int empty = 0;
    for (int i = 0; i < REGISTERS; i++) sum += ldexp(1, -column->registers[i]), empty += !column->registers[i];
    double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;      /* Flajolet and others (2007) */
    return estimate <= 2.5 * m && empty ? m * log(m / empty) : estimate;
}

void column_free(Column *column) {
    for (int i = 0; i < CLASSES; i++) free(column->class_places[i].at);
    for (int i = 0; i < ODDITIES; i++) free(column->odd_places[i].at);
    for (uint32_t i = 0; i < column->sampled; i++) free(column->sample[i]);
    for (uint32_t i = 0; i < column->token_count; i++) free(column->tokens[i].places.at);
    free(column->tokens), free(column->token_texts.bytes);
    free(column->sample), free(column->sample_bytes), free(column->known), free(column->texts.bytes), free(column->registers);
}
