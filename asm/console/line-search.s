# Looking for a line of the history while a line is edited (line.s): Ctrl-R, then the text that the line holds. The
# variables are those of the console in place. Interrupts are off in all routines.

.include "macros.inc"
.include "keys.inc"

PATTERN_BYTES       = 32                    # that is looked for

# In: EAX text, EDX number of the line that was found before, or -1. Out: EAX line, EDX its number; CF without one.
HOOK line_find, hook_none

.text

# Ctrl-R: begins to look for a line of the history.
.global line_search
line_search:
    cmp     dword ptr [line_prompt_routine], 0
    je      1f
    mov     dword ptr [line_searching], 1
    mov     dword ptr [line_pattern_length], 0
    mov     dword ptr [line_pattern], 0
    mov     dword ptr [line_found], -1
    jmp     line_draw
1:  ret

# A key while a line is looked for: characters make the text longer, Ctrl-R goes on to an older line, any other key ends
# the search and does what it always does.
# In: EAX key.
# Out: CF when the key is still to be done.
# Clobbers: EAX only, when it is still to be done.
.global line_search_key
line_search_key:
    mov     ecx, [line_pattern_length]
    mov     edx, [line_found]
    cmp     eax, KEY_CTRL_R
    je      .Lline_search_key_look
    or      edx, -1
    cmp     eax, KEY_BACKSPACE
    je      .Lline_search_key_shorter
    cmp     eax, ' '
    jb      .Lline_search_key_other
    cmp     eax, 126
    ja      .Lline_search_key_other
    cmp     ecx, PATTERN_BYTES - 1
    jae     .Lline_search_key_done
    mov     [line_pattern + ecx], al
    inc     ecx
    jmp     .Lline_search_key_pattern
.Lline_search_key_shorter:
    sub     ecx, 1
    jb      .Lline_search_key_done
.Lline_search_key_pattern:
    mov     [line_pattern_length], ecx
    mov     byte ptr [line_pattern + ecx], 0
.Lline_search_key_look:
    cmp     dword ptr [line_pattern_length], 0
    je      .Lline_search_key_draw
    mov     eax, offset line_pattern
    call    [line_find]
    jc      .Lline_search_key_draw
    mov     [line_found], edx
    mov     edx, eax
    mov     eax, [line_buffer]
    mov     ecx, [line_most]
    inc     ecx
    call    string_copy
    mov     [line_length], eax
    mov     [line_cursor], eax
.Lline_search_key_draw:
    call    line_draw
.Lline_search_key_done:
    clc
    ret
.Lline_search_key_other:
    push    eax
    call    line_search_end
    pop     eax
    stc
    ret

# Ends the search; the line that was found stays.
.global line_search_end
line_search_end:
    xor     eax, eax
    xchg    eax, [line_searching]
    test    eax, eax
    jnz     line_draw
    ret

# The prompt of the search.
# In: EAX buffer, EDX its size.
# Out: EAX characters.
.global line_search_prompt
line_search_prompt:
    mov     ecx, offset line_pattern
    SNPRINTF eax, edx, "search %s: ", ecx
    ret

.section .bss.console, "aw", @nobits
.balign 4
.global line_searching
line_searching:     .space 4                # 1: a line of the history is looked for
line_found:         .space 4                # number of the one that was found, or -1
line_pattern_length: .space 4
line_pattern:       .space PATTERN_BYTES
