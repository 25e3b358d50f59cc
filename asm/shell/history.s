# The lines that were typed, for Up and Down and for the command `hist`. A line that is typed again moves to the end.

.include "macros.inc"

HISTORY_LINES       = 32
HISTORY_TYPED_BYTES = 512

.text

# Remembers a line.
# In: EAX string.
.global history_add
history_add:
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
    ret

# Begins a new line: Up gives the last line that was entered.
.global history_rewind
history_rewind:
    mov     eax, [history_count]
    mov     [history_position], eax
    mov     byte ptr [history_typed], 0
    ret

# The line before the one that is shown.
# In: EAX line as it is now.
# Out: EAX string; CF when there is none.
.global history_older
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
.global history_newer
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

.bss
.balign 4
history_count:      .space 4
history_position:   .space 4                # line that is shown; history_count: the one being typed
history_lines:      .space (HISTORY_LINES + 1) * 4
history_typed:      .space HISTORY_TYPED_BYTES
