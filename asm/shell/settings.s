# Settings: what the variables are, and the rules of the packet filter, kept in the file /net/settings. A person can
# edit it: lines of NAME = VALUE, of filter = RULE, which are entered in their order, and comments after #. It is read
# when the volume is mounted, before the services start and /net/init.rc runs.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "shell.inc"
.include "filter.inc"

SETTINGS_BYTES          = 16384             # that `save` writes

ON_HOOK on_settings, settings_begin

.text

# Reads the settings, and then takes over the keyboard's layout that they want. May sleep.
settings_begin:
    call    settings_load
    jmp     keymap_load

# Reads the settings, if there are any, sets the variables and enters the rules. Says which lines are wrong. May sleep.
settings_load:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    mov     esi, offset settings_path
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    jc      .Lsettings_load_done
    mov     eax, LINE_BYTES
    call    malloc
    jc      .Lsettings_load_done
    push    eax
    call    reader_open
    jc      .Lsettings_load_free
    push    0                           # [ESP] number of the line, [ESP + 4] its text
.Lsettings_load_line:
    inc     dword ptr [esp]
    mov     edi, [esp + 4]
    xor     ecx, ecx                    # ECX: characters
.Lsettings_load_byte:
    call    reader_byte
    jc      .Lsettings_load_end
    cmp     al, 10
    je      .Lsettings_load_set
    cmp     ecx, LINE_BYTES - 1
    jae     .Lsettings_load_byte
    mov     [edi + ecx], al
    inc     ecx
    jmp     .Lsettings_load_byte
.Lsettings_load_set:
    call    settings_line
    jnc     .Lsettings_load_line
    mov     eax, [esp]
    PRINTF  "%s: line %u is not %s\n", esi, eax, edx
    jmp     .Lsettings_load_line
.Lsettings_load_end:
    call    settings_line               # one without its end
    pop     eax
    call    reader_close
.Lsettings_load_free:
    pop     eax
    call    mfree
.Lsettings_load_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Sets the variable of a line, or enters its rule.
# In: EDI line, ECX its characters.
# Out: CF when it is wrong, EDX text: what it should be.
settings_line:
    push    esi
    push    edi
    mov     byte ptr [edi + ecx], 0
.Lsettings_line_trim:
    sub     ecx, 1
    jb      .Lsettings_line_start
    cmp     byte ptr [edi + ecx], ' '
    ja      .Lsettings_line_start
    mov     byte ptr [edi + ecx], 0
    jmp     .Lsettings_line_trim
.Lsettings_line_start:
    mov     esi, edi
    call    settings_blanks
    mov     al, [esi]
    test    al, al
    jz      .Lsettings_line_done        # CF is clear
    cmp     al, 0x23                    # '#'
    je      .Lsettings_line_done
    mov     edi, esi                    # EDI: name
.Lsettings_line_name:
    mov     al, [esi]
    cmp     al, '='
    je      .Lsettings_line_named
    cmp     al, ' '
    jbe     .Lsettings_line_named
    inc     esi
    jmp     .Lsettings_line_name
.Lsettings_line_named:
    cmp     esi, edi
    je      .Lsettings_line_wrong
    mov     edx, esi                    # EDX: its end
    call    settings_blanks
    cmp     byte ptr [esi], '='
    jne     .Lsettings_line_wrong
    inc     esi
    mov     byte ptr [edx], 0
    call    settings_blanks
    cmp     byte ptr [esi], 1
    jb      .Lsettings_line_wrong
    mov     eax, edi
    LOAD_STRING edx, "filter"
    call    string_compare
    je      .Lsettings_line_rule
    mov     eax, edi
    mov     edx, esi
    call    env_set
    jnc     .Lsettings_line_done
.Lsettings_line_wrong:
    LOAD_STRING edx, "NAME = VALUE"
    stc
    jmp     .Lsettings_line_done
.Lsettings_line_rule:
    mov     eax, esi
    call    filter_read
    LOAD_STRING edx, "filter = RULE"
.Lsettings_line_done:
    pop     edi
    pop     esi
    ret

# Passes blanks.
# In: ESI text.
# Out: ESI what is behind them.
# Clobbers: nothing else.
settings_blanks:
    cmp     byte ptr [esi], ' '
    je      1f
    cmp     byte ptr [esi], 9
    jne     2f
1:  inc     esi
    jmp     settings_blanks
2:  ret

# Shell command: writes all variables and rules to the file of the settings, which is the old one or the new one at each
# moment.
# Out: EAX status.
command_save:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, offset settings_path
    mov     edi, offset settings_aside
    mov     eax, SETTINGS_BYTES
    call    malloc
    jc      .Lcommand_save_failed
    mov     ebx, eax
    call    settings_text
    jc      .Lcommand_save_free
    mov     ebp, eax                    # EBP: bytes
    call    file_open_aside
    jc      .Lcommand_save_free
    xchg    esi, edi
    push    eax
    push    esi
    mov     esi, ebx
    mov     ecx, ebp
    call    file_write
    pop     esi
    mov     edx, eax
    jc      .Lcommand_save_close
    xor     edx, edx
    cmp     eax, ebp
    je      .Lcommand_save_close
    mov     edx, ERROR_NO_SPACE
.Lcommand_save_close:
    pop     eax
    call    file_close_aside
    mov     esi, offset settings_path
.Lcommand_save_free:
    pushfd
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    popfd
    jc      .Lcommand_save_failed
    xor     eax, eax
    jmp     .Lcommand_save_done
.Lcommand_save_failed:
    call    path_complain
.Lcommand_save_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes the lines of all variables and rules into memory.
# In: EBX buffer of SETTINGS_BYTES.
# Out: EAX bytes; CF and EAX error when they are too many.
settings_text:
    push    esi
    push    edi
    push    ebp
    lea     ebp, [ebx + SETTINGS_BYTES] # EBP: end of the room
    xor     esi, esi                    # ESI: the variable before
    mov     edi, ebx
.Lsettings_text_variable:
    mov     eax, esi
    call    env_next
    jc      .Lsettings_text_rules
    mov     esi, eax
    push    ecx
    push    edx
    mov     ecx, ebp
    sub     ecx, edi
    pop     edx
    pop     eax
    SNPRINTF edi, ecx, "%s = %s\n", edx, eax
    add     edi, eax
    inc     eax
    cmp     eax, ecx
    jb      .Lsettings_text_variable
    jmp     .Lsettings_text_full
.Lsettings_text_rules:
    xor     esi, esi                    # ESI: number of the rule
.Lsettings_text_rule:
    mov     eax, esi
    mov     ecx, ebp
    sub     ecx, edi
    cmp     ecx, RULE_TEXT_BYTES + 16
    jb      .Lsettings_text_full
    lea     edx, [edi + 9]
    call    filter_text
    jc      .Lsettings_text_end
    mov     dword ptr [edi], 0x746C6966 # "filter = "
    mov     dword ptr [edi + 4], 0x3D207265
    mov     byte ptr [edi + 8], ' '
    lea     edi, [edi + eax + 10]
    mov     byte ptr [edi - 1], 10
    inc     esi
    jmp     .Lsettings_text_rule
.Lsettings_text_full:
    mov     eax, ERROR_TOO_LONG
    stc
    jmp     .Lsettings_text_done
.Lsettings_text_end:
    mov     eax, edi
    sub     eax, ebx
.Lsettings_text_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

SHELL_COMMAND "save", command_save, "", "keep the variables and the rules of filter for the next start", GROUP_SHELL, save_text

.section .rodata
settings_path:
    .asciz  "/net/settings"
SETTINGS_PATH_BYTES = . - settings_path
save_text:
    .ascii  "Writes the file /net/settings: lines of NAME = VALUE and filter = RULE, which a person may edit, and\n"
    .ascii  "comments after #. "
    .asciz  "It is read when /net is mounted.\n"

.bss
settings_aside:
    .space  SETTINGS_PATH_BYTES + FILE_ASIDE_BYTES
