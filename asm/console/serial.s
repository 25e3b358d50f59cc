# COM1, a 16550 UART: 115200 baud, 8N1. Output goes through a ring that the transmitter interrupt empties; when the ring
# is full the writer sends by hand, so nothing is ever lost. Input is decoded (asm/console/keys.s) and goes to the same
# queue as the keyboard's.

.include "macros.inc"
.include "bootinfo.inc"
.include "console.inc"
.include "timer.inc"

COM1_PORT           = 0x3F8
COM1_IRQ            = 4

# Registers (National PC16550D data sheet).
UART_DATA           = 0
UART_IER            = 1                     # interrupt enable
UART_IIR            = 2                     # interrupt identification; FIFO control when written
UART_LCR            = 3
UART_MCR            = 4
UART_LSR            = 5
UART_MSR            = 6
UART_SCRATCH        = 7

IER_RECEIVED        = 0x01
IER_TRANSMITTER     = 0x02
IIR_NONE            = 0x01
FCR_ENABLE_CLEAR    = 0x07                  # FIFOs on and empty, interrupt at one byte
LCR_8N1             = 0x03
LCR_DLAB            = 0x80
MCR_ON              = 0x0B                  # DTR, RTS, OUT2 (lets the interrupt through)
MCR_HOLD            = 0x09                  # without RTS: the other side should not send
LSR_RECEIVED        = 0x01
LSR_TRANSMITTER     = 0x20                  # holding register or FIFO is empty
LSR_IDLE            = 0x40                  # and the last bit is on the wire
DIVISOR_115200      = 1
FIFO_BYTES          = 16

INPUT_LEAST         = 64                    # keys that must fit into the input queue for more to be received
RING_BYTES          = 16384                 # a power of two

ESCAPE_TICKS        = 3                     # an ESC with nothing after it for so long is the key itself
HOLD_TICKS          = 1                     # how often is looked for room while input is held

.text

# Sets the port up for output by hand; serial_interrupts goes on from there. Without a UART all output is dropped.
.global serial_init
serial_init:
    movzx   edx, word ptr [boot_info + bi_bda_com1]
    test    edx, edx
    jnz     .Lserial_init_probe
    mov     edx, COM1_PORT
.Lserial_init_probe:
    add     edx, UART_SCRATCH
    mov     al, 0x5A
    out     dx, al
    in      al, dx
    cmp     al, 0x5A
    jne     .Lserial_init_absent
    sub     edx, UART_SCRATCH
    mov     [serial_port], edx
    call    serial_keep
    mov     edx, [serial_port]
    add     edx, UART_IER
    xor     eax, eax
    out     dx, al
    add     edx, UART_LCR - UART_IER
    mov     al, LCR_DLAB
    out     dx, al
    sub     edx, UART_LCR
    mov     al, DIVISOR_115200
    out     dx, al
    inc     edx
    xor     eax, eax
    out     dx, al
    add     edx, UART_LCR - UART_IER
    mov     al, LCR_8N1
    out     dx, al
    add     edx, UART_IIR - UART_LCR
    mov     al, FCR_ENABLE_CLEAR
    out     dx, al
    add     edx, UART_MCR - UART_IIR
    mov     al, MCR_ON
    out     dx, al
.Lserial_init_absent:
    ret

# Takes what was typed before the kernel ran: switching the FIFOs on empties the receiver.
serial_keep:
    push    ebx
    mov     ebx, FIFO_BYTES
1:  mov     edx, [serial_port]
    add     edx, UART_LSR
    in      al, dx
    test    al, LSR_RECEIVED
    jz      2f
    mov     edx, [serial_port]
    in      al, dx
    call    serial_decode
    dec     ebx
    jnz     1b
2:  pop     ebx
    ret

# From here on by interrupt.
serial_interrupts:
    cmp     dword ptr [serial_port], 0
    je      1f
    mov     eax, COM1_IRQ
    mov     edx, offset serial_interrupt
    xor     ecx, ecx
    call    irq_register
    jc      1f
    mov     byte ptr [serial_driven], 1
    mov     al, IER_RECEIVED
    call    serial_enable
1:  ret

INITCALL 3, serial_interrupts

# Sets the interrupt enable register.
# In: AL.
# Clobbers: EAX, EDX.
serial_enable:
    mov     [serial_enabled], al
    mov     edx, [serial_port]
    add     edx, UART_IER
    out     dx, al
    ret

# Sends one byte.
# In: AL; interrupts off.
# Clobbers: EAX, ECX, EDX.
.global serial_put
serial_put:
    cmp     dword ptr [serial_port], 0
    je      9f
    cmp     byte ptr [serial_driven], 0
    je      serial_put_now
    mov     ecx, [serial_head]
    mov     edx, ecx
    sub     edx, [serial_tail]
    cmp     edx, RING_BYTES
    jb      1f
    push    eax
    call    serial_wait                 # full: make room by hand
    call    serial_send_fifo
    pop     eax
    mov     ecx, [serial_head]
1:  and     ecx, RING_BYTES - 1
    mov     [serial_ring + ecx], al
    inc     dword ptr [serial_head]
    mov     al, [serial_enabled]
    test    al, IER_TRANSMITTER
    jnz     9f
    or      al, IER_TRANSMITTER
    jmp     serial_enable
9:  ret

# Sends a string without any translation.
# In: EAX string; interrupts off.
.global serial_text
serial_text:
    push    esi
    mov     esi, eax
1:  lodsb
    test    al, al
    jz      2f
    call    serial_put
    jmp     1b
2:  pop     esi
    ret

serial_put_now:
    push    eax
    call    serial_wait
    pop     eax
    mov     edx, [serial_port]
    out     dx, al
    ret

# Waits until the transmitter takes bytes; gives up on one that never does.
serial_wait:
    mov     ah, LSR_TRANSMITTER
# Waits for a bit of the line status; gives up after a while.
# In: AH bit of the line status to wait for.
serial_wait_line:
    mov     edx, [serial_port]
    add     edx, UART_LSR
    mov     ecx, 1000000
1:  in      al, dx
    test    al, ah
    jnz     2f
    dec     ecx
    jnz     1b
2:  ret

# Fills the transmitter's FIFO from the ring.
# Out: ZF set when the ring is empty.
# Clobbers: EAX, ECX, EDX.
serial_send_fifo:
    push    ebx
    mov     ebx, FIFO_BYTES
    mov     edx, [serial_port]
    mov     ecx, [serial_tail]
1:  cmp     ecx, [serial_head]
    je      2f
    mov     eax, ecx
    and     eax, RING_BYTES - 1
    mov     al, [serial_ring + eax]
    out     dx, al
    inc     ecx
    dec     ebx
    jnz     1b
2:  mov     [serial_tail], ecx
    pop     ebx
    cmp     ecx, [serial_head]
    ret

# Sends all that waits, by hand, and stays so: for panic and power off. The last bit is on the wire when it returns,
# because switching a machine off stops its UART too.
.global serial_flush
serial_flush:
    cmp     dword ptr [serial_port], 0
    je      3f
    cmp     byte ptr [serial_driven], 0
    je      2f
    mov     byte ptr [serial_driven], 0
1:  call    serial_wait
    call    serial_send_fifo
    jne     1b
2:  mov     ah, LSR_IDLE
    jmp     serial_wait_line
3:  ret

# Counts what the ring still takes.
# Out: EAX how many bytes fit into the ring.
# Clobbers: EAX only.
.global serial_room
serial_room:
    mov     eax, [serial_tail]
    sub     eax, [serial_head]
    add     eax, RING_BYTES
    ret

# Does what the handler does without an interrupt, for the debugger. Interrupts off.
.global serial_ask
serial_ask:
    cmp     dword ptr [serial_port], 0
    jne     serial_interrupt
    ret

# Handler of IRQ 4.
serial_interrupt:
    mov     edx, [serial_port]
    add     edx, UART_IIR
    in      al, dx
    test    al, IIR_NONE
    jnz     .Lserial_received_done
    shr     al, 1
    and     eax, 3                      # a receiver timeout (6) reads like received data (2) here
    jmp     [serial_causes + eax*4]
serial_modem:
    mov     edx, [serial_port]
    add     edx, UART_MSR
    in      al, dx
    jmp     serial_interrupt
serial_line:
    mov     edx, [serial_port]
    add     edx, UART_LSR
    in      al, dx
    jmp     serial_interrupt
serial_transmitter:
    call    serial_send_fifo
    jne     serial_interrupt
    mov     al, [serial_enabled]
    and     al, ~IER_TRANSMITTER & 0xFF
    call    serial_enable
    jmp     serial_interrupt
serial_received:
    call    input_room
    cmp     eax, INPUT_LEAST
    jb      serial_hold
    mov     edx, [serial_port]
    add     edx, UART_LSR
    in      al, dx
    test    al, LSR_RECEIVED
    jz      serial_interrupt
    mov     edx, [serial_port]
    in      al, dx
    call    serial_decode
    jmp     serial_received
.Lserial_received_done:
    ret

# Nobody reads the keys: the rest waits in the UART and, by RTS, on the other side, until serial_resume finds room
# again.
serial_hold:
    mov     al, [serial_enabled]
    and     al, ~IER_RECEIVED & 0xFF
    call    serial_enable
    add     edx, UART_MCR - UART_IER
    mov     al, MCR_HOLD
    out     dx, al
    mov     eax, offset serial_hold_timer
    mov     edx, HOLD_TICKS
    call    timer_set_ticks
    jmp     serial_interrupt

.section .rodata
.balign 4
serial_causes:
    .long   serial_modem, serial_transmitter, serial_received, serial_line
.text

# This machine is the twin of another: what that had not sent yet is its own affair. Interrupts are off.
# Clobbers: EAX, ECX, EDX.
serial_landed:
    cmp     dword ptr [serial_port], 0
    je      1f
    mov     eax, [serial_head]
    mov     [serial_tail], eax
    mov     al, IER_RECEIVED
    call    serial_enable
    add     edx, UART_MCR - UART_IER
    mov     al, MCR_ON
    out     dx, al
1:  ret

ON_HOOK fork_landed, serial_landed

# Decodes one received byte.
# In: AL.
serial_decode:
    mov     edx, offset serial_decoder
    call    keys_decode
    cmp     dword ptr [serial_decoder + DECODE_STATE], 1
    jne     1f
    mov     eax, offset serial_escape_timer
    mov     edx, ESCAPE_TICKS
    jmp     timer_set_ticks
1:  ret

# Receives again when there is room for keys. Called by its timer while input is held.
serial_resume:
    call    input_room
    cmp     eax, INPUT_LEAST * 2
    mov     eax, offset serial_hold_timer
    mov     edx, HOLD_TICKS
    jb      timer_set_ticks
    mov     al, [serial_enabled]
    or      al, IER_RECEIVED
    call    serial_enable
    add     edx, UART_MCR - UART_IER
    mov     al, MCR_ON
    out     dx, al
    ret

# Takes an ESC that stayed alone for the key Escape. Called by its timer.
serial_escape:
    mov     edx, offset serial_decoder
    jmp     keys_pause

TIMER   serial_escape_timer, serial_escape
TIMER   serial_hold_timer, serial_resume

.data
.balign 4
serial_decoder:     .long 0, 0, 0, 0, 0, console_first

.bss
.balign 4
serial_port:        .space 4                # 0: there is none
serial_head:        .space 4                # bytes ever put into the ring
serial_tail:        .space 4                # bytes ever taken out
serial_driven:      .space 1                # 1: output is interrupt driven
serial_enabled:     .space 1                # interrupt enable register
serial_ring:        .space RING_BYTES
