/* Text: formatting with variable arguments, parsing, string literals with every kind of escape, switch tables. */

#include <stdarg.h>

typedef unsigned int size;

extern void emit(int character);

static const char digits[] = "0123456789abcdef";
const char escapes[] = "tab\tnewline\nquote\"backslash\\bell\aoctal\033hex\x7f nul\0 after\1";
const char long_text[] =
    "A line of text that is longer than what an assembler's listing shows, with numbers 1 2 3, and signs ;#/* */ @ ! $ % & that "
    "mean something to assemblers; 'quotes' too.";
static char buffer[128];

size length(const char *text) {
  size count = 0;
  while (text[count])
    count++;
  return count;
}

static void put_number(unsigned long long value, unsigned base, int width, char pad) {
  char row[24];
  int count = 0;
  do {
    row[count++] = digits[value % base];
    value /= base;
  } while (value);
  while (width-- > count)
    emit(pad);
  while (count)
    emit(row[--count]);
}

int format(const char *text, ...) {
  va_list list;
  int count = 0;
  va_start(list, text);
  for (; *text; text++, count++) {
    if (*text != '%') {
      emit(*text);
      continue;
    }
    int width = 0, longs = 0;
    char pad = ' ';
  again:
    switch (*++text) {
    case '0':
      if (width == 0)
        pad = '0';
      /* fall through */
    case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      width = width * 10 + *text - '0';
      goto again;
    case 'l':
      longs++;
      goto again;
    case 'd': {
      long long value = longs > 1 ? va_arg(list, long long) : va_arg(list, int);
      if (value < 0) {
        emit('-');
        value = -value;
      }
      put_number(value, 10, width, pad);
      break;
    }
    case 'u':
      put_number(longs > 1 ? va_arg(list, unsigned long long) : va_arg(list, unsigned), 10, width, pad);
      break;
    case 'x':
      put_number(longs > 1 ? va_arg(list, unsigned long long) : va_arg(list, unsigned), 16, width, pad);
      break;
    case 'f': {
      double value = va_arg(list, double);
      put_number((unsigned long long)value, 10, 0, pad);
      emit('.');
      put_number((unsigned)((value - (long long)value) * 1000), 10, 3, '0');
      break;
    }
    case 's':
      for (const char *s = va_arg(list, const char *); *s; s++)
        emit(*s);
      break;
    case 'c':
      emit(va_arg(list, int));
      break;
    case '%':
      emit('%');
      break;
    default:
      va_end(list);
      return -1;
    }
  }
  va_end(list);
  return count;
}

long parse(const char *text, const char **end, int base) {
  long value = 0;
  int sign = 1;
  while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
    text++;
  if (*text == '-') {
    sign = -1;
    text++;
  }
  if (base == 16 && text[0] == '0' && (text[1] | 32) == 'x')
    text += 2;
  for (;; text++) {
    int digit;
    if (*text >= '0' && *text <= '9')
      digit = *text - '0';
    else if ((*text | 32) >= 'a' && (*text | 32) <= 'z')
      digit = (*text | 32) - 'a' + 10;
    else
      break;
    if (digit >= base)
      break;
    value = value * base + digit;
  }
  if (end)
    *end = text;
  return sign * value;
}

enum token { END, NAME, NUMBER, PLUS, MINUS, TIMES, OVER, OPEN, CLOSE, ASSIGN, EQUAL, LESS, SHIFT, BAD };

enum token scan(const char **place) {
  const char *p = *place;
  enum token token;
  while (*p == ' ')
    p++;
  switch (*p++) {
  case 0: token = END; p--; break;
  case '+': token = PLUS; break;
  case '-': token = MINUS; break;
  case '*': token = TIMES; break;
  case '/': token = OVER; break;
  case '(': token = OPEN; break;
  case ')': token = CLOSE; break;
  case '=': token = *p == '=' ? (p++, EQUAL) : ASSIGN; break;
  case '<': token = *p == '<' ? (p++, SHIFT) : LESS; break;
  case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
    while (*p >= '0' && *p <= '9')
      p++;
    token = NUMBER;
    break;
  case '_':
  case 'a': case 'b': case 'c': case 'd': case 'e': case 'f': case 'g': case 'h': case 'i': case 'j': case 'k': case 'l': case 'm':
  case 'n': case 'o': case 'p': case 'q': case 'r': case 's': case 't': case 'u': case 'v': case 'w': case 'x': case 'y': case 'z':
    while ((*p >= 'a' && *p <= 'z') || *p == '_')
      p++;
    token = NAME;
    break;
  default: token = BAD;
  }
  *place = p;
  return token;
}

static int hash(const char *text) {
  unsigned value = 5381;
  while (*text)
    value = value * 33 ^ (unsigned char)*text++;
  return value & 127;
}

char *keep(const char *text) {
  char *out = buffer + hash(text);
  while (out < buffer + sizeof buffer - 1 && *text)
    *out++ = *text++;
  *out = 0;
  return buffer;
}

int computed_goto(const unsigned char *code) {
  static const void *const labels[] = { &&stop, &&add, &&subtract, &&twice, &&negate };
  int value = 0;
next:
  goto *labels[*code++];
add:
  value += *code++;
  goto next;
subtract:
  value -= *code++;
  goto next;
twice:
  value *= 2;
  goto next;
negate:
  value = -value;
  goto next;
stop:
  return value;
}
