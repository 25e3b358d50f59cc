# The lines that were typed, for Up and Down, Ctrl-R and the command `hist`. A line that is typed again moves to the
# end. When the variable `history` is the path of a file, they are kept there too.

.include "macros.inc"
.include "fs.inc"
.include "file.inc"
.include "shell.inc"

HISTORY_LINES       = 200
HISTORY_TYPED_BYTES = 512
HISTORY_FILE_BYTES  = 65536                 # when the file is longer, it is written anew

ON_HOOK line_history, history_rewind, history_older, history_newer
ON_HOOK line_find, history_search

.text

# Remembers a line.
# In: EAX string.
history_add:
    INTERRUPTS_OFF                      # other consoles have the same lines
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    cmp     byte ptr [esi], 0
    je      .Lhistory_add_done
    xor     ebx, ebx                    # an equal one goes away, or the oldest if all places are taken
.Lhistory_add_search:
    cmp     ebx, [history_count]
    jae     .Lhistory_add_absent
    mov     eax, [history_lines + ebx*4]
    mov     edx, esi
    call    string_compare
    je      .Lhistory_add_remove
    inc     ebx
    jmp     .Lhistory_add_search
.Lhistory_add_absent:
    cmp     ebx, HISTORY_LINES
    jb      .Lhistory_add_enter
    xor     ebx, ebx
.Lhistory_add_remove:
    mov     eax, [history_lines + ebx*4]
    call    mfree
    dec     dword ptr [history_count]
.Lhistory_add_move:
    cmp     ebx, [history_count]
    jae     .Lhistory_add_enter
    mov     eax, [history_lines + ebx*4 + 4]
    mov     [history_lines + ebx*4], eax
    inc     ebx
    jmp     .Lhistory_add_move
.Lhistory_add_enter:
    mov     eax, esi
    call    string_length
    lea     edi, [eax + 1]
    mov     eax, edi
    call    malloc
    jc      .Lhistory_add_done          # without memory it is just not remembered
    mov     ebx, [history_count]
    mov     [history_lines + ebx*4], eax
    inc     dword ptr [history_count]
    mov     edx, esi
    mov     ecx, edi
    call    string_copy
.Lhistory_add_done:
    pop     edi
    pop     esi
    pop     ebx
    INTERRUPTS_RESTORE
    ret

# Remembers a line that was typed, in the file too. May sleep.
# In: EAX string.
.global history_enter
history_enter:
    push    ebx
    push    esi
    mov     ebx, eax
    cmp     byte ptr [ebx], 0
    je      2f
    call    history_add
    call    history_path
    jc      2f
    mov     esi, eax
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_APPEND
    call    file_open
    jc      2f                          # without the volume it is just not kept
    mov     edx, ebx
    mov     ebx, eax
    call    history_write
    call    history_shorten
    mov     eax, ebx
    call    file_close
2:  pop     esi
    pop     ebx
    ret

# The path of the file.
# Out: EAX path; CF when there is none.
history_path:
    LOAD_STRING eax, "history"
    jmp     env_get

# Writes a line to the file.
# In: EBX handle, EDX line.
history_write:
    push    esi
    mov     esi, edx
    mov     eax, edx
    call    string_length
    mov     ecx, eax
    mov     eax, ebx
    call    file_write
    mov     esi, offset history_line_end
    mov     ecx, 1
    mov     eax, ebx
    call    file_write
    pop     esi
    ret

# When the file has become too long, writes it anew from the lines in memory.
# In: EBX handle.
history_shorten:
    FRAME   NODE_SIZE_OF
    push    esi
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    mov     eax, ebx
    call    file_stat_handle
    jc      2f
    cmp     dword ptr [edi + NODE_BYTES], HISTORY_FILE_BYTES
    jb      2f
    mov     eax, ebx
    xor     ecx, ecx
    xor     edx, edx
    call    file_truncate
    jc      2f
    xor     esi, esi
1:  cmp     esi, [history_count]
    jae     2f
    mov     edx, [history_lines + esi*4]
    call    history_write
    inc     esi
    jmp     1b
2:  pop     edi
    pop     esi
    ENDFRAME
    ret

# Reads the lines of the file, once, as soon as it can be read. May sleep.
.global history_load
history_load:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    cmp     byte ptr [history_loaded], 0
    jne     .Lhistory_load_done
    call    history_path
    jc      .Lhistory_load_done
    mov     esi, eax
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    jc      .Lhistory_load_done
    mov     byte ptr [history_loaded], 1
    mov     eax, LINE_BYTES
    call    malloc
    jc      .Lhistory_load_done
    mov     edi, eax
    call    reader_open
    jc      .Lhistory_load_free
.Lhistory_load_line:
    xor     ecx, ecx
.Lhistory_load_byte:
    call    reader_byte
    jc      .Lhistory_load_close
    cmp     al, 10
    je      .Lhistory_load_add
    cmp     al, ' '
    jb      .Lhistory_load_byte         # nothing that could not be typed
    cmp     ecx, LINE_BYTES - 1
    jae     .Lhistory_load_byte
    mov     [edi + ecx], al
    inc     ecx
    jmp     .Lhistory_load_byte
.Lhistory_load_add:
    mov     byte ptr [edi + ecx], 0
    mov     eax, edi
    call    history_add
    jmp     .Lhistory_load_line
.Lhistory_load_close:
    call    reader_close
.Lhistory_load_free:
    mov     eax, edi
    call    mfree
.Lhistory_load_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Looks for a line that holds a text, from the newest on.
# In: EAX text, EDX number of the line that was found before, or -1.
# Out: EAX line, EDX its number; CF when there is none.
history_search:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     edi, [history_count]
    jbe     1f
    mov     edi, [history_count]
1:  sub     edi, 1
    jb      4f
    mov     ebx, [history_lines + edi*4]
2:  mov     eax, ebx
    mov     edx, esi
    call    string_prefix
    je      3f
    inc     ebx
    cmp     byte ptr [ebx - 1], 0
    jne     2b
    jmp     1b
3:  mov     [history_position], edi
    mov     eax, [history_lines + edi*4]
    mov     edx, edi
    clc
4:  pop     edi
    pop     esi
    pop     ebx
    ret

# Begins a new line: Up gives the last line that was entered.
history_rewind:
    mov     eax, [history_count]
    mov     [history_position], eax
    mov     byte ptr [history_typed], 0
    ret

# The line before the one that is shown.
# In: EAX line as it is now.
# Out: EAX string; CF when there is none.
history_older:
    mov     ecx, [history_position]
    cmp     ecx, [history_count]
    jne     1f
    mov     edx, eax                    # what was typed comes back with Down
    mov     eax, offset history_typed
    mov     ecx, HISTORY_TYPED_BYTES
    call    string_copy
    mov     ecx, [history_position]
1:  sub     ecx, 1
    jb      2f
    mov     [history_position], ecx
    mov     eax, [history_lines + ecx*4]
    clc
2:  ret

# The line after the one that is shown.
# Out: EAX string; CF when there is none.
history_newer:
    mov     ecx, [history_position]
    cmp     ecx, [history_count]
    cmc
    jc      1f
    inc     ecx
    mov     [history_position], ecx
    mov     eax, [history_lines + ecx*4]
    cmp     ecx, [history_count]
    jb      2f
    mov     eax, offset history_typed
2:  clc
1:  ret

# Shell command: lists the lines that were entered.
# Out: EAX status 0.
command_hist:
    push    ebx
    xor     ebx, ebx
1:  cmp     ebx, [history_count]
    jae     2f
    mov     eax, [history_lines + ebx*4]
    inc     ebx
    PRINTF  "%3u  %s\n", ebx, eax
    jmp     1b
2:  xor     eax, eax
    pop     ebx
    ret

SHELL_COMMAND "hist", command_hist, "", "list the lines that were typed", GROUP_SHELL

.section .rodata
history_line_end:
    .byte   10

.bss
history_loaded:     .space 1                # 1: the file was read
.balign 4
history_count:      .space 4
history_lines:      .space (HISTORY_LINES + 1) * 4

.section .bss.console, "aw", @nobits
.balign 4
history_position:   .space 4                # line that is shown; history_count: the one being typed
history_typed:      .space HISTORY_TYPED_BYTES
