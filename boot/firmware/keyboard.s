# Keyboard: its controller, the interrupt that turns scan codes (set 1) into keys, INT 16h. What each key means is in
# keymap.s.

.include "firmware.inc"

.intel_syntax noprefix
.code16

KBC_WRITE_COMMAND_BYTE  = 0x60
KBC_DISABLE_MOUSE       = 0xA7
KBC_SELF_TEST           = 0xAA
KBC_DISABLE_KEYBOARD    = 0xAD
KBC_ENABLE_KEYBOARD     = 0xAE
KBC_SELF_TEST_GOOD      = 0x55
COMMAND_BYTE            = 0x65          # translate to set 1, mouse off, system flag, interrupt of the keyboard
KEYBOARD_ENABLE         = 0xF4
KEYBOARD_ACK            = 0xFA
POLLS                   = 0xFFFF
MODIFIER_BYTES          = 3             # entry of the table of modifiers
FLUSH_MAX               = 32            # bytes left in the controller at reset, at most

SCAN_CTRL               = 0x1D
SCAN_SHIFT_LEFT         = 0x2A
SCAN_SHIFT_RIGHT        = 0x36
SCAN_ALT                = 0x38
SCAN_CAPS               = 0x3A
SCAN_NUM                = 0x45
SCAN_SCROLL             = 0x46
SCAN_KEYPAD_FIRST       = 0x47
SCAN_INSERT             = 0x52
SCAN_DELETE             = 0x53
SCAN_ENTER              = 0x1C
SCAN_SLASH              = 0x35
SCAN_LAST               = 0x58
SCAN_RELEASED           = 0x80
EXTENDED                = 0xE0          # prefix of a scan code; low byte of a key that only newer keyboards have

.text

# Empties the buffer, tests the controller and switches the keyboard on.
# In: DS = BDA.
# Clobbers: AX, CX.
.global keyboard_init
keyboard_init:
    mov     ax, BDA_KEYS
    mov     [BDA_KEY_HEAD], ax
    mov     [BDA_KEY_TAIL], ax
    mov     [BDA_KEYS_FIRST], ax
    mov     word ptr [BDA_KEYS_LIMIT], BDA_KEYS_END
    mov     byte ptr [BDA_KEY_STATE], KEY_STATE_ENHANCED
    mov     al, KBC_DISABLE_KEYBOARD
    call    kbc_command
    mov     al, KBC_DISABLE_MOUSE
    call    kbc_command
    mov     cx, FLUSH_MAX
1:  in      al, KBC_STATUS
    test    al, KBC_OUTPUT_FULL
    jz      2f
    in      al, KBC_DATA
    loop    1b
2:  mov     al, KBC_SELF_TEST
    call    kbc_command
    call    kbc_receive
    cmp     al, KBC_SELF_TEST_GOOD
    jne     3f                          # no controller: programs can still be typed at over COM1
    mov     al, KBC_WRITE_COMMAND_BYTE
    call    kbc_command
    mov     al, COMMAND_BYTE
    call    kbc_send
    mov     al, KBC_ENABLE_KEYBOARD
    call    kbc_command
    mov     al, KEYBOARD_ENABLE
    call    kbc_send
    call    kbc_receive                 # KEYBOARD_ACK
3:  ret

# Kbc_command, kbc_send.
# In: AL command to the controller, byte to the keyboard.
# Clobbers: AH, CX.
.global kbc_command
kbc_command:
    call    kbc_ready
    out     KBC_COMMAND, al
    ret

# Sends a byte to the keyboard.
# In: AL byte.
# Clobbers: AH, CX.
.global kbc_send
kbc_send:
    call    kbc_ready
    out     KBC_DATA, al
    ret

# Waits until the controller takes a byte.
# In: AL byte.
# Out: AL byte.
# Clobbers: AH, CX.
kbc_ready:
    mov     ah, al
    mov     cx, POLLS
1:  in      al, KBC_STATUS
    test    al, KBC_INPUT_FULL
    loopnz  1b
    mov     al, ah
    ret

# Takes a byte from the controller.
# Out: AL byte from controller or keyboard, 0 when none comes.
# Clobbers: CX.
.global kbc_receive
kbc_receive:
    mov     cx, POLLS
1:  in      al, KBC_STATUS
    test    al, KBC_OUTPUT_FULL
    loopz   1b
    mov     al, 0
    jz      2f
    in      al, KBC_DATA
2:  ret

# IRQ 1.
.global irq_keyboard
irq_keyboard:
    pusha
    push    ds
    cld
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    in      al, KBC_STATUS
    test    al, KBC_OUTPUT_FULL
    jz      1f
    in      al, KBC_DATA
    mov     ah, 0x4F                    # a program may take the key or change it
    stc
    int     0x15
    jnc     1f
    call    scan_code
1:  mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    pop     ds
    popa
    iret

# One byte from the keyboard.
# In: AL, DS = BDA.
# Clobbers: AX, BX, CX, DX, SI.
scan_code:
    mov     bl, [BDA_KEY_STATE]
    cmp     al, 0xE0
    je      prefix_e0
    cmp     al, 0xE1
    je      prefix_e1
    test    bl, KEY_STATE_E1
    jz      .Lscan_code_code
    mov     cl, al                      # Pause is E1 1D 45, E1 9D C5: nothing to anybody
    and     cl, 0x7F
    cmp     cl, SCAN_NUM
    jne     .Lscan_code_done
    and     byte ptr [BDA_KEY_STATE], ~KEY_STATE_E1
.Lscan_code_done:
    ret
.Lscan_code_code:
    and     byte ptr [BDA_KEY_STATE], ~KEY_STATE_E0
    and     bl, KEY_STATE_E0            # BL: not zero when E0 came before
    mov     si, offset modifiers
    mov     ah, al
    and     ah, 0x7F
.Lscan_code_modifier:
    cmp     ah, cs:[si]
    je      modifier
    add     si, MODIFIER_BYTES
    cmp     si, offset modifiers_end
    jb      .Lscan_code_modifier
    test    al, SCAN_RELEASED
    jnz     .Lscan_code_done
    cmp     al, SCAN_LAST
    ja      .Lscan_code_done
    cmp     al, SCAN_DELETE
    jne     .Lscan_code_press
    mov     ah, [BDA_SHIFT]
    and     ah, SHIFT_CTRL | SHIFT_ALT
    cmp     ah, SHIFT_CTRL | SHIFT_ALT
    je      restart
.Lscan_code_press:
    jmp     key_pressed

prefix_e0:
    or      byte ptr [BDA_KEY_STATE], KEY_STATE_E0
    ret
prefix_e1:
    or      byte ptr [BDA_KEY_STATE], KEY_STATE_E1
    ret

# Ctrl-Alt-Del; does not return.
restart:
    mov     word ptr [BDA_RESET_FLAG], 0x1234
    mov     dx, RESET_CONTROL
    mov     al, 2
    out     dx, al
    mov     al, 6                       # full reset
    out     dx, al
    ljmp    0xFFFF, 0

# A key that changes a flag.
# In: AL scan code, SI its entry in the table, BL not zero after E0.
# Clobbers: AX, DL, SI.
modifier:
    mov     ah, cs:[si + 1]             # the flag
    cmp     byte ptr cs:[si + 2], 0
    jne     .Lmodifier_toggle
    cmp     ah, SHIFT_LEFT              # held: on while the key is down. E0 2A and E0 36 come with other keys: no shift
    ja      .Lmodifier_side
    test    bl, bl
    jnz     .Lscan_code_done
.Lmodifier_side:
    mov     dl, ah                      # Ctrl and Alt are also told apart, left and right
    mov     si, BDA_KEY_STATE           # where the bits of the right ones have the same places
    test    bl, bl
    jnz     .Lmodifier_flags
    mov     si, BDA_SHIFT2              # the left ones are bits 0 and 1
    shr     dl, 2
.Lmodifier_flags:
    test    al, SCAN_RELEASED
    jnz     .Lmodifier_release
    or      [BDA_SHIFT], ah
    or      [si], dl
    ret
.Lmodifier_release:
    not     ah
    and     [BDA_SHIFT], ah
    not     dl
    and     [si], dl
    ret
.Lmodifier_toggle:
    test    al, SCAN_RELEASED           # toggled: each press changes it
    jnz     .Lscan_code_done
    cmp     al, SCAN_INSERT
    jne     .Lmodifier_toggle_key
    test    bl, bl                      # on the keypad it is a digit while Num Lock is on
    jnz     .Lmodifier_pad
    test    byte ptr [BDA_SHIFT], SHIFT_NUM
    jnz     key_pressed
.Lmodifier_pad:
    xor     [BDA_SHIFT], ah
    jmp     key_pressed                 # Insert is a key as well
.Lmodifier_toggle_key:
    xor     [BDA_SHIFT], ah
    ret

# Puts the key into the buffer.
# In: AL scan code, BL not zero after E0.
# Clobbers: AX, BX, CX, DX, SI.
key_pressed:
    movzx   si, al
    dec     si
    shl     si, 3
    add     si, offset keymap
    mov     cl, [BDA_SHIFT]
    mov     dx, 6                       # column: 0 plain, 2 shift, 4 ctrl, 6 alt
    test    cl, SHIFT_ALT
    jnz     .Lkey_pressed_key
    mov     dl, 4
    test    cl, SHIFT_CTRL
    jnz     .Lkey_pressed_key
    test    cl, SHIFT_LEFT | SHIFT_RIGHT
    setnz   dl
    mov     ah, cs:[si]                 # letters: Caps Lock turns the shift around
    sub     ah, 'a'
    cmp     ah, 26
    jae     .Lkey_pressed_keypad
    test    cl, SHIFT_CAPS
    jz      .Lkey_pressed_column
    xor     dl, 1
    jmp     .Lkey_pressed_column
.Lkey_pressed_keypad:
    cmp     al, SCAN_KEYPAD_FIRST       # digits of the keypad: so does Num Lock
    jb      .Lkey_pressed_column
    cmp     al, SCAN_DELETE
    ja      .Lkey_pressed_column
    test    bl, bl
    jnz     .Lkey_pressed_unshifted
    test    cl, SHIFT_NUM
    jz      .Lkey_pressed_column
    xor     dl, 1
    jmp     .Lkey_pressed_column
.Lkey_pressed_unshifted:
    xor     dl, dl
.Lkey_pressed_column:
    add     dl, dl
.Lkey_pressed_key:
    add     si, dx
    mov     ax, cs:[si]
    test    ax, ax
    jz      .Lkey_pressed_done
    test    bl, bl
    jz      key_put
    cmp     ah, SCAN_KEYPAD_FIRST       # after E0: the keys between the blocks, Enter and / of the keypad
    jb      .Lkey_pressed_grey
    test    al, al
    jnz     key_put
    mov     al, EXTENDED
    jmp     key_put
.Lkey_pressed_grey:
    test    al, al
    jz      key_put
    mov     ah, EXTENDED
    jmp     key_put
.Lkey_pressed_done:
    ret

# Appends a key to the buffer.
# In: AX key, DS = BDA.
# Out: CF when the buffer is full.
# Clobbers: BX, DX.
key_put:
    mov     bx, [BDA_KEY_TAIL]
    mov     dx, bx
    call    key_next
    cmp     bx, [BDA_KEY_HEAD]
    je      1f
    xchg    bx, dx
    mov     [bx], ax
    mov     [BDA_KEY_TAIL], dx
    clc
    ret
1:  stc
    ret

# Steps on in the ring of keys.
# In: BX place in the buffer.
# Out: BX the next one.
# Clobbers: nothing.
key_next:
    add     bx, 2
    cmp     bx, [BDA_KEYS_LIMIT]
    jb      1f
    mov     bx, [BDA_KEYS_FIRST]
1:  ret

# What a key is to programs that know the 84-key board. in.
# Out: AX.
# Clobbers: nothing.
key_classic:
    cmp     ah, EXTENDED
    jne     2f
    mov     ah, SCAN_ENTER
    cmp     al, '/'
    jne     1f
    mov     ah, SCAN_SLASH
1:  ret
2:  cmp     al, EXTENDED
    jne     1b
    test    ah, ah
    jz      1b
    xor     al, al
    ret

# Waits for a key and takes it from the buffer. Interrupts are on while it waits, off afterwards.
# Out: AX key.
# Clobbers: BX.
key_wait:
    cli
    mov     bx, [BDA_KEY_HEAD]
    cmp     bx, [BDA_KEY_TAIL]
    jne     1f
    sti
    hlt
    jmp     key_wait
1:  mov     ax, [bx]
    call    key_next
    mov     [BDA_KEY_HEAD], bx
    ret

# Looks at the next key.
# Out: AX key, ZF set when there is none.
# Clobbers: BX.
key_peek:
    mov     bx, [BDA_KEY_HEAD]
    mov     ax, [bx]
    cmp     bx, [BDA_KEY_TAIL]
    ret

# INT 16h AH=00h, 10h.
# Out: AH scan code, AL character; waits for a key.
keyboard_read:
    call    key_wait
    call    key_classic
    mov     [bp + F_AX], ax
    ret

# INT 16h AH=10h: waits for a key, those of the 101-key keyboard included.
# Out: AX key.
keyboard_read_enhanced:
    call    key_wait
    mov     [bp + F_AX], ax
    ret

# INT 16h AH=01h, 11h.
# Out: ZF set when no key waits, else AX as it, which stays in the buffer.
keyboard_peek:
    call    key_peek
    pushf
    call    key_classic
    popf
    jmp     1f

# INT 16h AH=11h: as AH=01h, the keys of the 101-key keyboard included.
keyboard_peek_enhanced:
    call    key_peek
1:  jz      2f
    mov     [bp + F_AX], ax
    and     byte ptr [bp + F_FLAGS], ~FLAG_ZERO
    jmp     interrupts_for_pollers
2:  or      byte ptr [bp + F_FLAGS], FLAG_ZERO
interrupts_for_pollers:                 # a program that asks in a loop with interrupts off would never get a key
    or      word ptr [bp + F_FLAGS], FLAG_INTERRUPT
    ret

# INT 16h AH=02h.
# Out: AL flags. AH=12h: AH more flags.
keyboard_flags_enhanced:
    mov     al, [BDA_KEY_STATE]
    and     al, KEY_STATE_RIGHT_CTRL | KEY_STATE_RIGHT_ALT
    or      al, [BDA_SHIFT2]
    mov     [bp + F_AH], al

# INT 16h AH=02h: the shift keys.
# Out: AL flags.
keyboard_flags:
    mov     al, [BDA_SHIFT]
    mov     [bp + F_AL], al
    ret

# INT 16h AH=05h.
# In: CX key.
# Out: AL 0, or 1 when the buffer is full.
keyboard_put:
    mov     ax, cx
    call    key_put
    setc    [bp + F_AL]
    ret

.data
# Scan code, flag, 1 if a press toggles it.
modifiers:
    .byte   SCAN_CTRL, SHIFT_CTRL, 0
    .byte   SCAN_SHIFT_LEFT, SHIFT_LEFT, 0
    .byte   SCAN_SHIFT_RIGHT, SHIFT_RIGHT, 0
    .byte   SCAN_ALT, SHIFT_ALT, 0
    .byte   SCAN_CAPS, SHIFT_CAPS, 1
    .byte   SCAN_NUM, SHIFT_NUM, 1
    .byte   SCAN_SCROLL, SHIFT_SCROLL, 1
    .byte   SCAN_INSERT, SHIFT_INSERT, 1
modifiers_end:
.global keyboard_functions
keyboard_functions:
    .word   service_nothing, 7
    FUNCTION 0x00, keyboard_read
    FUNCTION 0x01, keyboard_peek
    FUNCTION 0x02, keyboard_flags
    FUNCTION 0x05, keyboard_put
    FUNCTION 0x10, keyboard_read_enhanced
    FUNCTION 0x11, keyboard_peek_enhanced
    FUNCTION 0x12, keyboard_flags_enhanced
