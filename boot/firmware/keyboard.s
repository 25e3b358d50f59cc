# Keyboard: its controller, the interrupt that turns scan codes (set 1) into keys, INT 16h. What each key means is in keymap.s.

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

.section .text

# keyboard_init: in: DS = BDA; clobbers AX, CX
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
1:      in      al, KBC_STATUS
        test    al, KBC_OUTPUT_FULL
        jz      2f
        in      al, KBC_DATA
        loop    1b
2:      mov     al, KBC_SELF_TEST
        call    kbc_command
        call    kbc_receive
        cmp     al, KBC_SELF_TEST_GOOD
        jne     3f                      # no controller: programs can still be typed at over COM1
        mov     al, KBC_WRITE_COMMAND_BYTE
        call    kbc_command
        mov     al, COMMAND_BYTE
        call    kbc_send
        mov     al, KBC_ENABLE_KEYBOARD
        call    kbc_command
        mov     al, KEYBOARD_ENABLE
        call    kbc_send
        call    kbc_receive             # KEYBOARD_ACK
3:      ret

# kbc_command, kbc_send: in: AL command to the controller, byte to the keyboard; clobber AH, CX
kbc_command:
        call    kbc_ready
        out     KBC_COMMAND, al
        ret
kbc_send:
        call    kbc_ready
        out     KBC_DATA, al
        ret
kbc_ready:
        mov     ah, al
        mov     cx, POLLS
1:      in      al, KBC_STATUS
        test    al, KBC_INPUT_FULL
        loopnz  1b
        mov     al, ah
        ret

# kbc_receive: out: AL byte from controller or keyboard, 0 when none comes; clobbers CX
kbc_receive:
        mov     cx, POLLS
1:      in      al, KBC_STATUS
        test    al, KBC_OUTPUT_FULL
        loopz   1b
        mov     al, 0
        jz      2f
        in      al, KBC_DATA
2:      ret

# irq_keyboard: IRQ 1
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
        mov     ah, 0x4F                # a program may take the key or change it
        stc
        int     0x15
        jnc     1f
        call    scan_code
1:      mov     al, PIC_EOI
        out     PIC1_COMMAND, al
        pop     ds
        popa
        iret

# scan_code: one byte from the keyboard. in: AL, DS = BDA; clobbers AX, BX, CX, DX, SI
scan_code:
        mov     bl, [BDA_KEY_STATE]
        cmp     al, 0xE0
        je      prefix_e0
        cmp     al, 0xE1
        je      prefix_e1
        test    bl, KEY_STATE_E1
        jz      1f
        mov     cl, al                  # Pause is E1 1D 45, E1 9D C5: nothing to anybody
        and     cl, 0x7F
        cmp     cl, SCAN_NUM
        jne     9f
        and     byte ptr [BDA_KEY_STATE], ~KEY_STATE_E1
9:      ret
1:      and     byte ptr [BDA_KEY_STATE], ~KEY_STATE_E0
        and     bl, KEY_STATE_E0        # BL: not zero when E0 came before
        mov     si, offset modifiers
        mov     ah, al
        and     ah, 0x7F
2:      cmp     ah, cs:[si]
        je      modifier
        add     si, MODIFIER_BYTES
        cmp     si, offset modifiers_end
        jb      2b
        test    al, SCAN_RELEASED
        jnz     9b
        cmp     al, SCAN_LAST
        ja      9b
        cmp     al, SCAN_DELETE
        jne     3f
        mov     ah, [BDA_SHIFT]
        and     ah, SHIFT_CTRL | SHIFT_ALT
        cmp     ah, SHIFT_CTRL | SHIFT_ALT
        je      restart
3:      jmp     key_pressed

prefix_e0:
        or      byte ptr [BDA_KEY_STATE], KEY_STATE_E0
        ret
prefix_e1:
        or      byte ptr [BDA_KEY_STATE], KEY_STATE_E1
        ret

# restart: Ctrl-Alt-Del; does not return
.global restart
restart:
        mov     word ptr [BDA_RESET_FLAG], 0x1234
        mov     dx, RESET_CONTROL
        mov     al, 2
        out     dx, al
        mov     al, 6                   # full reset
        out     dx, al
        ljmp    0xFFFF, 0

# modifier: a key that changes a flag. in: AL scan code, SI its entry in the table, BL not zero after E0; clobbers AX, DL, SI
modifier:
        mov     ah, cs:[si + 1]         # the flag
        cmp     byte ptr cs:[si + 2], 0
        jne     3f
        cmp     ah, SHIFT_LEFT          # held: on while the key is down. E0 2A and E0 36 come with other keys: no shift
        ja      1f
        test    bl, bl
        jnz     9b
1:      mov     dl, ah                  # Ctrl and Alt are also told apart, left and right
        mov     si, BDA_KEY_STATE       # where the bits of the right ones have the same places
        test    bl, bl
        jnz     6f
        mov     si, BDA_SHIFT2          # the left ones are bits 0 and 1
        shr     dl, 2
6:      test    al, SCAN_RELEASED
        jnz     2f
        or      [BDA_SHIFT], ah
        or      [si], dl
        ret
2:      not     ah
        and     [BDA_SHIFT], ah
        not     dl
        and     [si], dl
        ret
3:      test    al, SCAN_RELEASED       # toggled: each press changes it
        jnz     9b
        cmp     al, SCAN_INSERT
        jne     4f
        test    bl, bl                  # on the keypad it is a digit while Num Lock is on
        jnz     5f
        test    byte ptr [BDA_SHIFT], SHIFT_NUM
        jnz     key_pressed
5:      xor     [BDA_SHIFT], ah
        jmp     key_pressed             # Insert is a key as well
4:      xor     [BDA_SHIFT], ah
        ret

# key_pressed: puts the key into the buffer. in: AL scan code, BL not zero after E0; clobbers AX, BX, CX, DX, SI
key_pressed:
        movzx   si, al
        dec     si
        shl     si, 3
        add     si, offset keymap
        mov     cl, [BDA_SHIFT]
        mov     dx, 6                   # column: 0 plain, 2 shift, 4 ctrl, 6 alt
        test    cl, SHIFT_ALT
        jnz     4f
        mov     dl, 4
        test    cl, SHIFT_CTRL
        jnz     4f
        test    cl, SHIFT_LEFT | SHIFT_RIGHT
        setnz   dl
        mov     ah, cs:[si]             # letters: Caps Lock turns the shift around
        sub     ah, 'a'
        cmp     ah, 26
        jae     1f
        test    cl, SHIFT_CAPS
        jz      2f
        xor     dl, 1
        jmp     2f
1:      cmp     al, SCAN_KEYPAD_FIRST   # digits of the keypad: so does Num Lock
        jb      2f
        cmp     al, SCAN_DELETE
        ja      2f
        test    bl, bl
        jnz     3f
        test    cl, SHIFT_NUM
        jz      2f
        xor     dl, 1
        jmp     2f
3:      xor     dl, dl
2:      add     dl, dl
4:      add     si, dx
        mov     ax, cs:[si]
        test    ax, ax
        jz      9f
        test    bl, bl
        jz      key_put
        cmp     ah, SCAN_KEYPAD_FIRST   # after E0: the keys between the blocks, Enter and / of the keypad
        jb      5f
        test    al, al
        jnz     key_put
        mov     al, EXTENDED
        jmp     key_put
5:      test    al, al
        jz      key_put
        mov     ah, EXTENDED
        jmp     key_put
9:      ret

# key_put: in: AX key, DS = BDA; out: CF when the buffer is full; clobbers BX, DX
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
1:      stc
        ret

# key_next: in: BX place in the buffer; out: BX the next one; clobbers none
key_next:
        add     bx, 2
        cmp     bx, [BDA_KEYS_LIMIT]
        jb      1f
        mov     bx, [BDA_KEYS_FIRST]
1:      ret

# key_classic: what a key is to programs that know the 84-key board. in, out: AX; clobbers none
key_classic:
        cmp     ah, EXTENDED
        jne     2f
        mov     ah, SCAN_ENTER
        cmp     al, '/'
        jne     1f
        mov     ah, SCAN_SLASH
1:      ret
2:      cmp     al, EXTENDED
        jne     1b
        test    ah, ah
        jz      1b
        xor     al, al
        ret

# key_wait: out: AX key, taken from the buffer; clobbers BX; interrupts are on while it waits, off afterwards
key_wait:
        cli
        mov     bx, [BDA_KEY_HEAD]
        cmp     bx, [BDA_KEY_TAIL]
        jne     1f
        sti
        hlt
        jmp     key_wait
1:      mov     ax, [bx]
        call    key_next
        mov     [BDA_KEY_HEAD], bx
        ret

# key_peek: out: AX key, ZF set when there is none; clobbers BX
key_peek:
        mov     bx, [BDA_KEY_HEAD]
        mov     ax, [bx]
        cmp     bx, [BDA_KEY_TAIL]
        ret

# INT 16h AH=00h, 10h: out: AH scan code, AL character; waits for a key
keyboard_read:
        call    key_wait
        call    key_classic
        mov     [bp + F_AX], ax
        ret
keyboard_read_enhanced:
        call    key_wait
        mov     [bp + F_AX], ax
        ret

# INT 16h AH=01h, 11h: out: ZF set when no key waits, else AX as it, which stays in the buffer
keyboard_peek:
        call    key_peek
        pushf
        call    key_classic
        popf
        jmp     1f
keyboard_peek_enhanced:
        call    key_peek
1:      jz      2f
        mov     [bp + F_AX], ax
        and     byte ptr [bp + F_FLAGS], ~FLAG_ZERO
        jmp     interrupts_for_pollers
2:      or      byte ptr [bp + F_FLAGS], FLAG_ZERO
interrupts_for_pollers:                 # a program that asks in a loop with interrupts off would never get a key
        or      word ptr [bp + F_FLAGS], FLAG_INTERRUPT
        ret

# INT 16h AH=02h: out: AL flags. AH=12h: AH more flags
keyboard_flags_enhanced:
        mov     al, [BDA_KEY_STATE]
        and     al, KEY_STATE_RIGHT_CTRL | KEY_STATE_RIGHT_ALT
        or      al, [BDA_SHIFT2]
        mov     [bp + F_AH], al
keyboard_flags:
        mov     al, [BDA_SHIFT]
        mov     [bp + F_AL], al
        ret

# INT 16h AH=05h: in: CX key; out: AL 0, or 1 when the buffer is full
keyboard_put:
        mov     ax, cx
        call    key_put
        setc    [bp + F_AL]
        ret

.section .data
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
