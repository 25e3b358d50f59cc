/* What vector.s does, on the processor of the host: reads cases from standard input and writes them back as they are afterwards. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { CASE_BYTES = 608, VECTOR_AT = 532, CODE_AT = 592, CODE_BYTES = 16 };

static uint8_t *code;
static volatile uint32_t vector;

/* Notes which exception it was and goes on after the instruction, at the RET. */
static void fault(int number, siginfo_t *info, void *context) {
  ucontext_t *state = context;
  (void)number;
  (void)info;
  vector = (uint32_t)state->uc_mcontext.gregs[REG_TRAPNO];
  state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(code + CODE_BYTES);
}

void run_case(uint8_t *data, uint8_t *code);
__asm__(".globl run_case\n"
        "run_case: push %rbx; push %rbp; push %r12; push %r13; sub $8, %rsp\n"
        "mov %rdi, %r12; mov %rsi, %r13\n"
        "fxrstor (%r12)\n"
        "mov 528(%r12), %eax; push %rax; popfq\n"
        "mov 512(%r12), %eax; mov 516(%r12), %ecx; mov 520(%r12), %edx; mov 524(%r12), %ebx\n"
        "lea 544(%r12), %rsi; lea 560(%r12), %rdi\n"
        "call *%r13\n"
        "pushfq; pop %rbp; mov %ebp, 528(%r12)\n"
        "mov %eax, 512(%r12); mov %ecx, 516(%r12); mov %edx, 520(%r12); mov %ebx, 524(%r12)\n"
        "push $2; popfq; fxsave (%r12); fninit; movl $0x1f80, 536(%r12); ldmxcsr 536(%r12)\n"
        "add $8, %rsp; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

int main(void) {
  uint32_t count;
  if (fread(&count, 4, 1, stdin) != 1) return 1;
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGFPE, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  code[CODE_BYTES] = 0xc3;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t data[CASE_BYTES] __attribute__((aligned(16)));
    if (fread(data, CASE_BYTES, 1, stdin) != 1) return 1;
    memcpy(code, data + CODE_AT, CODE_BYTES);
    vector = 0;
    run_case(data, code);
    memcpy(data + VECTOR_AT, (const void *)&vector, 4);
    fwrite(data, CASE_BYTES, 1, stdout);
  }
  return 0;
}
