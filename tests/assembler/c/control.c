/* Switches dense and sparse, calls through tables, statics of functions, initialised structures, attributes and sections. */

extern int sink(int, ...);
extern int (*hook)(int);

static int open_step(int value, int depth) {
  static int calls = 0;
  calls += depth;
  return value * 2 + calls;
}

static int close_step(int value, int depth) {
  static int calls = 1;
  calls += depth;
  return value * 3 + calls;
}

static int read_step(int value, int depth) {
  static int calls = 2;
  calls += depth;
  return value * 4 + calls;
}

static int write_step(int value, int depth) {
  static int calls = 3;
  calls += depth;
  return value * 5 + calls;
}

static int seek_step(int value, int depth) {
  static int calls = 4;
  calls += depth;
  return value * 6 + calls;
}

static int mount_step(int value, int depth) {
  static int calls = 5;
  calls += depth;
  return value * 7 + calls;
}

static int format_step(int value, int depth) {
  static int calls = 6;
  calls += depth;
  return value * 8 + calls;
}

static int verify_step(int value, int depth) {
  static int calls = 7;
  calls += depth;
  return value * 9 + calls;
}

static int list_step(int value, int depth) {
  static int calls = 8;
  calls += depth;
  return value * 10 + calls;
}

static int copy_step(int value, int depth) {
  static int calls = 9;
  calls += depth;
  return value * 11 + calls;
}

static int move_step(int value, int depth) {
  static int calls = 10;
  calls += depth;
  return value * 12 + calls;
}

static int erase_step(int value, int depth) {
  static int calls = 11;
  calls += depth;
  return value * 13 + calls;
}

static int link_step(int value, int depth) {
  static int calls = 12;
  calls += depth;
  return value * 14 + calls;
}

static int watch_step(int value, int depth) {
  static int calls = 13;
  calls += depth;
  return value * 15 + calls;
}

static int (*const steps[])(int, int) = {
  open_step,
  close_step,
  read_step,
  write_step,
  seek_step,
  mount_step,
  format_step,
  verify_step,
  list_step,
  copy_step,
  move_step,
  erase_step,
  link_step,
  watch_step,
};

int step(unsigned index, int value) {
  if (index >= sizeof steps / sizeof steps[0])
    return -1;
  return steps[index](value, 1);
}

int switch_0(int value) {
  switch (value) {
  case 0:
    return sink(995, value + 1);
  case 1:
    return sink(519, value);
  case 2:
    return sink(891, value * 3);
  case 3:
    return sink(861, value + 1);
  case 4:
    return sink(156, value * 3);
  case 5:
    return sink(780, value + 1);
  default:
    return value - 0;
  }
}

int switch_1(int value) {
  switch (value) {
  case 1:
    return sink(552, value);
  case 308:
    return sink(331, value << 2);
  case 318:
    return sink(114, value * 3);
  case 768:
    return sink(851, value * 3);
  case 891:
    return sink(59, value + 1);
  case 1341:
    return sink(580, value);
  case 1385:
    return sink(749, value << 2);
  default:
    return value - 1;
  }
}

int switch_2(int value) {
  switch (value) {
  case 2:
    return sink(70, value + 1);
  case 3:
    return sink(131, value << 2);
  case 4:
    return sink(969, value + 1);
  case 5:
    return sink(271, value << 2);
  case 6:
    return sink(987, value + 1);
  case 7:
    return sink(951, value + 1);
  case 8:
    return sink(730, value * 3);
  case 9:
    return sink(408, value * 3);
  default:
    return value - 2;
  }
}

int switch_3(int value) {
  switch (value) {
  case 3:
    return sink(448, value << 2);
  case 65:
    return sink(253, value + 1);
  case 98:
    return sink(346, value);
  case 400:
    return sink(567, value + 1);
  case 702:
    return sink(225, value);
  case 739:
    return sink(724, value);
  case 857:
    return sink(69, value);
  case 1298:
    return sink(338, value);
  case 1562:
    return sink(243, value * 3);
  default:
    return value - 3;
  }
}

int switch_4(int value) {
  switch (value) {
  case 4:
    return sink(497, value + 1);
  case 5:
    return sink(552, value + 1);
  case 6:
    return sink(740, value << 2);
  case 7:
    return sink(248, value << 2);
  case 8:
    return sink(826, value << 2);
  case 9:
    return sink(194, value);
  case 10:
    return sink(99, value << 2);
  case 11:
    return sink(362, value << 2);
  case 12:
    return sink(420, value << 2);
  case 13:
    return sink(884, value);
  default:
    return value - 4;
  }
}

int switch_5(int value) {
  switch (value) {
  case 5:
    return sink(689, value);
  case 37:
    return sink(412, value * 3);
  case 447:
    return sink(882, value);
  case 575:
    return sink(196, value + 1);
  case 850:
    return sink(459, value + 1);
  case 1067:
    return sink(187, value * 3);
  case 1304:
    return sink(255, value);
  case 1531:
    return sink(827, value);
  case 1557:
    return sink(667, value);
  case 2054:
    return sink(95, value + 1);
  case 2140:
    return sink(416, value << 2);
  default:
    return value - 5;
  }
}

int switch_6(int value) {
  switch (value) {
  case 6:
    return sink(218, value << 2);
  case 7:
    return sink(924, value);
  case 8:
    return sink(168, value << 2);
  case 9:
    return sink(2, value << 2);
  case 10:
    return sink(271, value << 2);
  case 11:
    return sink(292, value << 2);
  case 12:
    return sink(713, value << 2);
  case 13:
    return sink(158, value + 1);
  case 14:
    return sink(303, value + 1);
  case 15:
    return sink(991, value);
  case 16:
    return sink(593, value);
  case 17:
    return sink(765, value * 3);
  default:
    return value - 6;
  }
}

int switch_7(int value) {
  switch (value) {
  case 7:
    return sink(58, value);
  case 307:
    return sink(488, value + 1);
  case 337:
    return sink(983, value);
  case 773:
    return sink(190, value);
  case 1078:
    return sink(69, value + 1);
  case 1285:
    return sink(122, value + 1);
  case 1582:
    return sink(608, value);
  case 1900:
    return sink(83, value << 2);
  case 2237:
    return sink(597, value * 3);
  case 2716:
    return sink(267, value + 1);
  case 3059:
    return sink(733, value * 3);
  case 3182:
    return sink(271, value << 2);
  case 3250:
    return sink(687, value * 3);
  default:
    return value - 7;
  }
}

int switch_8(int value) {
  switch (value) {
  case 8:
    return sink(323, value);
  case 9:
    return sink(9, value << 2);
  case 10:
    return sink(636, value);
  case 11:
    return sink(75, value + 1);
  case 12:
    return sink(518, value * 3);
  case 13:
    return sink(135, value * 3);
  case 14:
    return sink(902, value);
  case 15:
    return sink(900, value + 1);
  case 16:
    return sink(378, value * 3);
  case 17:
    return sink(161, value << 2);
  case 18:
    return sink(853, value * 3);
  case 19:
    return sink(626, value);
  case 20:
    return sink(683, value * 3);
  case 21:
    return sink(954, value);
  default:
    return value - 8;
  }
}

int switch_9(int value) {
  switch (value) {
  case 9:
    return sink(961, value + 1);
  case 145:
    return sink(118, value);
  case 526:
    return sink(566, value + 1);
  case 666:
    return sink(288, value + 1);
  case 1034:
    return sink(351, value + 1);
  case 1386:
    return sink(649, value * 3);
  case 1645:
    return sink(500, value * 3);
  case 2109:
    return sink(929, value);
  case 2157:
    return sink(649, value << 2);
  case 2582:
    return sink(283, value);
  case 2584:
    return sink(341, value + 1);
  case 2911:
    return sink(268, value + 1);
  case 3291:
    return sink(452, value << 2);
  case 3579:
    return sink(9, value);
  case 3618:
    return sink(967, value + 1);
  default:
    return value - 9;
  }
}

int switch_10(int value) {
  switch (value) {
  case 10:
    return sink(36, value * 3);
  case 11:
    return sink(596, value + 1);
  case 12:
    return sink(440, value + 1);
  case 13:
    return sink(42, value * 3);
  case 14:
    return sink(373, value);
  case 15:
    return sink(920, value * 3);
  case 16:
    return sink(215, value + 1);
  case 17:
    return sink(682, value);
  case 18:
    return sink(362, value << 2);
  case 19:
    return sink(997, value + 1);
  case 20:
    return sink(947, value + 1);
  case 21:
    return sink(885, value + 1);
  case 22:
    return sink(999, value + 1);
  case 23:
    return sink(902, value << 2);
  case 24:
    return sink(25, value + 1);
  case 25:
    return sink(754, value * 3);
  default:
    return value - 10;
  }
}

int switch_11(int value) {
  switch (value) {
  case 11:
    return sink(801, value << 2);
  case 422:
    return sink(685, value + 1);
  case 559:
    return sink(163, value);
  case 755:
    return sink(893, value);
  case 1195:
    return sink(481, value + 1);
  case 1298:
    return sink(836, value << 2);
  case 1478:
    return sink(312, value + 1);
  case 1593:
    return sink(24, value + 1);
  case 1798:
    return sink(336, value * 3);
  case 2241:
    return sink(71, value * 3);
  case 2421:
    return sink(656, value << 2);
  case 2769:
    return sink(863, value * 3);
  case 3250:
    return sink(28, value);
  case 3700:
    return sink(993, value * 3);
  case 3792:
    return sink(594, value * 3);
  case 3812:
    return sink(111, value << 2);
  case 3989:
    return sink(746, value * 3);
  default:
    return value - 11;
  }
}

struct record_0 {
  unsigned char first;
  long long row[2];
  long double real;
  const char *name;
  struct record_0 *link;
};

struct record_0 record_0 = { 0, { 1, 2 }, 0.5, "record 0", &record_0 };

int use_0(struct record_0 *record, int index) {
  record->row[index % 2] += record->first;
  record->real *= 1;
  if (record->link && record->link != record)
    return use_0(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_1 {
  unsigned short first;
  int row[3];
  float real;
  const char *name;
  struct record_1 *link;
};

struct record_1 record_1 = { 1, { 1, 2 }, 1.5, "record 1", &record_1 };

int use_1(struct record_1 *record, int index) {
  record->row[index % 3] += record->first;
  record->real *= 2;
  if (record->link && record->link != record)
    return use_1(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_2 {
  long long first;
  signed char row[4];
  long double real;
  const char *name;
  struct record_2 *link;
};

struct record_2 record_2 = { 2, { 1, 2 }, 2.5, "record 2", &record_2 };

int use_2(struct record_2 *record, int index) {
  record->row[index % 4] += record->first;
  record->real *= 3;
  if (record->link && record->link != record)
    return use_2(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_3 {
  unsigned short first;
  unsigned row[5];
  double real;
  const char *name;
  struct record_3 *link;
};

struct record_3 record_3 = { 3, { 1, 2 }, 3.5, "record 3", &record_3 };

int use_3(struct record_3 *record, int index) {
  record->row[index % 5] += record->first;
  record->real *= 4;
  if (record->link && record->link != record)
    return use_3(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_4 {
  unsigned char first;
  unsigned row[6];
  long double real;
  const char *name;
  struct record_4 *link;
};

struct record_4 record_4 = { 4, { 1, 2 }, 4.5, "record 4", &record_4 };

int use_4(struct record_4 *record, int index) {
  record->row[index % 6] += record->first;
  record->real *= 5;
  if (record->link && record->link != record)
    return use_4(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_5 {
  unsigned first;
  unsigned char row[7];
  long double real;
  const char *name;
  struct record_5 *link;
};

struct record_5 record_5 = { 5, { 1, 2 }, 5.5, "record 5", &record_5 };

int use_5(struct record_5 *record, int index) {
  record->row[index % 7] += record->first;
  record->real *= 6;
  if (record->link && record->link != record)
    return use_5(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_6 {
  int first;
  int row[8];
  long double real;
  const char *name;
  struct record_6 *link;
};

struct record_6 record_6 = { 6, { 1, 2 }, 6.5, "record 6", &record_6 };

int use_6(struct record_6 *record, int index) {
  record->row[index % 8] += record->first;
  record->real *= 7;
  if (record->link && record->link != record)
    return use_6(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_7 {
  long long first;
  unsigned row[9];
  double real;
  const char *name;
  struct record_7 *link;
};

struct record_7 record_7 = { 7, { 1, 2 }, 7.5, "record 7", &record_7 };

int use_7(struct record_7 *record, int index) {
  record->row[index % 9] += record->first;
  record->real *= 8;
  if (record->link && record->link != record)
    return use_7(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_8 {
  int first;
  short row[10];
  float real;
  const char *name;
  struct record_8 *link;
};

struct record_8 record_8 = { 8, { 1, 2 }, 8.5, "record 8", &record_8 };

int use_8(struct record_8 *record, int index) {
  record->row[index % 10] += record->first;
  record->real *= 9;
  if (record->link && record->link != record)
    return use_8(record->link, index + 1);
  return sink(index, record->name, record->real);
}

struct record_9 {
  long long first;
  long long row[11];
  long double real;
  const char *name;
  struct record_9 *link;
};

struct record_9 record_9 = { 9, { 1, 2 }, 9.5, "record 9", &record_9 };

int use_9(struct record_9 *record, int index) {
  record->row[index % 11] += record->first;
  record->real *= 10;
  if (record->link && record->link != record)
    return use_9(record->link, index + 1);
  return sink(index, record->name, record->real);
}

__attribute__((section(".special"), used)) static int special = 7;
__attribute__((aligned(64))) char aligned[100];
__attribute__((weak)) int weak_value;
__attribute__((visibility("hidden"))) int hidden_value = 3;
static int uninitialised[50];
int common_block[20];

__attribute__((noinline, cold)) int unlikely(int value) {
  return value + special + hidden_value + weak_value + uninitialised[value & 7] + common_block[2] + aligned[1];
}

inline static unsigned rotate(unsigned value, unsigned by) {
  return value << by | value >> (32 - by);
}

unsigned digest(const unsigned *words, int count) {
  unsigned a = 0x67452301, b = 0xefcdab89, c = 0x98badcfe;
  for (int i = 0; i < count; i++) {
    a = rotate(a + (b & c) + words[i], 7);
    b = rotate(b ^ a ^ words[i], 12);
    c = rotate(c + (a | ~b), 17);
  }
  return a ^ b ^ c;
}

int with_assembly(int value) {
  int result;
  __asm__ volatile("# a comment of the program" ::: "memory");
  __asm__("" : "=r"(result) : "0"(value));
  return result;
}

int varying(int count) {
  int row[count];
  for (int i = 0; i < count; i++)
    row[i] = i * i;
  return sink(row[count - 1], row[0]);
}

long long wide_loop(long long from, long long to) {
  long long sum = 0;
  for (; from < to; from += 3)
    sum ^= from * from >> 2;
  return sum;
}

void copy_words(int *to, const int *from, unsigned count) {
  __builtin_memcpy(to, from, 64);
  __builtin_memset(to + 16, 0, count);
  for (unsigned i = 0; i < count; i++)
    to[i] += from[count - i];
}

int tail(int value) {
  return hook(value + 1);
}
