# A service that counts, and hands its count to a newer program: the smallest one that `service replace` can replace.

.intel_syntax noprefix
.include "system-calls.inc"
.include "errors.inc"

STATE_VERSION   = 1                         # the state: u32, what was counted

.text

# Takes the milliseconds from one number to the next.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      .Lusage
    call    number_of
    jc      .Lusage
    mov     ebp, eax                    # EBP: milliseconds
    SYSTEM  state_take, "offset counted", 4, "offset version"
    cmp     eax, -ERROR_NOT_FOUND
    je      .Lcount                     # nobody was there before
    mov     edx, offset text_version
    cmp     eax, 4
    jne     .Lrefuse
    cmp     dword ptr [version], STATE_VERSION
    jne     .Lrefuse
    SYSTEM  state_ready
.Lcount:
    SYSTEM  state_wanted, ebp           # sleeps, or is asked
    test    eax, eax
    jnz     .Lgive
    inc     dword ptr [counted]
    mov     eax, offset text_counter
    call    put
    mov     eax, [counted]
    call    put_number
    mov     eax, offset text_end
    call    put
    jmp     .Lcount
.Lgive:
    SYSTEM  state_give, STATE_VERSION, "offset counted", 4
    jmp     .Lcount                     # the new program has failed
.Lusage:
    mov     edx, offset text_usage
.Lrefuse:
    mov     eax, 2
    call    put_to
    SYSTEM  exit, 2

.section .rodata
text_usage:     .asciz "usage: counter MILLISECONDS\n"
text_version:   .asciz "error: the state is of another form\n"
text_counter:   .asciz "counter: "
text_end:       .asciz "\n"

.bss
.balign 4
counted:        .space 4
version:        .space 4
