# INT 15h AH=C2h: the PS/2 mouse, for drivers of DOS and whoever else asks the firmware for it. A program names a
# routine, which is called with each packet; IRQ 12 collects them. Source: IBM PS/2 and PC BIOS Interface Technical
# Reference (1991), INT 15h, (AH) = C2h; what it leaves open is as in SeaBIOS.

.include "firmware.inc"

.intel_syntax noprefix
.code16

KBC_READ_COMMAND_BYTE   = 0x20
KBC_WRITE_COMMAND_BYTE  = 0x60
KBC_TO_MOUSE            = 0xD4          # the next byte of data goes to the mouse
KBC_FROM_MOUSE          = 0x20          # status: the byte at hand is the mouse's
COMMAND_INTERRUPTS      = 0x03          # command byte: IRQ 1 and 12 for bytes that have come;
COMMAND_INTERRUPT       = 0x02          # IRQ 12
COMMAND_KEYBOARD_OFF    = 0x10          # the keyboard is not listened to;
COMMAND_MOUSE_OFF       = 0x20          # the mouse is not
MASK_MOUSE              = 0x10          # in the slave's mask: IRQ 12
POLLS                   = 0xFFFF
PACKET_BYTES            = 3

MOUSE_SCALING_1         = 0xE6
MOUSE_SCALING_2         = 0xE7
MOUSE_RESOLUTION        = 0xE8
MOUSE_STATUS            = 0xE9
MOUSE_IDENTIFY          = 0xF2
MOUSE_SAMPLES           = 0xF3
MOUSE_ENABLE            = 0xF4
MOUSE_DISABLE           = 0xF5
MOUSE_ACK               = 0xFA
MOUSE_RESET             = 0xFF

ERROR_FUNCTION          = 1
ERROR_INPUT             = 2
ERROR_INTERFACE         = 3
ERROR_RESEND            = 4
ERROR_NO_HANDLER        = 5

.text

# INT 15h AH=C2h.
# In: AL function.
# Out: AH 0, or CF and AH an ERROR_*.
.global system_mouse
system_mouse:
    push    cx
    mov     si, offset mouse_functions
    call    function_find
    pop     cx
    push    bx
    mov     bx, [bp + F_BX]
    ret

mouse_good:
    mov     byte ptr [bp + F_AH], 0
    jmp     service_ok
mouse_no_function:
    mov     ah, ERROR_FUNCTION
    jmp     mouse_error
mouse_bad_input:
    mov     ah, ERROR_INPUT
mouse_error:
    mov     [bp + F_AH], ah
    jmp     service_carry

# AL=00h.
# In: BH 1 the mouse speaks, 0 it is silent.
mouse_enable:
    cmp     bh, 1
    ja      mouse_no_function
    mov     al, MOUSE_DISABLE
    jb      1f
    mov     ah, ERROR_NO_HANDLER
    IN_STATE cmp dword ptr [STATE_MOUSE_HANDLER], 0
    je      mouse_error
    IN_STATE mov byte ptr [STATE_MOUSE_COUNT], 0
    in      al, PIC2_DATA
    and     al, ~MASK_MOUSE
    out     PIC2_DATA, al
    mov     al, MOUSE_ENABLE
1:  call    mouse_begin
    IN_STATE or byte ptr [STATE_MOUSE_COMMAND], COMMAND_MOUSE_OFF
    IN_STATE and byte ptr [STATE_MOUSE_COMMAND], ~COMMAND_INTERRUPT
    cmp     bh, 1
    jne     mouse_tell
    IN_STATE xor byte ptr [STATE_MOUSE_COMMAND], COMMAND_MOUSE_OFF | COMMAND_INTERRUPT

# Sends the mouse a byte; that ends the call.
# In: AL byte, after mouse_begin.
mouse_tell:
    call    mouse_send
mouse_over:
    call    mouse_end
    jnc     mouse_good
    jmp     mouse_error

# AL=05h.
# In: BH bytes of a packet.
# Out: as AL=01h.
mouse_initialize:
    mov     ah, ERROR_INTERFACE
    cmp     bh, PACKET_BYTES
    jne     mouse_error
    IN_STATE mov dword ptr [STATE_MOUSE_HANDLER], 0

# AL=01h.
# Out: BL AAh, BH 0: what a mouse says of itself after a reset.
mouse_reset:
    IN_STATE mov byte ptr [STATE_MOUSE_COUNT], 0
    mov     al, MOUSE_RESET
    call    mouse_begin
    call    mouse_send
    jc      mouse_over
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_BL], al
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_BH], al
    jmp     mouse_over

# AL=02h.
# In: BH 0 to 6: 10, 20, 40, 60, 80, 100, 200 samples a second.
mouse_sample_rate:
    cmp     bh, 7
    jae     mouse_bad_input
    movzx   bx, bh
    mov     bl, cs:[sample_rates + bx]
    mov     al, MOUSE_SAMPLES
    jmp     mouse_set

# AL=03h.
# In: BH 0 to 3: 1, 2, 4, 8 counts a millimetre.
mouse_resolution:
    cmp     bh, 4
    jae     mouse_bad_input
    mov     bl, bh
    mov     al, MOUSE_RESOLUTION

# Sends a command and what it takes; that ends the call.
# In: AL command, BL what it takes.
mouse_set:
    call    mouse_begin
    call    mouse_send
    jc      mouse_over
    mov     al, bl
    jmp     mouse_tell

# AL=04h.
# Out: BH what kind of mouse it is: 0, 3 with a wheel.
mouse_identify:
    mov     al, MOUSE_IDENTIFY
    call    mouse_begin
    call    mouse_send
    jc      mouse_over
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_BH], al
    jmp     mouse_over

# AL=06h.
# In: BH 0 for the status; 1, 2: scaling 1:1, 2:1.
# Out: with BH 0 BL status, CL resolution, DL sample rate.
mouse_extended:
    mov     al, MOUSE_SCALING_1
    cmp     bh, 2
    ja      mouse_no_function
    je      1f
    cmp     bh, 1
    je      2f
    mov     al, MOUSE_STATUS
    call    mouse_begin
    call    mouse_send
    jc      mouse_over
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_BL], al
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_CL], al
    call    mouse_receive
    jc      mouse_over
    mov     [bp + F_DL], al
    jmp     mouse_over
1:  mov     al, MOUSE_SCALING_2
2:  call    mouse_begin
    jmp     mouse_tell

# AL=07h.
# In: ES:BX the routine that is called with each packet; 0 for none.
mouse_handler:
    IN_STATE mov [STATE_MOUSE_HANDLER], bx
    IN_STATE mov [STATE_MOUSE_HANDLER + 2], es
    jmp     mouse_good

# The controller is the mouse's from here to mouse_end: no byte of the keyboard comes between. A key that waits to be
# taken is taken first.
# In: interrupts off.
# Clobbers: AH, CX, DL.
mouse_begin:
    mov     ah, al
    mov     cx, POLLS
1:  in      al, KBC_STATUS
    test    al, KBC_OUTPUT_FULL
    jz      2f
    sti
    nop
    cli
    loop    1b
    in      al, KBC_DATA                # nobody takes it
2:  push    ax
    mov     al, KBC_READ_COMMAND_BYTE
    call    kbc_command
    call    kbc_receive
    IN_STATE mov [STATE_MOUSE_COMMAND], al
    and     al, ~(COMMAND_INTERRUPTS | COMMAND_MOUSE_OFF)
    or      al, COMMAND_KEYBOARD_OFF
    call    command_byte_set
    pop     ax
    mov     al, ah
    ret

# Leaves the controller as it was, but for what STATE_MOUSE_COMMAND says now.
# Clobbers: CX.
# Flags: kept.
mouse_end:
    pushf
    push    ax
    IN_STATE mov al, [STATE_MOUSE_COMMAND]
    call    command_byte_set
    pop     ax
    popf
    ret

# Sets the controller's command byte.
# In: AL byte.
# Clobbers: AX, CX.
command_byte_set:
    push    ax
    mov     al, KBC_WRITE_COMMAND_BYTE
    call    kbc_command
    pop     ax
    jmp     kbc_send

# Sends the mouse a byte.
# In: AL byte.
# Out: CF and AH ERROR_* when it is not confirmed.
# Clobbers: AX, CX.
mouse_send:
    push    ax
    mov     al, KBC_TO_MOUSE
    call    kbc_command
    pop     ax
    call    kbc_send
    call    mouse_receive
    jc      1f
    cmp     al, MOUSE_ACK
    je      1f
    mov     ah, ERROR_RESEND
    stc
1:  ret

# Takes a byte of the mouse; what the keyboard had under way is lost.
# Out: AL byte; CF and AH ERROR_INTERFACE when none comes.
# Clobbers: AH, CX.
mouse_receive:
    mov     cx, POLLS
1:  in      al, KBC_STATUS
    test    al, KBC_OUTPUT_FULL
    loopz   1b
    jz      2f
    mov     ah, al
    in      al, KBC_DATA
    test    ah, KBC_FROM_MOUSE          # clears CF
    jnz     3f
    test    cx, cx
    jnz     1b
2:  mov     ah, ERROR_INTERFACE
    stc
3:  ret

# IRQ 12: collects a packet, and gives it to the program's routine, which finds on the stack, above its return
# address, 0, Y, X and the status as words.
.global irq_mouse
irq_mouse:
    pushad
    push    ds
    push    es
    cld
    mov     ax, STATE_SEGMENT
    mov     ds, ax
    in      al, KBC_STATUS
    and     al, KBC_OUTPUT_FULL | KBC_FROM_MOUSE
    cmp     al, KBC_OUTPUT_FULL | KBC_FROM_MOUSE
    jne     1f
    in      al, KBC_DATA
    movzx   bx, byte ptr [STATE_MOUSE_COUNT]
    mov     [STATE_MOUSE_PACKET + bx], al
    inc     bx
    mov     [STATE_MOUSE_COUNT], bl
    cmp     bl, PACKET_BYTES
    jb      1f
    mov     byte ptr [STATE_MOUSE_COUNT], 0
    cmp     dword ptr [STATE_MOUSE_HANDLER], 0
    je      1f
    movzx   ax, byte ptr [STATE_MOUSE_PACKET]
    push    ax
    mov     al, [STATE_MOUSE_PACKET + 1]
    push    ax
    mov     al, [STATE_MOUSE_PACKET + 2]
    push    ax
    push    0
    sti
    lcall   [STATE_MOUSE_HANDLER]
    cli
    add     sp, 8
1:  pop     es
    pop     ds
    mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    out     PIC1_COMMAND, al
    popad
    iret

.data
sample_rates:
    .byte   10, 20, 40, 60, 80, 100, 200
mouse_functions:
    .word   mouse_no_function, 8
    FUNCTION 0, mouse_enable
    FUNCTION 1, mouse_reset
    FUNCTION 2, mouse_sample_rate
    FUNCTION 3, mouse_resolution
    FUNCTION 4, mouse_identify
    FUNCTION 5, mouse_initialize
    FUNCTION 6, mouse_extended
    FUNCTION 7, mouse_handler
