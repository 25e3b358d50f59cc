# The firmware's own messages: on the screen through INT 10h and on COM1 at once.

.include "firmware.inc"

.intel_syntax noprefix
.code16

UART_LINE_STATUS        = 5
LINE_STATUS_THRE        = 0x20
LINE_STATUS_TEMT        = 0x40
UART_POLLS              = 0xFFFF

.text

# Prints a text.
# In: SI NUL-terminated text in the ROM.
# Clobbers: SI.
.global say
say:
    push    ax
1:  mov     al, cs:[si]
    inc     si
    test    al, al
    jz      2f
    call    say_char
    jmp     1b
2:  pop     ax
    ret

# Prints a decimal number.
# In: EAX number.
# Clobbers: EAX, EBX.
.global say_decimal
say_decimal:
    push    edx
    xor     edx, edx
    mov     ebx, 10
    div     ebx
    test    eax, eax
    jz      1f
    call    say_decimal
1:  mov     al, dl
    add     al, '0'
    pop     edx
    jmp     say_char

# Prints four hexadecimal digits.
# In: AX number.
# Clobbers: nothing.
.global say_hex16
say_hex16:
    xchg    al, ah
    call    say_hex8
    xchg    al, ah

# Prints two hexadecimal digits.
# In: AL number.
# Clobbers: nothing.
.global say_hex8
say_hex8:
    push    ax
    aam     16                          # AH = upper digit, AL = lower digit
    xchg    al, ah
    call    1f
    mov     al, ah
    call    1f
    pop     ax
    ret
1:  cmp     al, 10
    sbb     al, 0x69
    das

# One character; a line feed moves to the start of the next line.
# In: AL.
# Clobbers: nothing.
.global say_char
say_char:
    cmp     al, '\n'
    jne     1f
    mov     al, '\r'
    call    1f
    mov     al, '\n'
1:  pusha
    push    ds
    push    ax
    mov     ah, 0x0E
    mov     bx, 7
    int     0x10
    pop     ax
    mov     dx, BDA_SEGMENT
    mov     ds, dx
    mov     dx, [BDA_COM]
    test    dx, dx
    jz      3f
    mov     ah, al
    add     dx, UART_LINE_STATUS
    mov     cx, UART_POLLS
2:  in      al, dx
    test    al, LINE_STATUS_THRE
    loopz   2b
    jz      3f
    mov     al, ah
    sub     dx, UART_LINE_STATUS
    out     dx, al
3:  pop     ds
    popa
    ret

# Waits until COM1 has sent everything: a boot sector may write to it without asking.
# Clobbers: AL, CX, DX.
.global say_flush
say_flush:
    push    ds
    mov     dx, BDA_SEGMENT
    mov     ds, dx
    mov     dx, [BDA_COM]
    pop     ds
    test    dx, dx
    jz      2f
    add     dx, UART_LINE_STATUS
    mov     cx, UART_POLLS
1:  in      al, dx
    test    al, LINE_STATUS_TEMT
    loopz   1b
2:  ret
