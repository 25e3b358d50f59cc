/* What x87.s does, on the processor of the host: reads cases from standard input and writes them back as they are afterwards. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CASE_BYTES = 144 };

int main(void) {
  uint32_t count;
  if (fread(&count, 4, 1, stdin) != 1) return 1;
  /* Below 4 GiB, as the operands of 32-bit code would be. */
  uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (code == MAP_FAILED) return 1;
  static const uint8_t before[] = {0x52, 0x9d, 0xdd, 0x27}; /* push rdx; popfq; frstor [rdi] */
  static const uint8_t after[] = {0x9c, 0x5a, 0xdd, 0x37, 0xc3}; /* pushfq; pop rdx; fnsave [rdi]; ret */
  memcpy(code, before, 4);
  memcpy(code + 20, after, 5);
  for (uint32_t i = 0; i < count; i++) {
    uint8_t data[CASE_BYTES] __attribute__((aligned(16)));
    if (fread(data, CASE_BYTES, 1, stdin) != 1) return 1;
    memcpy(code + 4, data + 128, 16);
    uint64_t flags;
    uint32_t initial;
    memcpy(&initial, data + 108, 4);
    flags = initial;
    __asm__ volatile("subq $256, %%rsp\n\tcall *%1\n\taddq $256, %%rsp\n\tpushq $2\n\tpopfq\n\tfninit"
                     : "+d"(flags)
                     : "r"(code), "D"(data), "S"(data + 112)
                     : "memory", "cc", "rax");
    initial = (uint32_t)flags;
    memcpy(data + 108, &initial, 4);
    fwrite(data, CASE_BYTES, 1, stdout);
  }
  return 0;
}
