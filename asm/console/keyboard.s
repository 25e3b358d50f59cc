# The PS/2 keyboard behind the 8042 controller, scan code set 1 (the controller translates). IRQ 1 turns scan codes into
# keys for the input queue: by the US layout, and by what another one (asm/shell/keymap.s) has in its place.

.include "macros.inc"
.include "keys.inc"
.include "keymap.inc"
.include "console.inc"

KEYBOARD_IRQ        = 1

# 8042: ports, status bits, commands.
KBC_DATA            = 0x60
KBC_STATUS          = 0x64
KBC_COMMAND         = 0x64
STATUS_OUTPUT       = 0x01                  # a byte waits for us
STATUS_INPUT        = 0x02                  # the controller has not taken our last byte yet
STATUS_MOUSE        = 0x20                  # the byte is of the second port
KBC_PATIENCE        = 50000                 # readings of the status port before a controller counts as absent
KBC_READ_MODE       = 0x20
KBC_WRITE_MODE      = 0x60
KBC_ENABLE          = 0xAE
MODE_INTERRUPT      = 0x01
MODE_DISABLED       = 0x10
MODE_TRANSLATE      = 0x40

# Modifier state.
SHIFT_LEFT          = 0x01
SHIFT_RIGHT         = 0x02
SHIFT               = SHIFT_LEFT | SHIFT_RIGHT
CONTROL             = 0x04                  # either one
ALT                 = 0x08
CAPS_LOCK           = 0x10
ALT_GR              = 0x20                  # the right one of the two

SCAN_EXTENDED       = 0xE0
SCAN_PAUSE          = 0xE1
SCAN_RELEASE        = 0x80

.text

# Empties the controller, switches keyboard and translation on, and takes IRQ 1.
keyboard_init:
    mov     ecx, 16                     # what was typed before
1:  in      al, KBC_STATUS
    test    al, STATUS_OUTPUT
    jz      2f
    in      al, KBC_DATA
    dec     ecx
    jnz     1b
2:  mov     al, KBC_ENABLE
    call    keyboard_command
    mov     al, KBC_READ_MODE
    call    keyboard_command
    call    keyboard_wait_byte
    jc      3f
    in      al, KBC_DATA
    or      al, MODE_INTERRUPT | MODE_TRANSLATE
    and     al, ~MODE_DISABLED & 0xFF
    mov     ah, al
    mov     al, KBC_WRITE_MODE
    call    keyboard_command
    call    keyboard_wait_ready
    mov     al, ah
    out     KBC_DATA, al
3:  mov     eax, KEYBOARD_IRQ
    mov     edx, offset keyboard_interrupt
    xor     ecx, ecx
    jmp     irq_register

INITCALL 3, keyboard_init

# Sends a command byte to the controller.
# In: AL.
# Clobbers: ECX.
keyboard_command:
    push    eax
    call    keyboard_wait_ready
    pop     eax
    out     KBC_COMMAND, al
    ret

# Waits until the controller takes a byte; gives up when there is no controller.
# Clobbers: AL, ECX.
keyboard_wait_ready:
    mov     ecx, KBC_PATIENCE
1:  in      al, KBC_STATUS
    test    al, STATUS_INPUT
    jz      2f
    dec     ecx
    jnz     1b
2:  ret

# Waits for a byte.
# Out: CF when none comes.
# Clobbers: AL, ECX.
keyboard_wait_byte:
    mov     ecx, KBC_PATIENCE
1:  in      al, KBC_STATUS
    test    al, STATUS_OUTPUT
    jnz     2f                          # TEST cleared CF
    dec     ecx
    jnz     1b
    stc
2:  ret

# Handler of IRQ 1; the debugger calls it too.
.global keyboard_interrupt
keyboard_interrupt:
    in      al, KBC_STATUS
    test    al, STATUS_OUTPUT
    jz      keyboard_done
    mov     ah, al
    in      al, KBC_DATA
    test    ah, STATUS_MOUSE
    jnz     keyboard_done
    movzx   eax, al
    cmp     byte ptr [keyboard_skip], 0
    jne     keyboard_skipped
    cmp     al, SCAN_EXTENDED
    je      keyboard_prefix
    cmp     al, SCAN_PAUSE
    je      keyboard_pause
    movzx   ecx, byte ptr [keyboard_extended]
    mov     byte ptr [keyboard_extended], 0
    mov     edx, eax
    and     edx, 0x7F
    cmp     edx, SCAN_KEYS
    jae     keyboard_done

    push    eax                         # modifiers: press sets the bit, release clears it
    mov     ah, [keyboard_modifiers]
    mov     al, [scan_modifiers + edx]
    test    al, al
    jz      .Lkeyboard_interrupt_key
    test    ecx, ecx                    # E0 2A and E0 36 are no shift keys: they frame the keys of the cursor block
    jz      .Lkeyboard_interrupt_flag
    test    al, SHIFT
    jnz     .Lkeyboard_interrupt_done
.Lkeyboard_interrupt_flag:
    cmp     al, CAPS_LOCK
    je      .Lkeyboard_interrupt_caps_lock
    cmp     al, ALT
    jne     .Lkeyboard_interrupt_bit
    jecxz   .Lkeyboard_interrupt_bit
    mov     al, ALT_GR
.Lkeyboard_interrupt_bit:
    or      ah, al
    test    byte ptr [esp], SCAN_RELEASE
    jz      .Lkeyboard_interrupt_set
    xor     ah, al
    jmp     .Lkeyboard_interrupt_set
.Lkeyboard_interrupt_caps_lock:
    test    byte ptr [esp], SCAN_RELEASE
    jnz     .Lkeyboard_interrupt_done
    xor     ah, al
.Lkeyboard_interrupt_set:
    mov     [keyboard_modifiers], ah
.Lkeyboard_interrupt_done:
    pop     eax
    ret
.Lkeyboard_interrupt_key:
    pop     eax
    test    al, SCAN_RELEASE
    jnz     keyboard_done
    test    ecx, ecx
    jnz     keyboard_extended_key

    movzx   eax, word ptr [scan_plain + edx*2]
    mov     cl, [keyboard_modifiers]
    test    cl, SHIFT
    jz      .Lkeyboard_interrupt_plain
    movzx   eax, word ptr [scan_shifted + edx*2]
.Lkeyboard_interrupt_plain:
    call    keyboard_layout_key
    call    keyboard_changed
    test    cl, ALT | ALT_GR
    jz      keyboard_put
    mov     ecx, eax                    # Alt and F1 to F8: consoles
    sub     ecx, KEY_F1
    cmp     ecx, CONSOLES
    jb      keyboard_console
    cmp     eax, 0x80
    jae     keyboard_put
    or      eax, KEY_ALT
    jmp     keyboard_put

# What Caps Lock and Ctrl make of a key.
# In: EAX key, CL modifiers.
# Out: EAX key.
# Clobbers: CH.
keyboard_changed:
    test    cl, CAPS_LOCK
    jz      .Lkeyboard_changed_control
    mov     ch, al                      # letters only: upper and lower case change places
    or      ch, 0x20
    sub     ch, 'a'
    cmp     ch, 26
    jae     .Lkeyboard_changed_control
    cmp     eax, 0x100
    jae     .Lkeyboard_changed_control
    xor     al, 0x20
.Lkeyboard_changed_control:
    test    cl, CONTROL
    jz      .Lkeyboard_changed_done
    cmp     eax, 0x40                   # Ctrl: @ A-Z [ \ ] ^ _ and the lower case letters
    jb      .Lkeyboard_changed_done
    cmp     eax, 0x80
    jae     .Lkeyboard_changed_done
    and     eax, 0x1F
.Lkeyboard_changed_done:
    ret

# Puts a key into the input queue of the console that is shown.
# In: EAX key, 0 for none.
keyboard_put:
    mov     edx, [console_shown]
    test    eax, eax
    jnz     input_put
keyboard_done:
    ret

# What the layout has in the place of a key of the US layout.
# In: EAX key, EDX scan code, CL modifiers.
# Out: EAX key, 0 for none; CL modifiers that are not used up.
# Clobbers: CH.
keyboard_layout_key:
    mov     ch, [keyboard_layout + KEYMAP_ALTGR + edx]
    test    cl, ALT_GR
    jz      1f
    test    ch, ch
    jz      1f
    and     cl, ~ALT_GR
    jmp     3f
1:  mov     ch, [keyboard_layout + KEYMAP_SHIFT + edx]
    test    cl, SHIFT
    jnz     2f
    mov     ch, [keyboard_layout + KEYMAP_PLAIN + edx]
2:  test    ch, ch
    jz      4f
3:  movzx   eax, ch
    cmp     al, KEYMAP_NONE
    jne     4f
    xor     eax, eax
4:  ret

# Shows another console, but not while the debugger has the screen.
# In: ECX its number, from 0.
keyboard_console:
    cmp     dword ptr [debug_active], 0
    jne     keyboard_done
    lea     eax, [ecx + 1]
    jmp     console_choose_said

keyboard_extended_key:
    movzx   eax, word ptr [scan_extended + edx*2]
    jmp     keyboard_put
keyboard_prefix:
    mov     byte ptr [keyboard_extended], 1
    ret
keyboard_pause:
    mov     byte ptr [keyboard_skip], 2 # E1 1D 45 E1 9D C5: no key of ours
    ret
keyboard_skipped:
    dec     byte ptr [keyboard_skip]
    ret

# Tables by scan code, 0 to SCAN_KEYS - 1.
.macro SCAN_FUNCTION_KEYS
    .word   KEY_F1, KEY_F1+1, KEY_F1+2, KEY_F1+3, KEY_F1+4, KEY_F1+5, KEY_F1+6, KEY_F1+7, KEY_F1+8, KEY_F1+9  # 3B-44
    .word   0, 0                                                                                             # 45-46
    .word   KEY_HOME, KEY_UP, KEY_PAGE_UP, '-', KEY_LEFT, '5', KEY_RIGHT, '+'                                # 47-4E
    .word   KEY_END, KEY_DOWN, KEY_PAGE_DOWN, KEY_INSERT, KEY_DELETE                                         # 4F-53
    .word   0, 0, '<', KEY_F1+10, KEY_F12                                                                    # 54-58
.endm

.section .rodata
.balign 4
scan_plain:
    .word   0, KEY_ESCAPE, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', KEY_BACKSPACE, KEY_TAB
    .word   'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']', KEY_ENTER, 0, 'a', 's'
    .word   'd', 'f', 'g', 'h', 'j', 'k', 'l', 0x3B, 0x27, '`', 0, 0x5C, 'z', 'x', 'c', 'v'
    .word   'b', 'n', 'm', 0x2C, '.', '/', 0, '*', 0, ' ', 0
    SCAN_FUNCTION_KEYS
scan_shifted:
    .word   0, KEY_ESCAPE, '!', '@', 0x23, '$', '%', '^', '&', '*', '(', ')', '_', '+', KEY_BACKSPACE, KEY_TAB
    .word   'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}', KEY_ENTER, 0, 'A', 'S'
    .word   'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', 0x22, '~', 0, '|', 'Z', 'X', 'C', 'V'
    .word   'B', 'N', 'M', '<', '>', '?', 0, '*', 0, ' ', 0
    SCAN_FUNCTION_KEYS
scan_extended:
    .fill   0x1C, 2, 0
    .word   KEY_ENTER
    .fill   0x35 - 0x1D, 2, 0
    .word   '/'
    .fill   0x47 - 0x36, 2, 0
    .word   KEY_HOME, KEY_UP, KEY_PAGE_UP, 0, KEY_LEFT, 0, KEY_RIGHT, 0
    .word   KEY_END, KEY_DOWN, KEY_PAGE_DOWN, KEY_INSERT, KEY_DELETE
    .fill   SCAN_KEYS - 0x54, 2, 0
scan_modifiers:
    .fill   0x1D, 1, 0
    .byte   CONTROL
    .fill   0x2A - 0x1E, 1, 0
    .byte   SHIFT_LEFT
    .fill   0x36 - 0x2B, 1, 0
    .byte   SHIFT_RIGHT, 0, ALT, 0, CAPS_LOCK
    .fill   SCAN_KEYS - 0x3B, 1, 0

.bss
keyboard_modifiers: .space 1
keyboard_extended:  .space 1                # 1: the last byte was E0
keyboard_skip:      .space 1                # so many bytes more belong to Pause
.global keyboard_layout
keyboard_layout:    .space KEYMAP_BYTES     # KEYMAP_*
