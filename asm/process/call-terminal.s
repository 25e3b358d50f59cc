# System calls about the console as a terminal: keys one by one, and how large it is.

.include "macros.inc"
.include "errors.inc"
.include "keys.inc"
.include "process.inc"
.include "console.inc"
.include "terminal.inc"

.text

# System call: waits for a key. From the first call on they are all the process's, until its end.
# In: EAX milliseconds or -1.
.global call_key
call_key:
    mov     esi, eax
    cmp     dword ptr [ebx + PROCESS_ASIDE], 0
    jne     call_aside
    call    console_own
    mov     edi, eax
    mov     [edi + CONSOLE_TAKER], ebx
.Lcall_key_look:
    call    key_poll
    jnc     .Lcall_key_got
    lea     eax, [edi + CONSOLE_KEYS]
    mov     edx, esi
    call    event_wait
    jnc     .Lcall_key_look
    mov     eax, ERROR_TIMEOUT
    stc
    ret
.Lcall_key_got:
    cmp     eax, KEY_CTRL_C
    clc
    jne     .Lcall_key_done
    mov     dword ptr [edi + CONSOLE_UNTAKEN], 0
    mov     byte ptr [edi + CONSOLE_BREAK], 0
.Lcall_key_done:
    ret
call_aside:
    mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# System call: says how large the terminal is.
# In: EAX address of the record, EDX 0 or TERMINAL_ASK_*.
.global call_terminal
call_terminal:
    mov     edi, eax
    test    edx, edx
    jz      .Lcall_terminal_size
    cmp     dword ptr [ebx + PROCESS_ASIDE], 0
    jne     call_aside                  # the answer comes as keys do
    cmp     edx, TERMINAL_ASK_WAIT
    ja      .Lcall_terminal_invalid
    je      .Lcall_terminal_wait
    call    terminal_ask
    jmp     .Lcall_terminal_size
.Lcall_terminal_wait:
    call    terminal_await
.Lcall_terminal_size:
    call    terminal_size
    push    edx
    push    eax
    mov     eax, edi
    mov     edx, esp
    mov     ecx, 8
    call    copy_to_program
    lea     esp, [esp + 8]
    jc      .Lcall_terminal_done
    xor     eax, eax
.Lcall_terminal_done:
    ret
.Lcall_terminal_invalid:
    mov     eax, ERROR_INVALID
    stc
    ret
