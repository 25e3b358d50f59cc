# The queue of keys. Keyboard and serial line put keys in, whoever reads the console takes them out.

.include "macros.inc"
.include "keys.inc"

.globl input_put, key_read, key_poll, key_read_timeout, break_check, break_clear

INPUT_KEYS          = 2048                  # a power of two; scripts are pasted faster than commands run

.text

# Adds a key; a full queue drops it. In: EAX key; interrupts off. Callable from an interrupt handler.
input_put:
    cmp     eax, KEY_CTRL_C
    jne     1f
    mov     byte ptr [input_break], 1
1:  mov     ecx, [input_head]
    mov     edx, ecx
    sub     edx, [input_tail]
    cmp     edx, INPUT_KEYS
    jae     2f
    and     ecx, INPUT_KEYS - 1
    mov     [input_ring + ecx*2], ax
    inc     dword ptr [input_head]
2:  mov     eax, offset input_event
    jmp     event_signal

# Takes a key if there is one. Out: EAX key; CF when there is none.
key_poll:
    mov     ecx, [input_tail]
    cmp     ecx, [input_head]
    je      1f
    mov     edx, ecx
    and     edx, INPUT_KEYS - 1
    movzx   eax, word ptr [input_ring + edx*2]
    inc     dword ptr [input_tail]
    clc
    ret
1:  stc
    ret

# Waits for a key. Out: EAX key. May sleep.
key_read:
    mov     eax, -1

# Waits for a key for some time. In: EAX milliseconds, -1 for ever. Out: EAX key; CF when none came. May sleep.
key_read_timeout:
    push    ebx
    mov     ebx, eax
1:  call    key_poll
    jnc     2f
    mov     eax, offset input_event
    mov     edx, ebx
    call    event_wait
    jnc     1b
2:  pop     ebx
    ret

# For commands that run long: whether Ctrl-C was typed since the command began. Out: CF when it was.
break_check:
    cmp     byte ptr [input_break], 1
    cmc
    ret

break_clear:
    mov     byte ptr [input_break], 0
    ret

.bss
.align 4
input_event:    .space 4                    # signalled when a key comes
input_head:     .space 4                    # keys ever put in
input_tail:     .space 4                    # keys ever taken out
input_break:    .space 1
.align 2
input_ring:     .space INPUT_KEYS * 2
