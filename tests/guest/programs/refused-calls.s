# One system call that fails on purpose, so that it can be tried what programs do then: `callfail 3` has the third from
# now on fail as a device does, `callfail` says which one it was. A gate before the kernel's own counts the calls.

.include "macros.inc"
.include "errors.inc"

VECTOR_CALL     = 0x80
CALL_EXIT       = 0                     # calls that never fail: two do not return,
CALL_THREAD_EXIT = 26
CALL_CLOSE      = 4                     # and what is open can always be closed

.bss
.balign 4
fail_count:     .skip 4                 # calls until the one that fails, that one included; 0: none does
fail_number:    .skip 4                 # the call that has failed, and 1; 0: none has

.text

# Puts the gate before the kernel's.
fail_init:
    sub     esp, 8
    sidt    [esp + 2]
    mov     edx, [esp + 4]
    add     esp, 8
    mov     eax, offset fail_entry
    mov     [edx + VECTOR_CALL * 8], ax
    shr     eax, 16
    mov     [edx + VECTOR_CALL * 8 + 6], ax
    clc
    ret

INITCALL 4, fail_init

# INT 80h. The segments are still the program's, but for SS.
fail_entry:
    cmp     eax, CALL_EXIT
    je      call_entry
    cmp     eax, CALL_THREAD_EXIT
    je      call_entry
    cmp     eax, CALL_CLOSE
    je      call_entry
    cmp     dword ptr ss:[fail_count], 0
    je      call_entry
    dec     dword ptr ss:[fail_count]
    jnz     call_entry
    inc     eax
    mov     ss:[fail_number], eax
    mov     eax, -ERROR_IO
    iretd

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_callfail:
    push    ebx
    cmp     eax, 2
    jne     1f
    mov     eax, [edx + 4]
    call    parse_number
    jc      2f
    mov     dword ptr [fail_number], 0
    mov     [fail_count], eax
    xor     eax, eax
    pop     ebx
    ret
1:  xor     eax, eax
    mov     [fail_count], eax
    xchg    eax, [fail_number]
    test    eax, eax
    jz      3f
    dec     eax
    PRINTF  "callfail: call %u has failed\n", eax
    xor     eax, eax
    pop     ebx
    ret
3:  PRINT   "callfail: no call has failed\n"
2:  mov     eax, 1
    pop     ebx
    ret

SHELL_COMMAND "callfail", command_callfail, "[NUMBER]", "have a system call fail", GROUP_DEBUG
