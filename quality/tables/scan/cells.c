/* Classify one cell. Pure functions of its bytes (UTF-8, without surrounding spaces). */
#include "scan.h"
#include <math.h>
#include <string.h>

static const double POWERS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double scaled(double digits, int places) { return places > 22 ? digits / pow(10, places) : digits / POWERS[places]; }

/* Length of a thousands separator: space, no-break spaces (U+00A0, U+202F), apostrophes (', U+2019); else 0. */
static int group_sign(const uint8_t *s, const uint8_t *end) {
    if (*s == ' ' || *s == '\'') return 1;
    if (end - s >= 2 && s[0] == 0xC2 && s[1] == 0xA0) return 2;
    if (end - s >= 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xAF || s[2] == 0x99)) return 3;
    return 0;
}

/* Read the plain number at s: its class and values. Return its length in bytes, or 0 if there is none. */
static size_t bare_number(const uint8_t *s, const uint8_t *end, Cell *cell) {
    const uint8_t *p = s;
    int points = 0, commas = 0, signs = 0;      /* of each kind of separator */
    int first = 0, run = 0, total = 0;          /* digits before the first separator, since the last, in all */
    int are_threes = 1, last_is_three = 0, is_indian = 1;
    int order_broken = 0;                       /* a separator followed what can only be the end of a number */
    char last = 0;
    double digits = 0;
    for (; p < end; p++) {
        if (IS_DIGIT(*p)) {
            digits = digits * 10 + (*p - '0');
            run++, total++;
            continue;
        }
        int size = *p == '.' || *p == ',' ? 1 : group_sign(p, end);
        if (!size) break;
        char kind = size == 1 && *p == '.' ? '.' : size == 1 && *p == ',' ? ',' : ' ';
        if (kind == ' ' && (p + size >= end || !IS_DIGIT(p[size]))) break;   /* "12 kg": the number ends here */
        if (last && kind != last && (last == '.' ? points : last == ',' ? commas : signs) >= 1 && kind == ' ') order_broken = 1;
        if (!last) first = run;
        else {
            if (run != 3) are_threes = 0;
            if (run != 2 && run != 3) is_indian = 0;
        }
        if (last && kind == last && kind != ' ' && points && commas) order_broken = 1;
        if (last && kind != last && (kind == '.' ? points : kind == ',' ? commas : signs)) order_broken = 1;
        points += kind == '.', commas += kind == ',', signs += kind == ' ';
        last = kind, run = 0;
        p += size - 1;
    }
    if (!total) return 0;
    int exponent = 0;
    if (p + 1 < end && (*p | 32) == 'e' && signs == 0) {
        const uint8_t *q = p + 1;
        int minus = *q == '-';
        if (*q == '+' || *q == '-') q++;
        if (q < end && IS_DIGIT(*q)) {
            for (; q < end && IS_DIGIT(*q); q++) if (exponent < 400) exponent = exponent * 10 + (*q - '0');
            if (minus) exponent = -exponent;
            p = q;
        }
    }
    last_is_three = run == 3;
    double whole = digits, point = whole, comma = whole;
    int has_groups = first >= 1 && first <= 3;
    if (order_broken) return 0;
    if (!last) {
        cell->class_id = total > 1 && *s == '0' && !exponent ? ZERO_LED : INTEGER;
    } else if (!signs && points + commas == 1) {
        int could_group = has_groups && last_is_three && !(first == 1 && *s == '0');
        double fraction = scaled(digits, run);
        if (points) {
            cell->class_id = could_group ? POINT_OR_GROUP : POINT, point = fraction, comma = could_group ? whole : fraction;
        } else {
            cell->class_id = could_group ? COMMA_OR_GROUP : COMMA, comma = fraction, point = could_group ? whole : fraction;
        }
    } else if (!signs && points == 1 && commas >= 1 && last == '.') {
        if (!has_groups || !(are_threes || is_indian)) return 0;
        cell->class_id = GROUP_POINT, point = comma = scaled(digits, run);
    } else if (!signs && commas == 1 && points >= 1 && last == ',') {
        if (!has_groups || !are_threes) return 0;
        cell->class_id = GROUP_COMMA, point = comma = scaled(digits, run);
    } else if (!signs && !points) {
        if (!has_groups || !last_is_three || !(are_threes || is_indian)) return 0;
        cell->class_id = GROUP_POINT;
    } else if (!signs && !commas) {
        if (!has_groups || !last_is_three || !are_threes) return 0;
        cell->class_id = GROUP_COMMA;
    } else {
        if (!has_groups || !are_threes || points + commas > 1) return 0;
        if (last == ' ' && (!last_is_three || points + commas)) return 0;
        cell->class_id = last == '.' ? GROUP_POINT : last == ',' ? GROUP_COMMA : GROUP_BOTH;
        if (last != ' ') point = comma = scaled(digits, run);
    }
    if (exponent) {
        if (cell->class_id > COMMA_OR_GROUP) return 0;
        point *= pow(10, exponent), comma *= pow(10, exponent);
        if (cell->class_id == INTEGER || cell->class_id == ZERO_LED) cell->class_id = POINT;
    }
    cell->value[0] = point, cell->value[1] = comma;
    return (size_t)(p - s);
}

static const char *MONEY[] = {"\xC2\xA3", "\xE2\x82\xAC", "$", "\xC2\xA5", "\xE2\x82\xA4", "GBP", "EUR", "USD", "CHF", "kr.",
                              "kr", "z\xC5\x82", "K\xC4\x8D", "Ft", "%", "\xE2\x80\xB0", "p", NULL};

/* Length of a currency or percent sign at s; 0 if there is none. */
static size_t money(const uint8_t *s, const uint8_t *end) {
    for (const char **sign = MONEY; *sign; sign++) {
        size_t n = strlen(*sign);
        if ((size_t)(end - s) >= n && !memcmp(s, *sign, n)) return n;
    }
    return 0;
}

static const uint8_t *past_minus(const uint8_t *s, const uint8_t *end, int *is_negative) {
    if (s < end && (*s == '-' || *s == '+')) { *is_negative |= *s == '-'; return s + 1; }
    if (end - s >= 3 && s[0] == 0xE2 && s[1] == 0x88 && s[2] == 0x92) { *is_negative = 1; return s + 3; }
    return s;
}

static const uint8_t *past_blank(const uint8_t *s, const uint8_t *end) {
    if (s < end && *s == ' ') return s + 1;
    if (end - s >= 2 && s[0] == 0xC2 && s[1] == 0xA0) return s + 2;
    if (end - s >= 3 && s[0] == 0xE2 && s[1] == 0x80 && s[2] == 0xAF) return s + 3;
    return s;
}

/* The fast path for numbers such as 12 and -12.345, which most are; 0 for anything else. */
static int plain_number(const uint8_t *s, size_t n, Cell *cell) {
    const uint8_t *end = s + n, *p = s + (*s == '-');
    uint64_t digits = 0;
    if (n > 18 || p == end) return 0;
    for (; p < end && IS_DIGIT(*p); p++) digits = digits * 10 + (uint64_t)(*p - '0');
    size_t whole = (size_t)(p - s) - (*s == '-'), places = 0;
    if (!whole) return 0;
    double value = (double)digits;
    if (p == end) cell->class_id = whole > 1 && s[*s == '-'] == '0' ? ZERO_LED : INTEGER;
    else {
        if (*p != '.') return 0;
        for (p++; p < end && IS_DIGIT(*p); p++, places++) digits = digits * 10 + (uint64_t)(*p - '0');
        if (p < end || !places || (places == 3 && whole <= 3)) return 0;       /* three digits may be thousands */
        value = (double)digits / POWERS[places];
        cell->class_id = POINT;
    }
    cell->value[0] = cell->value[1] = *s == '-' ? -value : value;
    return 1;
}

/* A number, plain or with a sign, a currency, a percent sign, brackets or a unit. */
static int number(const uint8_t *s, size_t n, Cell *cell) {
    const uint8_t *end = s + n, *p = s;
    int is_negative = 0, is_decorated = 0, has_bracket = 0, is_wide_minus = n >= 3 && s[0] == 0xE2;
    if (*p == '(' && end[-1] == ')') has_bracket = is_decorated = is_negative = 1, p++, end--;
    p = past_minus(p, end, &is_negative);
    const uint8_t *q = past_blank(p, end);
    size_t sign = q < end && !IS_DIGIT(*q) ? money(q, end) : 0;
    if (sign) { p = past_minus(past_blank(q + sign, end), end, &is_negative); is_decorated = 1; }
    else if (q != p) { p = q; is_decorated = 1; }
    if (p >= end) return 0;
    size_t taken = bare_number(p, end, cell);
    if (!taken) return 0;
    p += taken;
    if (p < end) {
        if (has_bracket) return 0;
        const uint8_t *after = past_blank(p, end);
        sign = after < end ? money(after, end) : 0;
        if (sign && after + sign == end) is_decorated = 1, p = end;
        else if (after + 1 == end && *after == '-' && after == p) is_decorated = is_negative = 1, p = end;
        else {
            /* Only a word of letters follows: the unit. */
            const uint8_t *u = after;
            int letters = 0;
            while (u < end && (IS_LETTER(*u) || *u >= 0x80 || ((*u == '/' || *u == '^' || *u == '.') && letters) ||
                               (letters && IS_DIGIT(*u) && u + 1 == end))) letters++, u++;
            if (u != end || !letters || letters > 12 || (after == p && letters < 2)) return 0;
            cell->class_id = WITH_UNIT;
            p = end;
        }
    }
    if (is_negative) cell->value[0] = -cell->value[0], cell->value[1] = -cell->value[1];
    if (cell->class_id == WITH_UNIT) return 1;
    /* No program reads the typographic minus. */
    if (is_decorated || is_wide_minus) {
        switch (cell->class_id) {
            case POINT: case GROUP_POINT: cell->class_id = DECORATED_POINT; break;
            case COMMA: case GROUP_COMMA: cell->class_id = DECORATED_COMMA; break;
            default: cell->class_id = DECORATED_BOTH;
        }
    }
    return 1;
}

/* An e-mail address such as a@b.example anywhere in the cell. */
static int has_email(const uint8_t *s, size_t n) {
    for (size_t i = 1; i + 3 < n; i++) {
        if (s[i] != '@') continue;
        uint8_t before = s[i - 1];
        if (!IS_LETTER(before) && !IS_DIGIT(before) && before != '_' && before != '-' && before != '.') continue;
        size_t host = i + 1, j = host, dot = 0;
        while (j < n && (IS_LETTER(s[j]) || IS_DIGIT(s[j]) || s[j] == '-' || s[j] == '.' || s[j] >= 0x80)) {
            if (s[j] == '.' && j > host) dot = j;
            j++;
        }
        /* user:password@host in a URL is no e-mail address. */
        size_t k = i;
        while (k && s[k - 1] > ' ' && s[k - 1] != '/' && s[k - 1] != ',' && s[k - 1] != ';') k--;
        if (k >= 2 && s[k - 1] == '/' && s[k - 2] == '/') continue;
        if (dot && j - dot > 2) return 1;
        if (dot && j == n && j - dot == 1 && memchr(s + host, '.', dot - host)) return 1;
    }
    return 0;
}

/* ISO 13616: two letters, two check digits, 11 to 30 letters and digits; the remainder by 97 is 1. */
static int is_iban(const uint8_t *s, size_t n) {
    uint8_t bare[40];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ' ') continue;
        if (m >= 34 || !((s[i] >= 'A' && s[i] <= 'Z') || IS_DIGIT(s[i]))) return 0;
        bare[m++] = s[i];
    }
    if (m < 15 || IS_DIGIT(bare[0]) || IS_DIGIT(bare[1]) || !IS_DIGIT(bare[2]) || !IS_DIGIT(bare[3])) return 0;
    int rest = 0, digits = 0;
    for (size_t i = 0; i < m; i++) {
        uint8_t c = bare[(i + 4) % m];
        if (i + 4 < m) digits += IS_DIGIT(c);
        rest = IS_DIGIT(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    }
    return rest == 1 && digits >= 8;
}

/* E.164 with its plus sign: 8 to 15 digits, and otherwise only spaces, brackets, points, slashes and hyphens. */
static int is_phone(const uint8_t *s, size_t n) {
    int digits = 0;
    if (*s != '+' || n > 30) return 0;
    for (size_t i = 1; i < n; i++) {
        if (IS_DIGIT(s[i])) digits++;
        else if (!strchr(" ()./-", s[i])) return 0;
    }
    return digits >= 8 && digits <= 15 && n > 9;
}

static int is_word(uint8_t c) { return IS_LETTER(c) || c >= 0x80; }

/* UTF-8 that was read as Latin-1 or windows-1252 and written again, a control character of ISO 6429 (U+0080 to U+009F:
   no text has any), a sign of Mac OS Roman read as windows-1252, or U+FFFD where a character was lost. */
static int is_mojibake(const uint8_t *s, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] < 0xC2) continue;
        if (s[i] == 0xC2 && s[i + 1] >= 0x80 && s[i + 1] <= 0x9F && s[i + 1] != 0x85) return 1;
        int begins = i == 0 || !is_word(s[i - 1]), ends = i + 2 >= n || !is_word(s[i + 2]);
        /* An inverted exclamation mark after a letter or digit, or a circumflex or tilde on its own after a letter. */
        if (s[i] == 0xC2 && s[i + 1] == 0xA1 && i && (IS_DIGIT(s[i - 1]) || IS_LETTER(s[i - 1])) && ends) return 1;
        if (s[i] == 0xCB && (s[i + 1] == 0x86 || s[i + 1] == 0x9C) && i && IS_LETTER(s[i - 1])) return 1;
        /* A single accented capital letter between spaces, in place of a dash. */
        if (s[i] == 0xC3 && (s[i + 1] == 0x91 || s[i + 1] == 0x90) && begins && ends && i > 1 && s[i - 1] == ' '
            && i + 2 < n && s[i + 2] == ' ') return 1;
        if (i + 2 >= n) continue;
        if (s[i] == 0xEF && s[i + 1] == 0xBF && s[i + 2] == 0xBD) return 1;
        if (s[i] == 0xC3 && (s[i + 1] == 0x83 || s[i + 1] == 0x82)) {           /* Ã, Â */
            uint8_t next = s[i + 2];
            if (next == 0xC2 && i + 3 < n) return 1;                            /* Ã©: U+00C3 and U+0080..U+00BF */
            if (s[i + 1] == 0x83 && next == 0xE2 && i + 4 < n) return 1;        /* Ã and a windows-1252 sign */
        }
        if (s[i] == 0xC3 && s[i + 1] == 0xA2 && s[i + 2] == 0xE2 && i + 4 < n && s[i + 3] == 0x82 && s[i + 4] == 0xAC) return 1;
    }
    return 0;
}

static int is_small(uint8_t c) { return (uint8_t)(c - 'a') < 26; }

/* Characters inside or after a word that occur only if one code page was read as another: UTF-8 read as Mac OS Roman
   (U+201A U+00C4, or a root sign behind a letter) or as a DOS code page (a corner of a box), once more through Mac OS Roman
   (U+2030 U+00DB, U+00E4 U+00F3 and a sign), DOS read as windows-1252 (a low quote, a cent, pound or currency sign
   between small letters), and a capital of Mac OS Roman between small letters. */
static int is_misread(const uint8_t *s, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] < 0xC2) continue;
        size_t next = i + (s[i] >= 0xE0 ? 3 : 2);
        uint8_t before = i ? s[i - 1] : 0, after = next < n ? s[next] : 0;
        int is_within = is_small(before) && is_small(after);
        if (s[i] == 0xE2 && next <= n) {
            int is_low = s[i + 1] == 0x80 && s[i + 2] == 0x9A;                  /* U+201A */
            if (is_low && ((after == 0xC3 && next + 1 < n && s[next + 1] == 0x84) || is_within)) return 1;
            if (s[i + 1] == 0x80 && s[i + 2] == 0xB0 && after == 0xC3 && next + 1 < n && s[next + 1] == 0x9B) return 1;
            if (s[i + 1] == 0x88 && s[i + 2] == 0x9A && IS_LETTER(before) && after >= 0xC2 && after != 0xCC) return 1;
            if (s[i + 1] == 0x94 && (s[i + 2] == 0x9C || s[i + 2] == 0xAC) && IS_LETTER(before) && after >= 0xC2) return 1;
        }
        if (s[i] == 0xC3 && s[i + 1] == 0xA4 && i + 5 < n && s[i + 2] == 0xC3 && s[i + 3] == 0xB3 && !(before & 0x80)) {
            uint8_t a = s[i + 4], b = s[i + 5];                                 /* what a dash, quote or bullet becomes */
            if ((a == 0xC3 && (b == 0xB1 || b == 0xAE || b == 0x96 || b == 0xAC)) || (a == 0xC2 && (b == 0xBB || b == 0xA2))) return 1;
        }
        if (is_within && s[i] == 0xC2 && s[i + 1] >= 0xA2 && s[i + 1] <= 0xA4) return 1;
        if (is_within && i > 1 && is_small(s[i - 2]) && ((s[i] == 0xC3 && s[i + 1] == 0x95) ||
            (s[i] == 0xC5 && (s[i + 1] == 0xBD || s[i + 1] == 0xA0 || s[i + 1] == 0xB8)))) return 1;
    }
    return 0;
}

/* A question mark inside a word with letters beyond ASCII: the encoding had no code for the letter. */
static int has_lost(const uint8_t *s, size_t n) {
    for (size_t i = 1; i + 1 < n; i++)
        if (s[i] == '?' && s[i - 1] >= 0x80 && s[i + 1] >= 0x80) return 1;
    return 0;
}

static int is_missing(const Scan *scan, const uint8_t *s, size_t n) {
    if (n > 40 || !scan->null_first[*s] || !(scan->null_lengths >> n & 1)) return 0;
    for (uint32_t i = 0; i < scan->null_count; i++)
        if (scan->nulls[i].bytes == n && !memcmp(scan->nulls[i].at, s, n)) return 1;
    return 0;
}

void classify(const Scan *scan, const uint8_t *s, size_t n, Cell *cell) {
    int has_digit = 0, has_at = 0, has_high = 0;
    cell->odd = 0, cell->day[0] = cell->day[1] = 0;
    cell->value[0] = cell->value[1] = NAN;
    if (is_missing(scan, s, n)) { cell->class_id = MISSING; return; }
    uint8_t c = *s;
    if (IS_DIGIT(c) && n <= 40 && n >= 4 && read_date(s, n, cell)) {
        int32_t day = cell->day[0] ? cell->day[0] : cell->day[1];
        if (day == 19000101 || day == 18991230 || day == 18991231 || day == 19040101 || day == 19700101 || day == 99991231)
            cell->odd |= 1 << ODD_EPOCH;
        return;
    }
    if ((IS_DIGIT(c) || c == '-') && plain_number(s, n, cell)) return;
    if (n <= 48 && (IS_DIGIT(c) || c < 'A' || c >= 0x80 || c == 'G' || c == 'E' || c == 'U' || c == 'C') && number(s, n, cell)) {
        if (c == '+' && cell->class_id == INTEGER && n >= 12 && n <= 16) cell->odd |= 1 << ODD_PHONE;
        return;
    }
    cell->value[0] = cell->value[1] = NAN;
    for (size_t i = 0; i < n; i++) has_digit |= IS_DIGIT(s[i]), has_at |= s[i] == '@', has_high |= s[i] >> 7;
    cell->class_id = has_digit ? TEXT_WITH_DIGITS : TEXT;
    if (has_at && has_email(s, n)) cell->odd |= 1 << ODD_EMAIL;
    if (has_high && (is_mojibake(s, n) || is_misread(s, n))) cell->odd |= 1 << ODD_MOJIBAKE;
    if (has_high && has_lost(s, n)) cell->odd |= 1 << ODD_LOST;
    if (has_digit && n >= 15 && n <= 42 && IS_LETTER(c) && is_iban(s, n)) cell->odd |= 1 << ODD_IBAN;
    if (has_digit && c == '+' && is_phone(s, n)) cell->odd |= 1 << ODD_PHONE;
    if (c == '=' && n > 1) cell->odd |= 1 << ODD_FORMULA;
    if (c == '#' && ((n == 5 && (!memcmp(s, "#REF!", 5) || !memcmp(s, "#NUM!", 5))) || (n == 6 && !memcmp(s, "#NAME?", 6)) ||
                     (n == 7 && (!memcmp(s, "#VALUE!", 7) || !memcmp(s, "#DIV/0!", 7)))))
        cell->odd |= 1 << ODD_ERROR;
}
