# Keyboard layouts from files: the command `keymap`, and the setting of the same name. A file has lines of SCAN PLAIN
# [SHIFT [ALTGR]]: a scan code of set 1 in hexadecimal, and a character, or `none`, for each. Characters are ASCII.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "keymap.inc"

FILE_BYTES          = 4096
NAME_BYTES          = 64                    # of a name or path that `keymap` shows, with the NUL

# Locals of keymap_set, below EBP.
LOCAL_NAME          = 4
LOCAL_LINE          = 8                     # number of the line
LOCAL_TABLE         = 8 + KEYMAP_BYTES + 1

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_keymap:
    cmp     eax, 2
    ja      command_misused
    je      1f
    mov     eax, offset keymap_name
    PRINTF  "%s\n", eax
    xor     eax, eax
    ret
1:  mov     eax, [edx + 4]
    call    keymap_set
    mov     eax, 0
    adc     eax, 0
    ret

# Takes over the layout that the settings want, if they do. May sleep.
.global keymap_load
keymap_load:
    LOAD_STRING eax, "keymap"
    call    env_get
    jnc     keymap_set
    ret

# Takes over a layout: one that came with the kernel, or a file's. Says what is wrong. May sleep.
# In: EAX name, or path with a slash.
# Out: CF when it was not taken.
keymap_set:
    push    ebx
    push    esi
    push    edi
    FRAME   LOCAL_TABLE
    mov     [ebp - LOCAL_NAME], eax
    mov     dl, '/'
    call    string_find
    jnc     .Lkeymap_set_file
    mov     ebx, offset keymaps
.Lkeymap_set_next:
    mov     eax, [ebp - LOCAL_NAME]
    mov     edx, [ebx]
    test    edx, edx
    jz      .Lkeymap_set_unknown
    call    string_compare
    je      .Lkeymap_set_known
    add     ebx, 8
    jmp     .Lkeymap_set_next
.Lkeymap_set_known:
    mov     esi, [ebx + 4]
    xor     ebx, ebx                    # EBX: block to free, or 0
    jmp     .Lkeymap_set_parse
.Lkeymap_set_unknown:
    mov     eax, ERROR_NOT_FOUND
    jmp     .Lkeymap_set_failed
.Lkeymap_set_file:
    mov     eax, FILE_BYTES
    call    malloc
    jc      .Lkeymap_set_failed
    mov     ebx, eax
    mov     esi, [ebp - LOCAL_NAME]
    call    keymap_read
    jc      .Lkeymap_set_free
    mov     esi, ebx
.Lkeymap_set_parse:
    lea     edi, [ebp - LOCAL_TABLE]
    call    keymap_parse
    jc      .Lkeymap_set_wrong
    lea     esi, [ebp - LOCAL_TABLE]
    mov     edi, offset keyboard_layout
    mov     ecx, KEYMAP_BYTES
    INTERRUPTS_OFF
    rep movsb
    INTERRUPTS_RESTORE
    mov     eax, offset keymap_name
    mov     edx, [ebp - LOCAL_NAME]
    mov     ecx, NAME_BYTES
    call    string_copy
    mov     eax, ebx
    test    eax, eax
    jz      .Lkeymap_set_done
    call    mfree
    clc
    jmp     .Lkeymap_set_done
.Lkeymap_set_wrong:
    mov     edx, [ebp - LOCAL_NAME]
    PRINTF  "keymap %s: line %u is not SCAN PLAIN [SHIFT [ALTGR]]\n", edx, eax
    mov     eax, ebx
    test    eax, eax
    jz      .Lkeymap_set_refused
    call    mfree
    jmp     .Lkeymap_set_refused
.Lkeymap_set_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
.Lkeymap_set_failed:
    call    error_text
    mov     edx, [ebp - LOCAL_NAME]
    PRINTF  "keymap %s: %s\n", edx, eax
.Lkeymap_set_refused:
    stc
.Lkeymap_set_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads a file.
# In: ESI path, EBX buffer of FILE_BYTES.
# Out: CF and EAX error.
# Clobbers: ESI, EDI.
keymap_read:
    mov     ecx, FILE_READ
    call    file_open
    jc      1f
    mov     esi, eax
    mov     edi, ebx
    mov     ecx, FILE_BYTES
    call    file_read
    pushfd
    push    eax
    mov     eax, esi
    call    file_close
    pop     eax
    popfd
    jc      1f
    cmp     eax, FILE_BYTES
    cmc
    mov     byte ptr [ebx + eax], 0
    mov     eax, ERROR_TOO_LONG
1:  ret

# Makes the tables of a layout.
# In: ESI text, EDI KEYMAP_BYTES to fill.
# Out: CF and EAX number of the first line that is wrong.
# Clobbers: ESI.
keymap_parse:
    push    ebx
    push    edi
    mov     ecx, KEYMAP_BYTES
    xor     eax, eax
    rep stosb
    pop     edi
    xor     ebx, ebx                    # EBX: number of the line
.Lkeymap_parse_line:
    inc     ebx
    call    keymap_blanks
    cmp     al, 0x23                    # '#'
    je      .Lkeymap_parse_skip
    cmp     al, ' '
    jb      .Lkeymap_parse_end
    xor     edx, edx                    # EDX: scan code
.Lkeymap_parse_digit:
    mov     al, [esi]
    cmp     al, ' '
    jbe     .Lkeymap_parse_scan
    call    parse_hex_digit
    jc      .Lkeymap_parse_wrong
    inc     esi
    shl     edx, 4
    or      edx, eax
    cmp     edx, SCAN_KEYS
    jb      .Lkeymap_parse_digit
    jmp     .Lkeymap_parse_wrong
.Lkeymap_parse_scan:
    mov     ecx, -SCAN_KEYS             # ECX: the table, when SCAN_KEYS is added
.Lkeymap_parse_word:
    call    keymap_blanks
    cmp     al, ' '
    jb      .Lkeymap_parse_last
    add     ecx, SCAN_KEYS
    cmp     ecx, KEYMAP_ALTGR
    ja      .Lkeymap_parse_wrong
    call    keymap_word
    jc      .Lkeymap_parse_wrong
    add     edx, edi
    mov     [edx + ecx], al
    sub     edx, edi
    jmp     .Lkeymap_parse_word
.Lkeymap_parse_last:
    test    ecx, ecx
    js      .Lkeymap_parse_wrong        # a scan code alone
.Lkeymap_parse_end:
    mov     al, [esi]
    test    al, al
    jz      .Lkeymap_parse_done         # CF is clear
    inc     esi
    cmp     al, 10
    je      .Lkeymap_parse_line
    cmp     al, 13
    je      .Lkeymap_parse_end
.Lkeymap_parse_wrong:
    mov     eax, ebx
    stc
.Lkeymap_parse_done:
    pop     ebx
    ret
.Lkeymap_parse_skip:
    mov     al, [esi]
    cmp     al, 10
    je      .Lkeymap_parse_end
    test    al, al
    jz      .Lkeymap_parse_end
    inc     esi
    jmp     .Lkeymap_parse_skip

# Passes blanks.
# In: ESI text.
# Out: ESI what is behind them, AL its first character.
# Clobbers: nothing else.
keymap_blanks:
    mov     al, [esi]
    cmp     al, 9
    je      1f
    cmp     al, ' '
    jne     2f
1:  inc     esi
    jmp     keymap_blanks
2:  ret

# Reads what a key gives.
# In: ESI text, not at a blank.
# Out: AL character or KEYMAP_NONE, ESI after the word; CF when it is neither.
# Clobbers: nothing else.
keymap_word:
    cmp     byte ptr [esi + 1], ' '
    ja      1f
    lodsb
    cmp     al, 127
    cmc
    ret
1:  cmp     dword ptr [esi], 0x656E6F6E # "none"
    stc
    jne     2f
    add     esi, 4
    mov     al, KEYMAP_NONE
    cmp     byte ptr [esi], ' ' + 1
    cmc
2:  ret

SHELL_COMMAND "keymap", command_keymap, "[us|uk|de|fr|PATH]", "show or set the layout of the keyboard", GROUP_SYSTEM, keymap_text

.section .rodata
keymap_text:
    .ascii  "A file has lines of SCAN PLAIN [SHIFT [ALTGR]]: a scan code in hexadecimal, and the character that the key\n"
    .ascii  "gives alone, with Shift and with the right Alt key, or none, where they differ from us. Characters are ASCII.\n"
    .asciz  "set keymap = de; save sets it at each start.\n"

# A layout that comes with the kernel.
.macro KEYMAP name:req
    .pushsection .rodata.str, "a", @progbits
.Lname\@: .asciz "\name"
.Lmap\@: .incbin "keymaps/\name\().map"
    .byte   0
    .popsection
    .long   .Lname\@, .Lmap\@
.endm

.balign 4
keymaps:
    KEYMAP  us
    KEYMAP  uk
    KEYMAP  de
    KEYMAP  fr
    .long   0

.data
keymap_name:
    .asciz  "us"
    .space  NAME_BYTES - 3
