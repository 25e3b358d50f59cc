# INT 14h: serial ports.

.include "firmware.inc"

.intel_syntax noprefix
.code16

# 16550 registers
UART_DATA               = 0             # divisor, low byte, while DLAB is set
UART_INTERRUPTS         = 1
UART_LINE_CONTROL       = 3
UART_MODEM_CONTROL      = 4
UART_LINE_STATUS        = 5
UART_MODEM_STATUS       = 6
UART_SCRATCH            = 7
LINE_CONTROL_DLAB       = 0x80
LINE_CONTROL_8N1        = 0x03
LINE_STATUS_DATA        = 0x01
LINE_STATUS_THRE        = 0x20
MODEM_DTR_RTS           = 0x03
STATUS_TIMEOUT          = 0x80          # bit 7 of AH
TIMEOUT_TICKS           = 10            # of the timer, 0.55 s; POLLS bounds it where interrupts are off
POLLS                   = 0x40000

.text

# Finds the ports, sets them to 115200 baud, 8N1.
# In: DS = BDA.
# Clobbers: AX, BX, CX, DX, SI.
.global serial_init
serial_init:
    xor     bx, bx
    mov     si, offset serial_ports
1:  mov     dx, cs:[si]
    call    serial_present
    jnz     2f
    mov     [bx + BDA_COM], dx
    shr     bx, 1
    mov     byte ptr [bx + BDA_COM_TIMEOUT], TIMEOUT_TICKS
    inc     bx
    add     bx, bx
    mov     cx, 1                       # divisor of 115200 baud
    mov     al, LINE_CONTROL_8N1
    call    serial_set
2:  add     si, 2
    cmp     si, offset serial_ports_end
    jb      1b
    ret

# Does a UART answer?
# In: DX port.
# Out: ZF set if so.
# Clobbers: AX.
serial_present:
    push    dx
    add     dx, UART_SCRATCH
    mov     al, 0x5A
    out     dx, al
    in      al, dx
    pop     dx
    cmp     al, 0x5A
    ret

# Sets rate and format of a port.
# In: DX port, CX divisor, AL line control without DLAB.
# Clobbers: AX.
serial_set:
    push    dx
    mov     ah, al
    add     dx, UART_LINE_CONTROL
    or      al, LINE_CONTROL_DLAB
    out     dx, al
    sub     dx, UART_LINE_CONTROL
    mov     al, cl
    out     dx, al
    inc     dx
    mov     al, ch
    out     dx, al
    add     dx, UART_LINE_CONTROL - UART_INTERRUPTS
    mov     al, ah
    out     dx, al
    sub     dx, UART_LINE_CONTROL - UART_INTERRUPTS
    xor     al, al
    out     dx, al
    add     dx, UART_MODEM_CONTROL - UART_INTERRUPTS
    mov     al, MODEM_DTR_RTS
    out     dx, al
    pop     dx
    ret

# Looks up a port.
# In: DX number of the port (caller's).
# Out: DX its I/O port; ZF set when there is none.
# Clobbers: BX.
serial_port:
    mov     bx, dx
    xor     dx, dx
    cmp     bx, 4
    jae     1f
    add     bx, bx
    mov     dx, [bx + BDA_COM]
1:  test    dx, dx
    ret

# Waits for a bit of the line status.
# In: DX I/O port, AH bit.
# Out: ZF set on timeout.
# Clobbers: AL, ECX.
serial_wait:
    push    dx
    add     dx, UART_LINE_STATUS
    mov     ecx, POLLS
1:  in      al, dx
    test    al, ah
    jnz     2f
    dec     ecx
    jnz     1b
2:  pop     dx
    ret

# INT 14h AH=00h.
# In: AL bits 7-5 rate (110, 150, 300, 600, 1200, 2400, 4800, 9600), 4-0 line control; DX port.
serial_setup:
    call    serial_port
    jz      serial_none
    mov     bl, al
    shr     bl, 5
    xor     bh, bh
    add     bx, bx
    mov     cx, cs:[bx + serial_divisors]
    and     al, 0x1F
    call    serial_set
    jmp     serial_status_of

# INT 14h AH=01h: sends AL.
# Out: AH line status, bit 7 on timeout.
serial_send:
    call    serial_port
    jz      serial_none
    mov     bl, al
    mov     ah, LINE_STATUS_THRE
    call    serial_wait
    jz      serial_timeout
    xchg    al, bl
    out     dx, al
    mov     [bp + F_AH], bl
    ret

# INT 14h AH=02h.
# Out: AL byte received, AH line status, bit 7 on timeout.
serial_receive:
    call    serial_port
    jz      serial_none
    mov     ah, LINE_STATUS_DATA
    call    serial_wait
    jz      serial_timeout
    and     al, 0x1E                    # the errors
    mov     [bp + F_AH], al
    in      al, dx
    mov     [bp + F_AL], al
    ret
serial_timeout:
    or      al, STATUS_TIMEOUT
    mov     [bp + F_AH], al
    ret
serial_none:
    mov     byte ptr [bp + F_AH], STATUS_TIMEOUT
    ret

# INT 14h AH=03h.
# Out: AH line status, AL modem status.
serial_status:
    call    serial_port
    jz      serial_none
serial_status_of:
    add     dx, UART_LINE_STATUS
    in      al, dx
    mov     [bp + F_AH], al
    inc     dx
    in      al, dx
    mov     [bp + F_AL], al
    ret

.data
serial_ports:           .word 0x3F8, 0x2F8, 0x3E8, 0x2E8
serial_ports_end:
.global serial_functions
serial_functions:
    .word   service_nothing, 4
    FUNCTION 0x00, serial_setup
    FUNCTION 0x01, serial_send
    FUNCTION 0x02, serial_receive
    FUNCTION 0x03, serial_status
