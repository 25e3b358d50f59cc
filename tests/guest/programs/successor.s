# The program that is to take over from `counter`: what it does is said by the last character of its name. It counts in
# steps of ten, and its state has a second number, so its version is 2.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Is started with the arguments of `counter`.
.global _start
_start:
    mov     esi, [esp + 4]
1:  inc     esi
    cmp     byte ptr [esi], 0
    jne     1b
    movzx   ebp, byte ptr [esi - 1]     # EBP: how it behaves
    SYSTEM  state_take, "offset state", 8, "offset version"
    cmp     eax, -2                     # not found: there is nothing to take over
    je      count
    cmp     eax, 4
    jne     refuse
    cmp     dword ptr [version], 1
    jne     refuse
    cmp     ebp, 'f'                    # faults with the state
    je      fault
    cmp     ebp, 's'                    # never says that it is ready
    je      forever
    cmp     ebp, 'r'                    # refuses
    je      refuse
    SYSTEM  state_ready
    cmp     ebp, 'l'                    # faults a little later
    je      late
    inc     dword ptr [state + 4]
count:
    SYSTEM  state_wanted, 100
    test    eax, eax
    jnz     give
    add     dword ptr [state], 10
    mov     eax, offset text_counter
    call    put
    mov     eax, [state]
    call    put_number
    mov     eax, offset text_end
    call    put
    jmp     count
give:
    SYSTEM  state_give, 2, "offset state", 8
    jmp     count
late:
    SYSTEM  sleep, 500
fault:
    mov     dword ptr [0], 1
forever:
    SYSTEM  sleep, -1
    jmp     forever
refuse:
    SYSTEM  exit, 3

.section .rodata
text_counter:   .asciz "successor: "
text_end:       .asciz "\n"

.bss
.balign 4
state:          .space 8
version:        .space 4
