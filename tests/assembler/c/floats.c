/* Floating point of the three widths: arithmetic, comparisons, conversions to and from integers, constants in memory. */

float f32_global = 8.218026;
static const float f32_table[] = { 80.5046, 40.1165, 6.61886, 91.3136, 56.718, 71.7914, -0.0, 1e30 };

float f32_add(float a, float b) {
  return a + b;
}

float f32_subtract(float a, float b) {
  return a - b;
}

float f32_multiply(float a, float b) {
  return a * b;
}

float f32_divide(float a, float b) {
  return a / b;
}

int f32_order(float a, float b) {
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
}

float f32_polynomial(float x) {
  float sum = 0;
  for (int i = 7; i >= 0; i--)
    sum = sum * x + f32_table[i];
  return sum;
}

float f32_root(float x) {
  float guess = x / 2;
  for (int i = 0; i < 20; i++)
    guess = (guess + x / guess) / 2;
  f32_global = guess;
  return guess;
}

void f32_scale(float *row, unsigned count, float by) {
  while (count--) {
    *row = *row * by + (float)count;
    if (*row < 0)
      *row = -*row;
    row++;
  }
}

signed char f32_to_i8(float value) {
  return (signed char)value;
}

float i8_to_f32(signed char value) {
  return (float)value * 0.638;
}

unsigned char f32_to_u8(float value) {
  return (unsigned char)value;
}

float u8_to_f32(unsigned char value) {
  return (float)value * 1.498;
}

short f32_to_i16(float value) {
  return (short)value;
}

float i16_to_f32(short value) {
  return (float)value * 2.654;
}

unsigned short f32_to_u16(float value) {
  return (unsigned short)value;
}

float u16_to_f32(unsigned short value) {
  return (float)value * 1.929;
}

int f32_to_i32(float value) {
  return (int)value;
}

float i32_to_f32(int value) {
  return (float)value * 0.429;
}

unsigned f32_to_u32(float value) {
  return (unsigned)value;
}

float u32_to_f32(unsigned value) {
  return (float)value * 0.419;
}

long long f32_to_i64(float value) {
  return (long long)value;
}

float i64_to_f32(long long value) {
  return (float)value * 2.235;
}

unsigned long long f32_to_u64(float value) {
  return (unsigned long long)value;
}

float u64_to_f32(unsigned long long value) {
  return (float)value * 1.617;
}

double f64_global = 7.470138;
static const double f64_table[] = { 42.8434, 58.3533, 36.1996, 99.7326, 13.8332, 49.3516, -0.0, 1e30 };

double f64_add(double a, double b) {
  return a + b;
}

double f64_subtract(double a, double b) {
  return a - b;
}

double f64_multiply(double a, double b) {
  return a * b;
}

double f64_divide(double a, double b) {
  return a / b;
}

int f64_order(double a, double b) {
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
}

double f64_polynomial(double x) {
  double sum = 0;
  for (int i = 7; i >= 0; i--)
    sum = sum * x + f64_table[i];
  return sum;
}

double f64_root(double x) {
  double guess = x / 2;
  for (int i = 0; i < 20; i++)
    guess = (guess + x / guess) / 2;
  f64_global = guess;
  return guess;
}

void f64_scale(double *row, unsigned count, double by) {
  while (count--) {
    *row = *row * by + (double)count;
    if (*row < 0)
      *row = -*row;
    row++;
  }
}

signed char f64_to_i8(double value) {
  return (signed char)value;
}

double i8_to_f64(signed char value) {
  return (double)value * 2.267;
}

unsigned char f64_to_u8(double value) {
  return (unsigned char)value;
}

double u8_to_f64(unsigned char value) {
  return (double)value * 2.583;
}

short f64_to_i16(double value) {
  return (short)value;
}

double i16_to_f64(short value) {
  return (double)value * 0.459;
}

unsigned short f64_to_u16(double value) {
  return (unsigned short)value;
}

double u16_to_f64(unsigned short value) {
  return (double)value * 0.480;
}

int f64_to_i32(double value) {
  return (int)value;
}

double i32_to_f64(int value) {
  return (double)value * 2.041;
}

unsigned f64_to_u32(double value) {
  return (unsigned)value;
}

double u32_to_f64(unsigned value) {
  return (double)value * 1.789;
}

long long f64_to_i64(double value) {
  return (long long)value;
}

double i64_to_f64(long long value) {
  return (double)value * 1.154;
}

unsigned long long f64_to_u64(double value) {
  return (unsigned long long)value;
}

double u64_to_f64(unsigned long long value) {
  return (double)value * 1.788;
}

long double f80_global = 4.680499;
static const long double f80_table[] = { 25.1414, 55.3226, 94.2431, 68.0283, 11.4552, 88.4788, -0.0, 1e30 };

long double f80_add(long double a, long double b) {
  return a + b;
}

long double f80_subtract(long double a, long double b) {
  return a - b;
}

long double f80_multiply(long double a, long double b) {
  return a * b;
}

long double f80_divide(long double a, long double b) {
  return a / b;
}

int f80_order(long double a, long double b) {
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
}

long double f80_polynomial(long double x) {
  long double sum = 0;
  for (int i = 7; i >= 0; i--)
    sum = sum * x + f80_table[i];
  return sum;
}

long double f80_root(long double x) {
  long double guess = x / 2;
  for (int i = 0; i < 20; i++)
    guess = (guess + x / guess) / 2;
  f80_global = guess;
  return guess;
}

void f80_scale(long double *row, unsigned count, long double by) {
  while (count--) {
    *row = *row * by + (long double)count;
    if (*row < 0)
      *row = -*row;
    row++;
  }
}

signed char f80_to_i8(long double value) {
  return (signed char)value;
}

long double i8_to_f80(signed char value) {
  return (long double)value * 2.253;
}

unsigned char f80_to_u8(long double value) {
  return (unsigned char)value;
}

long double u8_to_f80(unsigned char value) {
  return (long double)value * 2.306;
}

short f80_to_i16(long double value) {
  return (short)value;
}

long double i16_to_f80(short value) {
  return (long double)value * 1.021;
}

unsigned short f80_to_u16(long double value) {
  return (unsigned short)value;
}

long double u16_to_f80(unsigned short value) {
  return (long double)value * 0.881;
}

int f80_to_i32(long double value) {
  return (int)value;
}

long double i32_to_f80(int value) {
  return (long double)value * 0.474;
}

unsigned f80_to_u32(long double value) {
  return (unsigned)value;
}

long double u32_to_f80(unsigned value) {
  return (long double)value * 0.010;
}

long long f80_to_i64(long double value) {
  return (long long)value;
}

long double i64_to_f80(long long value) {
  return (long double)value * 2.166;
}

unsigned long long f80_to_u64(long double value) {
  return (unsigned long long)value;
}

long double u64_to_f80(unsigned long long value) {
  return (long double)value * 2.159;
}

double f32_to_f64(float value) {
  return value + f64_global;
}

long double f32_to_f80(float value) {
  return value + f80_global;
}

float f64_to_f32(double value) {
  return value + f32_global;
}

long double f64_to_f80(double value) {
  return value + f80_global;
}

float f80_to_f32(long double value) {
  return value + f32_global;
}

double f80_to_f64(long double value) {
  return value + f64_global;
}

