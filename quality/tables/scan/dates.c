/* Dates and times of day, in the notations that programs write. */
#include "scan.h"
#include <string.h>

static int days_in(int year, int month) {
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12) return 0;
    if (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))) return 29;
    return DAYS[month - 1];
}

/* Years of other calendars: 1300 to 1420 lie in our time in the Solar Hijri calendar (six months of 31 days), up to 1500
   in the Hijri calendar (months of 29 and 30 days); 2400 to 2650 are Buddhist years, 543 ahead of ours. */
static int32_t day_of(int year, int month, int day) {
    int most = year >= 1300 && year <= 1420 ? (month >= 1 && month <= 12 ? (month <= 6 ? 31 : 30) : 0)
             : year > 1420 && year <= 1500 ? (month >= 1 && month <= 12 ? 30 : 0)
             : days_in(year >= 2400 && year <= 2650 ? year - 543 : year, month);
    return year >= 1 && day >= 1 && day <= most ? year * 10000 + month * 100 + day : 0;
}

static int full_year(int year, int digits) { return digits > 2 ? year : year < 69 ? 2000 + year : 1900 + year; }

static const uint8_t *digits_at(const uint8_t *s, const uint8_t *end, int at_most, int *value, int *count) {
    *value = *count = 0;
    while (s < end && *count < at_most && IS_DIGIT(*s)) *value = *value * 10 + (*s++ - '0'), ++*count;
    return s;
}

/* 10:30, 10:30:15.2, 9:05 pm, with a zone if one is allowed; NULL if anything else follows. */
static int clock_time(const uint8_t *s, const uint8_t *end, int may_have_zone, int hour_digits) {
    int value, count;
    s = digits_at(s, end, 2, &value, &count);
    if (!count || count < hour_digits || value > 24 || s >= end || *s++ != ':') return 0;
    s = digits_at(s, end, 2, &value, &count);
    if (count != 2 || value > 59) return 0;
    if (s < end && *s == ':') {
        s = digits_at(s + 1, end, 2, &value, &count);
        if (count != 2 || value > 60) return 0;
        if (may_have_zone && s < end && (*s == '.' || *s == ',')) {
            int seen = 0;
            for (s++; s < end && IS_DIGIT(*s); s++) seen++;
            if (!seen) return 0;
        }
    }
    if (s == end) return 1;
    if (!may_have_zone) {
        if (*s == ' ') s++;
        return end - s == 2 && ((s[0] | 32) == 'a' || (s[0] | 32) == 'p') && (s[1] | 32) == 'm';
    }
    if (*s == ' ') s++;
    if (end - s == 1 && *s == 'Z') return 1;
    if (end - s == 3 && !memcmp(s, "UTC", 3)) return 1;
    if (s < end && (*s == '+' || *s == '-')) {
        s = digits_at(s + 1, end, 2, &value, &count);
        if (count != 2) return 0;
        if (s == end) return 1;
        if (*s == ':') s++;
        s = digits_at(s, end, 2, &value, &count);
        return count == 2 && s == end;
    }
    return 0;
}

static int month_named(const uint8_t *s) {
    static const char NAMES[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int month = 0; month < 12; month++)
        if ((s[0] | 32) == NAMES[3 * month] && (s[1] | 32) == NAMES[3 * month + 1] && (s[2] | 32) == NAMES[3 * month + 2])
            return month + 1;
    return 0;
}

static int set_day(Cell *cell, int class_id, int32_t day_first, int32_t month_first) {
    if (!day_first && !month_first) class_id = NO_SUCH_DATE;
    cell->class_id = (uint8_t)class_id, cell->day[0] = day_first, cell->day[1] = month_first;
    return 1;
}

int read_date(const uint8_t *s, size_t n, Cell *cell) {
    const uint8_t *end = s + n, *p = s;
    int one, two, three, ones, twos, threes;
    p = digits_at(p, end, 4, &one, &ones);
    if (p >= end || n > 40) return 0;
    if (ones == 4) {
        uint8_t sign = *p;
        if (sign != '-' && sign != '/' && sign != '.') return 0;
        p = digits_at(p + 1, end, 2, &two, &twos);
        if (!twos || p >= end || *p != sign || (sign == '-' && twos != 2)) return 0;
        p = digits_at(p + 1, end, 2, &three, &threes);
        if (!threes || (sign == '-' && threes != 2)) return 0;
        if (sign == '.' && p < end && *p == '.') p++;
        int32_t day = day_of(one, two, three);
        if (p == end) return set_day(cell, sign == '-' ? ISO_DATE : sign == '/' ? YEAR_SLASH : YEAR_DOT, day, day);
        if (sign != '-' || (*p != 'T' && *p != ' ') || !clock_time(p + 1, end, 1, 2)) return 0;
        return set_day(cell, ISO_TIME, day, day);
    }
    if (ones < 1 || ones > 2) return 0;
    if (*p == ':') {
        if (!clock_time(s, end, 0, 1)) return 0;
        cell->class_id = CLOCK;
        return 1;
    }
    uint8_t sign = *p;
    if (sign != '/' && sign != '.' && sign != '-' && sign != ' ') return 0;
    p++;
    if ((sign == '-' || sign == ' ') && end - p >= 5 && IS_LETTER(*p)) {
        int month = month_named(p);
        if (!month || p[3] != sign) return 0;
        p = digits_at(p + 4, end, 4, &three, &threes);
        if (p != end || (threes != 4 && !(threes == 2 && sign == '-'))) return 0;
        int32_t day = day_of(full_year(three, threes), month, one);
        return set_day(cell, sign == ' ' ? MONTH_SPACE : threes == 2 ? MONTH_DASH_SHORT : MONTH_DASH, day, day);
    }
    p = digits_at(p, end, 2, &two, &twos);
    if (!twos || p >= end || *p != sign || sign == ' ') return 0;
    p = digits_at(p + 1, end, 4, &three, &threes);
    if (threes != 4 && threes != 2) return 0;
    int year = full_year(three, threes);
    int32_t day_first = day_of(year, two, one), month_first = day_of(year, one, two);
    if (p < end) {
        if (sign == '-' || *p != ' ' || !clock_time(p + 1, end, 0, 1)) return 0;
        return set_day(cell, LOCAL_TIME, day_first, sign == '.' ? day_first : month_first);
    }
    int is_short = threes == 2;
    if (sign == '-' && is_short) return 0;
    if (sign == '.') return set_day(cell, is_short ? SHORT_DOT_DMY : DOT_DMY, day_first, day_first);
    int base = sign == '-' ? DASH_DMY : is_short ? SHORT_SLASH_DMY : SLASH_DMY;   /* day first, month first, either */
    return set_day(cell, base + (day_first && month_first ? 2 : month_first ? 1 : 0), day_first, month_first);
}
