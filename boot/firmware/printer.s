# INT 17h: the printer at a parallel port. Source: IBM PS/2 BIOS Interface Technical Reference, "Interrupt 17h".

.include "firmware.inc"

.intel_syntax noprefix
.code16

LPT1                    = 0x378
# Registers of the port
PRINTER_DATA            = 0
PRINTER_STATUS          = 1
PRINTER_CONTROL         = 2
STATUS_READY            = 0x80
STATUS_LINES            = 0xF8
STATUS_INVERTED         = 0x48          # ACKNOWLEDGE and ERROR, which are low when they say so
CONTROL_STROBE          = 0x01
CONTROL_INITIALISED     = 0x0C          # the printer is selected, and not being initialised
CONTROL_INITIALISE      = 0x08

ANSWER_TIMEOUT          = 0x01          # bit 0 of AH
TIMEOUT_UNITS           = 0x14          # as firmwares have it; POLLS is what bounds the wait
POLLS                   = 0x40000
PRINTERS                = 3             # LPT1 to LPT3 have places in the BIOS data area
PROBE                   = 0xAA

.text

# Finds LPT1, and initialises its printer.
# In: DS = BDA.
# Clobbers: AX, DX.
.global printer_init
printer_init:
    mov     dx, LPT1
    mov     al, PROBE
    out     dx, al
    in      al, dx
    cmp     al, PROBE
    jne     1f
    mov     [BDA_LPT], dx
    mov     byte ptr [BDA_LPT_TIMEOUT], TIMEOUT_UNITS
    call    printer_pulse
1:  ret

# Lets a printer begin anew.
# In: DX I/O port.
# Clobbers: AL.
printer_pulse:
    add     dx, PRINTER_CONTROL
    mov     al, CONTROL_INITIALISE
    out     dx, al
    mov     al, CONTROL_INITIALISED
    out     dx, al
    sub     dx, PRINTER_CONTROL
    ret

# Looks up a printer.
# In: DX number of the printer (caller's).
# Out: DX its I/O port; ZF set when there is none.
# Clobbers: BX.
printer_port:
    mov     bx, dx
    xor     dx, dx
    cmp     bx, PRINTERS
    jae     1f
    add     bx, bx
    mov     dx, [bx + BDA_LPT]
1:  test    dx, dx
    ret

# INT 17h AH=00h: prints AL.
# Out: AH status.
printer_print:
    call    printer_port
    jz      printer_none
    out     dx, al
    mov     ecx, POLLS
    inc     dx                          # PRINTER_STATUS
1:  in      al, dx
    test    al, STATUS_READY
    jnz     2f
    dec     ecx
    jnz     1b
    dec     dx
    call    printer_answer
    or      byte ptr [bp + F_AH], ANSWER_TIMEOUT
    ret
2:  inc     dx                          # PRINTER_CONTROL
    mov     al, CONTROL_INITIALISED | CONTROL_STROBE
    out     dx, al
    mov     al, CONTROL_INITIALISED
    out     dx, al
    sub     dx, PRINTER_CONTROL
    jmp     printer_answer

# INT 17h AH=01h: initialises the printer.
# Out: AH status.
printer_initialise:
    call    printer_port
    jz      printer_none
    call    printer_pulse
    jmp     printer_answer

# INT 17h AH=02h.
# Out: AH status.
printer_status:
    call    printer_port
    jz      printer_none

# The caller's AH from the status.
# In: DX I/O port.
# Clobbers: AL, DX.
printer_answer:
    inc     dx                          # PRINTER_STATUS
    in      al, dx
    and     al, STATUS_LINES
    xor     al, STATUS_INVERTED
    mov     [bp + F_AH], al
    ret

# There is no such printer, or no such function.
# Out: AH time-out.
printer_none:
    mov     byte ptr [bp + F_AH], ANSWER_TIMEOUT
    ret

.data
.global printer_functions
printer_functions:
    .word   printer_none, 3
    FUNCTION 0x00, printer_print
    FUNCTION 0x01, printer_initialise
    FUNCTION 0x02, printer_status
