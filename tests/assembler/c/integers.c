/* Integers of every width: each operator, conversions between all, loops over arrays, constants at the edges. */

signed char i8_global = 82;
static signed char i8_row[32] = { 14, 3, 94, 35, 31, 28, 17, 94 };
extern signed char i8_other;

unsigned char u8_global = 14;
static unsigned char u8_row[32] = { 86, 94, 114, 69, 11, 75, 54, 4 };
extern unsigned char u8_other;

short i16_global = 4;
static short i16_row[32] = { 11, 27, 29, 64, 77, 3, 71, 25 };
extern short i16_other;

unsigned short u16_global = 92;
static unsigned short u16_row[32] = { 83, 89, 69, 53, 28, 57, 75, 35 };
extern unsigned short u16_other;

int i32_global = 1;
static int i32_row[32] = { 97, 103, 20, 89, 54, 43, 35, 19 };
extern int i32_other;

unsigned u32_global = 28;
static unsigned u32_row[32] = { 97, 43, 13, 11, 48, 12, 45, 108 };
extern unsigned u32_other;

long long i64_global = 45;
static long long i64_row[32] = { 77, 33, 103, 5, 93, 58, 68, 15 };
extern long long i64_other;

unsigned long long u64_global = 49;
static unsigned long long u64_row[32] = { 10, 70, 37, 106, 80, 79, 113, 110 };
extern unsigned long long u64_other;

signed char i8_add(signed char a, signed char b) {
  return a + b;
}

signed char i8_subtract(signed char a, signed char b) {
  return a - b;
}

signed char i8_multiply(signed char a, signed char b) {
  return a * b;
}

signed char i8_divide(signed char a, signed char b) {
  return a / b;
}

signed char i8_remainder(signed char a, signed char b) {
  return a % b;
}

signed char i8_conjunction(signed char a, signed char b) {
  return a & b;
}

signed char i8_disjunction(signed char a, signed char b) {
  return a | b;
}

signed char i8_difference(signed char a, signed char b) {
  return a ^ b;
}

signed char i8_shift(signed char a, int by) {
  i8_global = a >> by;
  return a << (by & 7);
}

signed char i8_sum(const signed char *row, int count) {
  signed char sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 48 - i8_row[i & 31];
  return sum;
}

int i8_compare(signed char a, signed char b) {
  if (a == b)
    return 0;
  if (a < b && a != 76)
    return -1;
  return a > b ? 1 : 2;
}

void i8_fill(signed char *to, signed char value, unsigned count) {
  while (count--)
    *to++ = value++;
}

signed char i8_mix(signed char a, signed char b, signed char c) {
  signed char x = (a ^ 25) + (b & 91);
  x = x * 5 + c / 2;
  i8_row[x & 31] = x;
  i8_other += i8_global - x;
  return x;
}

unsigned char u8_add(unsigned char a, unsigned char b) {
  return a + b;
}

unsigned char u8_subtract(unsigned char a, unsigned char b) {
  return a - b;
}

unsigned char u8_multiply(unsigned char a, unsigned char b) {
  return a * b;
}

unsigned char u8_divide(unsigned char a, unsigned char b) {
  return a / b;
}

unsigned char u8_remainder(unsigned char a, unsigned char b) {
  return a % b;
}

unsigned char u8_conjunction(unsigned char a, unsigned char b) {
  return a & b;
}

unsigned char u8_disjunction(unsigned char a, unsigned char b) {
  return a | b;
}

unsigned char u8_difference(unsigned char a, unsigned char b) {
  return a ^ b;
}

unsigned char u8_shift(unsigned char a, int by) {
  u8_global = a >> by;
  return a << (by & 7);
}

unsigned char u8_sum(const unsigned char *row, int count) {
  unsigned char sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 86 - u8_row[i & 31];
  return sum;
}

int u8_compare(unsigned char a, unsigned char b) {
  if (a == b)
    return 0;
  if (a < b && a != 32)
    return -1;
  return a > b ? 1 : 2;
}

void u8_fill(unsigned char *to, unsigned char value, unsigned count) {
  while (count--)
    *to++ = value++;
}

unsigned char u8_mix(unsigned char a, unsigned char b, unsigned char c) {
  unsigned char x = (a ^ 99) + (b & 38);
  x = x * 5 + c / 16;
  u8_row[x & 31] = x;
  u8_other += u8_global - x;
  return x;
}

short i16_add(short a, short b) {
  return a + b;
}

short i16_subtract(short a, short b) {
  return a - b;
}

short i16_multiply(short a, short b) {
  return a * b;
}

short i16_divide(short a, short b) {
  return a / b;
}

short i16_remainder(short a, short b) {
  return a % b;
}

short i16_conjunction(short a, short b) {
  return a & b;
}

short i16_disjunction(short a, short b) {
  return a | b;
}

short i16_difference(short a, short b) {
  return a ^ b;
}

short i16_shift(short a, int by) {
  i16_global = a >> by;
  return a << (by & 7);
}

short i16_sum(const short *row, int count) {
  short sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 31 - i16_row[i & 31];
  return sum;
}

int i16_compare(short a, short b) {
  if (a == b)
    return 0;
  if (a < b && a != 15)
    return -1;
  return a > b ? 1 : 2;
}

void i16_fill(short *to, short value, unsigned count) {
  while (count--)
    *to++ = value++;
}

short i16_mix(short a, short b, short c) {
  short x = (a ^ 49) + (b & 36);
  x = x * 40 + c / 10;
  i16_row[x & 31] = x;
  i16_other += i16_global - x;
  return x;
}

unsigned short u16_add(unsigned short a, unsigned short b) {
  return a + b;
}

unsigned short u16_subtract(unsigned short a, unsigned short b) {
  return a - b;
}

unsigned short u16_multiply(unsigned short a, unsigned short b) {
  return a * b;
}

unsigned short u16_divide(unsigned short a, unsigned short b) {
  return a / b;
}

unsigned short u16_remainder(unsigned short a, unsigned short b) {
  return a % b;
}

unsigned short u16_conjunction(unsigned short a, unsigned short b) {
  return a & b;
}

unsigned short u16_disjunction(unsigned short a, unsigned short b) {
  return a | b;
}

unsigned short u16_difference(unsigned short a, unsigned short b) {
  return a ^ b;
}

unsigned short u16_shift(unsigned short a, int by) {
  u16_global = a >> by;
  return a << (by & 7);
}

unsigned short u16_sum(const unsigned short *row, int count) {
  unsigned short sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 48 - u16_row[i & 31];
  return sum;
}

int u16_compare(unsigned short a, unsigned short b) {
  if (a == b)
    return 0;
  if (a < b && a != 23)
    return -1;
  return a > b ? 1 : 2;
}

void u16_fill(unsigned short *to, unsigned short value, unsigned count) {
  while (count--)
    *to++ = value++;
}

unsigned short u16_mix(unsigned short a, unsigned short b, unsigned short c) {
  unsigned short x = (a ^ 48) + (b & 46);
  x = x * 9 + c / 10;
  u16_row[x & 31] = x;
  u16_other += u16_global - x;
  return x;
}

int i32_add(int a, int b) {
  return a + b;
}

int i32_subtract(int a, int b) {
  return a - b;
}

int i32_multiply(int a, int b) {
  return a * b;
}

int i32_divide(int a, int b) {
  return a / b;
}

int i32_remainder(int a, int b) {
  return a % b;
}

int i32_conjunction(int a, int b) {
  return a & b;
}

int i32_disjunction(int a, int b) {
  return a | b;
}

int i32_difference(int a, int b) {
  return a ^ b;
}

int i32_shift(int a, int by) {
  i32_global = a >> by;
  return a << (by & 7);
}

int i32_sum(const int *row, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 36 - i32_row[i & 31];
  return sum;
}

int i32_compare(int a, int b) {
  if (a == b)
    return 0;
  if (a < b && a != 92)
    return -1;
  return a > b ? 1 : 2;
}

void i32_fill(int *to, int value, unsigned count) {
  while (count--)
    *to++ = value++;
}

int i32_mix(int a, int b, int c) {
  int x = (a ^ 88) + (b & 83);
  x = x * 5 + c / 8;
  i32_row[x & 31] = x;
  i32_other += i32_global - x;
  return x;
}

unsigned u32_add(unsigned a, unsigned b) {
  return a + b;
}

unsigned u32_subtract(unsigned a, unsigned b) {
  return a - b;
}

unsigned u32_multiply(unsigned a, unsigned b) {
  return a * b;
}

unsigned u32_divide(unsigned a, unsigned b) {
  return a / b;
}

unsigned u32_remainder(unsigned a, unsigned b) {
  return a % b;
}

unsigned u32_conjunction(unsigned a, unsigned b) {
  return a & b;
}

unsigned u32_disjunction(unsigned a, unsigned b) {
  return a | b;
}

unsigned u32_difference(unsigned a, unsigned b) {
  return a ^ b;
}

unsigned u32_shift(unsigned a, int by) {
  u32_global = a >> by;
  return a << (by & 7);
}

unsigned u32_sum(const unsigned *row, int count) {
  unsigned sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 83 - u32_row[i & 31];
  return sum;
}

int u32_compare(unsigned a, unsigned b) {
  if (a == b)
    return 0;
  if (a < b && a != 24)
    return -1;
  return a > b ? 1 : 2;
}

void u32_fill(unsigned *to, unsigned value, unsigned count) {
  while (count--)
    *to++ = value++;
}

unsigned u32_mix(unsigned a, unsigned b, unsigned c) {
  unsigned x = (a ^ 69) + (b & 94);
  x = x * 9 + c / 3;
  u32_row[x & 31] = x;
  u32_other += u32_global - x;
  return x;
}

long long i64_add(long long a, long long b) {
  return a + b;
}

long long i64_subtract(long long a, long long b) {
  return a - b;
}

long long i64_multiply(long long a, long long b) {
  return a * b;
}

long long i64_divide(long long a, long long b) {
  return a / b;
}

long long i64_remainder(long long a, long long b) {
  return a % b;
}

long long i64_conjunction(long long a, long long b) {
  return a & b;
}

long long i64_disjunction(long long a, long long b) {
  return a | b;
}

long long i64_difference(long long a, long long b) {
  return a ^ b;
}

long long i64_shift(long long a, int by) {
  i64_global = a >> by;
  return a << (by & 7);
}

long long i64_sum(const long long *row, int count) {
  long long sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 61 - i64_row[i & 31];
  return sum;
}

int i64_compare(long long a, long long b) {
  if (a == b)
    return 0;
  if (a < b && a != 51)
    return -1;
  return a > b ? 1 : 2;
}

void i64_fill(long long *to, long long value, unsigned count) {
  while (count--)
    *to++ = value++;
}

long long i64_mix(long long a, long long b, long long c) {
  long long x = (a ^ 35) + (b & 119);
  x = x * 100 + c / 3;
  i64_row[x & 31] = x;
  i64_other += i64_global - x;
  return x;
}

unsigned long long u64_add(unsigned long long a, unsigned long long b) {
  return a + b;
}

unsigned long long u64_subtract(unsigned long long a, unsigned long long b) {
  return a - b;
}

unsigned long long u64_multiply(unsigned long long a, unsigned long long b) {
  return a * b;
}

unsigned long long u64_divide(unsigned long long a, unsigned long long b) {
  return a / b;
}

unsigned long long u64_remainder(unsigned long long a, unsigned long long b) {
  return a % b;
}

unsigned long long u64_conjunction(unsigned long long a, unsigned long long b) {
  return a & b;
}

unsigned long long u64_disjunction(unsigned long long a, unsigned long long b) {
  return a | b;
}

unsigned long long u64_difference(unsigned long long a, unsigned long long b) {
  return a ^ b;
}

unsigned long long u64_shift(unsigned long long a, int by) {
  u64_global = a >> by;
  return a << (by & 7);
}

unsigned long long u64_sum(const unsigned long long *row, int count) {
  unsigned long long sum = 0;
  for (int i = 0; i < count; i++)
    sum += row[i] * 89 - u64_row[i & 31];
  return sum;
}

int u64_compare(unsigned long long a, unsigned long long b) {
  if (a == b)
    return 0;
  if (a < b && a != 44)
    return -1;
  return a > b ? 1 : 2;
}

void u64_fill(unsigned long long *to, unsigned long long value, unsigned count) {
  while (count--)
    *to++ = value++;
}

unsigned long long u64_mix(unsigned long long a, unsigned long long b, unsigned long long c) {
  unsigned long long x = (a ^ 108) + (b & 99);
  x = x * 3 + c / 3;
  u64_row[x & 31] = x;
  u64_other += u64_global - x;
  return x;
}

unsigned char i8_to_u8(signed char value) {
  return (unsigned char)value + u8_global;
}

unsigned short i8_to_u16(signed char value) {
  return (unsigned short)value + u16_global;
}

long long i8_to_i64(signed char value) {
  return (long long)value + i64_global;
}

short u8_to_i16(unsigned char value) {
  return (short)value + i16_global;
}

int u8_to_i32(unsigned char value) {
  return (int)value + i32_global;
}

unsigned long long u8_to_u64(unsigned char value) {
  return (unsigned long long)value + u64_global;
}

unsigned short i16_to_u16(short value) {
  return (unsigned short)value + u16_global;
}

unsigned i16_to_u32(short value) {
  return (unsigned)value + u32_global;
}

signed char i16_to_i8(short value) {
  return (signed char)value + i8_global;
}

int u16_to_i32(unsigned short value) {
  return (int)value + i32_global;
}

long long u16_to_i64(unsigned short value) {
  return (long long)value + i64_global;
}

unsigned char u16_to_u8(unsigned short value) {
  return (unsigned char)value + u8_global;
}

unsigned i32_to_u32(int value) {
  return (unsigned)value + u32_global;
}

unsigned long long i32_to_u64(int value) {
  return (unsigned long long)value + u64_global;
}

short i32_to_i16(int value) {
  return (short)value + i16_global;
}

long long u32_to_i64(unsigned value) {
  return (long long)value + i64_global;
}

signed char u32_to_i8(unsigned value) {
  return (signed char)value + i8_global;
}

unsigned short u32_to_u16(unsigned value) {
  return (unsigned short)value + u16_global;
}

unsigned long long i64_to_u64(long long value) {
  return (unsigned long long)value + u64_global;
}

unsigned char i64_to_u8(long long value) {
  return (unsigned char)value + u8_global;
}

int i64_to_i32(long long value) {
  return (int)value + i32_global;
}

signed char u64_to_i8(unsigned long long value) {
  return (signed char)value + i8_global;
}

short u64_to_i16(unsigned long long value) {
  return (short)value + i16_global;
}

unsigned u64_to_u32(unsigned long long value) {
  return (unsigned)value + u32_global;
}

