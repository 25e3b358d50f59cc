# The loader's voice: texts with fields, on the screen (INT 10h) and on COM1 at once, and the end of a boot that failed.
#
# A text is a NUL-terminated string; the macros HEX8, HEX32, DECIMAL and TEXT in it name a variable whose value is shown
# in that place, so a message is data and costs its caller two instructions.

.include "loader.inc"

.intel_syntax noprefix
.code16

BDA_COM1                = 0x400         # u16 port of COM1, 0 if there is none
BDA_TICKS               = 0x46C         # u32
BDA_RESET_FLAG          = 0x472
RESTART_TICKS           = 182           # 10 s
UART_LINE_CONTROL       = 3
UART_MODEM_CONTROL      = 4
UART_LINE_STATUS        = 5
LINE_STATUS_THRE        = 0x20          # transmitter holding register empty
LINE_STATUS_TEMT        = 0x40          # and the shift register as well
UART_POLLS              = 0xFFFF        # more than ten character times at 115200 baud on a fast machine

.text

# Finds COM1 and sets it to 115200 baud, 8 data bits, no parity, one stop bit.
# Out: [boot info + bi_bda_com1].
# Clobbers: AX, DX.
.global console_init
console_init:
    mov     dx, [BDA_COM1]
    mov     [BOOT_INFO_ADDRESS + bi_bda_com1], dx
    test    dx, dx
    jz      1f
    add     dx, UART_LINE_CONTROL
    mov     al, 0x83                    # divisor latch access, 8N1
    out     dx, al
    sub     dx, UART_LINE_CONTROL
    mov     al, 1                       # 115200 / 1
    out     dx, al
    inc     dx
    xor     al, al
    out     dx, al
    add     dx, UART_LINE_CONTROL - 1
    mov     al, 0x03
    out     dx, al
    inc     dx
    out     dx, al                      # DTR and RTS (UART_MODEM_CONTROL)
1:  ret

# Shows a text.
# In: SI text.
# Out: SI after it.
# Clobbers: nothing.
.global print
print:
    pushad
1:  mov     si, [esp + 4]               # the saved SI is the position
    lodsb
    mov     [esp + 4], si
    test    al, al
    jz      9f
    cmp     al, FIELDS_END
    jae     2f
    lodsw                               # AX: address of the value
    mov     [esp + 4], si
    movzx   bx, byte ptr [si - 3]
    mov     si, ax
    add     bx, bx
    call    [bx + field_printers - 2]
    jmp     1b
2:  call    print_char
    jmp     1b
9:  popad
    ret

# Printers of fields.
# In: SI address of the value.
# Clobbers: EAX, EBX, ECX, EDX, SI.
print_hex8:
    mov     cx, 2
    mov     ebx, [si]
    ror     ebx, 8
    jmp     print_digits
print_hex32:
    mov     cx, 8
    mov     ebx, [si]
print_digits:                           # the CX upper digits of EBX
    rol     ebx, 4
    mov     al, bl
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    call    print_char
    loop    print_digits
    ret
print_decimal:
    mov     eax, [si]

# Prints a decimal number.
# In: EAX number.
# Clobbers: EAX, EBX, ECX, EDX.
print_decimal_eax:
    xor     edx, edx
    mov     ebx, 10
    div     ebx
    push    dx
    test    eax, eax
    jz      1f
    call    print_decimal_eax
1:  pop     ax
    add     al, '0'
    jmp     print_char
print_text:
    mov     si, [si]
    jmp     print

# Prints a character.
# In: AL character; a line feed moves to the start of the next line.
# Clobbers: nothing.
.global print_char
print_char:
    pushad
    cmp     al, '\n'
    jne     1f
    mov     al, '\r'
    call    emit
    mov     al, '\n'
1:  call    emit
    popad
    ret

# One byte to the screen and to COM1.
# In: AL.
# Clobbers: AH, BX, CX, DX.
.global emit
emit:
    push    bp                          # old BIOSes lose BP when the screen scrolls
    push    ax
    mov     ah, 0x0E
    mov     bx, 7
    int     0x10
    pop     ax
    pop     bp
    mov     dx, [BOOT_INFO_ADDRESS + bi_bda_com1]
    test    dx, dx
    jz      9f
    mov     ah, al
    add     dx, UART_LINE_STATUS
    mov     cx, UART_POLLS
1:  in      al, dx
    test    al, LINE_STATUS_THRE
    loopz   1b
    mov     al, ah
    jz      9f                          # nobody takes the characters: do not wait longer
    sub     dx, UART_LINE_STATUS
    out     dx, al
9:  ret

# Waits until COM1 has sent everything, before the kernel sets it up anew.
# Clobbers: AL, CX, DX.
.global console_flush
console_flush:
    mov     dx, [BOOT_INFO_ADDRESS + bi_bda_com1]
    test    dx, dx
    jz      2f
    add     dx, UART_LINE_STATUS
    mov     cx, UART_POLLS
1:  in      al, dx
    test    al, LINE_STATUS_TEMT
    loopz   1b
2:  ret

# Says why the boot ends; goes on with another kernel if there is one, else starts the machine again after a while, for
# what a drive cannot do now it may do then. A key starts it at once.
# In: SI text; does not return.
.global fail
fail:
    call    say_failure
    cmp     word ptr [fail_other], 0
    je      1f
    call    [fail_other]
1:  mov     si, offset text_restart
    call    print
    mov     cx, RESTART_TICKS
    call    pause
    mov     word ptr [BDA_RESET_FLAG], 0x1234 # warm: the BIOS need not test memory
    ljmp    0xFFFF, 0

# Says what has failed.
# In: SI text.
# Clobbers: DI, SI.
.global say_failure
say_failure:
    mov     di, si
    mov     si, offset text_fail
    call    print
    mov     si, di
    jmp     print

# Waits, but no longer than until a key is pressed, which it takes.
# In: CX ticks of the timer, 18.2 a second.
# Clobbers: AX, CX, EDX.
.global pause
pause:
    sti
    mov     edx, [BDA_TICKS]
1:  mov     ah, 1
    int     0x16
    jnz     2f
    hlt
    cmp     edx, [BDA_TICKS]
    je      1b
    mov     edx, [BDA_TICKS]
    loop    1b
    ret
2:  xor     ax, ax
    int     0x16
    ret

.data
.global fail_other
fail_other:             .word 0         # routine that goes on with another kernel, or returns
field_printers:         .word print_hex8, print_hex32, print_decimal, print_text
text_fail:              .asciz "\nQuRe loader: "
text_restart:           .asciz ".\nIt starts again in 10 s, or when a key is pressed.\n"
