# Shows in which lines two files differ.

.include "program.inc"
.include "options.inc"
.include "differences.inc"

DESCRIPTION "[-qu] [-U LINES] OLD NEW", "show in which lines files differ"
DETAIL "Says what is to be done with OLD to make it NEW; -u as a patch with three lines around each place, -U 1 with one,"
DETAIL "-q only whether they differ. The status is 0 when they are equal, 1 when not, 2 when one cannot be read."

BUCKETS         = 16384
LINES_AROUND    = 3
TROUBLE         = 2                     # exit status
HEAD_BYTES      = 32 << 10              # a NUL in these makes a file binary

# One of several equal lines.
KIND_NEXT       = 0
KIND_HASH       = 4
KIND_TEXT       = 8
KIND_BYTES      = 12
KIND_SIZE       = 16

.text

# Takes options and two paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    mov     ecx, [eax]
    mov     edx, [eax + 4]
    test    ecx, ecx
    jz      misused
    test    edx, edx
    jz      misused
    cmp     dword ptr [eax + 8], 0
    jne     misused
    mov     [old_path], ecx
    mov     [new_path], edx
    call    take_around
    mov     eax, offset kinds
    call    room_make
    mov     eax, [old_path]
    mov     ebx, offset old
    call    load
    mov     eax, [new_path]
    mov     ebx, offset new
    call    load
    mov     ebx, offset old
    call    is_binary
    jc      .Lbinary
    mov     ebx, offset new
    call    is_binary
    jc      .Lbinary
    mov     ebx, offset old
    call    split
    mov     ebx, offset new
    call    split
    mov     eax, offset old
    mov     edx, offset new
    xor     ecx, ecx
    cmp     [unified], ecx
    je      1f
    mov     ecx, [around]
1:  call    differences_find
    mov     ebx, [old + FILE_CHANGED]
    mov     ebp, [new + FILE_CHANGED]
    xor     esi, esi                    # ESI and EDI: lines of both, EBX and EBP their marks
    xor     edi, edi
    call    next_change
    jc      finish
    mov     dword ptr [output_status], 1
    cmp     dword ptr [brief], 0
    jne     .Lbrief
    cmp     dword ptr [unified], 0
    jne     .Lunified
.Lnormal:
    call    show_change
    call    next_change
    jnc     .Lnormal
    jmp     finish
.Lunified:
    call    show_names
.Lhunk:
    call    show_hunk
    call    next_change
    jnc     .Lhunk
    jmp     finish
.Lbinary:
    call    same_bytes
    je      finish
    mov     dword ptr [output_status], 1
    mov     eax, offset text_binary
    jmp     .Lsay
.Lbrief:
    mov     eax, offset text_files
.Lsay:
    call    out_text
    mov     eax, [old_path]
    call    out_text
    mov     eax, offset text_and
    call    out_text
    mov     eax, [new_path]
    call    out_text
    mov     eax, offset text_differ
    call    out_text
    jmp     finish

# Settles how many lines stand around each place.
# Clobbers: EAX.
take_around:
    mov     dword ptr [around], LINES_AROUND
    mov     eax, [around_text]
    test    eax, eax
    jz      1f
    call    number_of
    jc      misused
    cmp     eax, 1 << 24
    ja      misused
    mov     [around], eax
    mov     dword ptr [unified], 1
1:  ret

# Reads a file. When that cannot be the program ends.
# In: EAX path, EBX FILE record.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
load:
    mov     edi, eax
    xor     esi, esi                    # ESI: handle
    cmp     word ptr [eax], '-'
    je      1f
    push    ebx
    SYSTEM  open, eax, FILE_READ
    pop     ebx
    mov     esi, eax
    test    eax, eax
    js      3f
1:  lea     eax, [ebx + FILE_TEXT]
    call    room_make
2:  lea     eax, [ebx + FILE_TEXT]
    mov     edx, INPUT_BYTES
    call    room_take
    push    ebx
    mov     ecx, eax
    SYSTEM  read, esi, ecx, INPUT_BYTES
    pop     ebx
    test    eax, eax
    js      3f
    sub     eax, INPUT_BYTES            # what was not read is given back
    add     [ebx + FILE_TEXT + ROOM_NEXT], eax
    cmp     eax, -INPUT_BYTES
    jne     2b
    ret
3:  mov     edx, edi
    call    complain
    mov     dword ptr [output_status], TROUBLE
    jmp     finish

# Whether a file is no text.
# In: EBX FILE record.
# Out: CF when so.
# Clobbers: EAX, ECX, EDI.
is_binary:
    mov     edi, [ebx + FILE_TEXT + ROOM_START]
    mov     ecx, [ebx + FILE_TEXT + ROOM_NEXT]
    sub     ecx, edi
    jz      2f
    cmp     ecx, HEAD_BYTES
    jbe     1f
    mov     ecx, HEAD_BYTES
1:  xor     eax, eax
    repne scasb
    clc
    jne     2f
    stc
2:  ret

# Whether both files have the same bytes.
# Out: ZF when so.
# Clobbers: EAX, ECX, ESI, EDI.
same_bytes:
    mov     esi, [old + FILE_TEXT + ROOM_START]
    mov     edi, [new + FILE_TEXT + ROOM_START]
    mov     ecx, [old + FILE_TEXT + ROOM_NEXT]
    sub     ecx, esi
    mov     eax, [new + FILE_TEXT + ROOM_NEXT]
    sub     eax, edi
    cmp     eax, ecx
    jne     1f
    cmp     ecx, ecx
    repe cmpsb
1:  ret

# Finds the lines of a file, and which are equal.
# In: EBX FILE record, with its text.
# Clobbers: all registers but EBX.
split:
    lea     eax, [ebx + FILE_STARTS]
    call    room_make
    lea     eax, [ebx + FILE_KINDS]
    call    room_make
    lea     eax, [ebx + FILE_MARKS]
    call    room_make
    mov     esi, [ebx + FILE_TEXT + ROOM_START]
.Lsplit_next:
    lea     eax, [ebx + FILE_STARTS]
    mov     edx, 4
    call    room_take
    mov     [eax], esi
    mov     ecx, [ebx + FILE_TEXT + ROOM_NEXT]
    cmp     esi, ecx
    jae     .Lsplit_done
    mov     edx, 0x811C9DC5             # EDX: hash (FNV-1a)
    mov     edi, esi
1:  movzx   eax, byte ptr [esi]
    inc     esi
    xor     edx, eax
    imul    edx, edx, 0x01000193
    cmp     al, 10
    je      2f
    cmp     esi, ecx
    jb      1b
2:  mov     ecx, esi
    sub     ecx, edi
    call    kind_of
    push    eax
    lea     eax, [ebx + FILE_KINDS]
    mov     edx, 4
    call    room_take
    pop     [eax]
    inc     dword ptr [ebx + FILE_COUNT]
    jmp     .Lsplit_next
.Lsplit_done:
    lea     eax, [ebx + FILE_MARKS]
    mov     edx, [ebx + FILE_COUNT]
    add     edx, 2                      # none before the first line, and none after the last
    call    room_take
    inc     eax
    mov     [ebx + FILE_CHANGED], eax
    ret

# Finds the record that equal lines share.
# In: EDI line, ECX its bytes, EDX its hash.
# Out: EAX record.
# Clobbers: ECX, EDX.
kind_of:
    push    ebx
    push    esi
    mov     ebx, edx
    shr     ebx, 14
    xor     ebx, edx
    and     ebx, BUCKETS - 1
    lea     ebx, [buckets + ebx*4]      # EBX: where the link is
1:  mov     eax, [ebx]
    test    eax, eax
    jz      3f
    cmp     [eax + KIND_HASH], edx
    jne     2f
    cmp     [eax + KIND_BYTES], ecx
    jne     2f
    push    edi
    push    ecx
    mov     esi, [eax + KIND_TEXT]
    repe cmpsb                          # a line is never empty
    pop     ecx
    pop     edi
    je      4f
2:  mov     ebx, eax
    jmp     1b
3:  push    edx
    mov     eax, offset kinds
    mov     edx, KIND_SIZE
    call    room_take
    pop     [eax + KIND_HASH]
    mov     [eax + KIND_TEXT], edi
    mov     [eax + KIND_BYTES], ecx
    mov     [ebx], eax
4:  pop     esi
    pop     ebx
    ret

# Goes on to the next place where the files differ.
# In: ESI and EDI lines, EBX and EBP marks.
# Out: ESI and EDI first lines, old_end and new_end those after the last; CF when there is no such place.
# Clobbers: EAX.
next_change:
    mov     al, [ebx + esi]
    or      al, [ebp + edi]
    jnz     1f
    inc     esi
    inc     edi
    cmp     esi, [old + FILE_COUNT]
    jbe     next_change
    stc
    ret
1:  mov     eax, esi
2:  inc     eax
    cmp     byte ptr [ebx + eax - 1], 0
    jne     2b
    dec     eax
    mov     [old_end], eax
    mov     eax, edi
3:  inc     eax
    cmp     byte ptr [ebp + eax - 1], 0
    jne     3b
    dec     eax
    mov     [new_end], eax
    clc
    ret

# Shows a place where the files differ.
# In: ESI and EDI first lines, old_end and new_end.
# Out: ESI and EDI lines after it.
# Clobbers: EAX, ECX, EDX.
show_change:
    mov     eax, esi
    mov     edx, [old_end]
    call    out_range
    mov     al, 'a'
    cmp     esi, [old_end]
    je      1f
    mov     al, 'd'
    cmp     edi, [new_end]
    je      1f
    mov     al, 'c'
1:  call    out_byte
    mov     eax, edi
    mov     edx, [new_end]
    call    out_range
    mov     al, 10
    call    out_byte
    mov     ecx, esi
    cmp     esi, [old_end]
    je      .Lshow_change_new
2:  mov     eax, offset text_old
    call    out_text
    mov     edx, offset old
    mov     eax, esi
    call    out_line
    inc     esi
    cmp     esi, [old_end]
    jb      2b
    cmp     edi, [new_end]
    je      4f
    mov     eax, offset text_between
    call    out_text
.Lshow_change_new:
    mov     eax, offset text_new
    call    out_text
    mov     edx, offset new
    mov     eax, edi
    call    out_line
    inc     edi
    cmp     edi, [new_end]
    jb      .Lshow_change_new
4:  ret

# Prints which lines: one number, or two; of none that before them.
# In: EAX first line, EDX line after the last.
# Clobbers: EAX, ECX, EDX.
out_range:
    push    edx
    cmp     eax, edx
    je      1f
    inc     eax
1:  push    eax
    xor     edx, edx
    call    out_number
    pop     eax
    pop     edx
    cmp     eax, edx
    jae     2f
    push    edx
    mov     al, ','
    call    out_byte
    pop     eax
    xor     edx, edx
    jmp     out_number
2:  ret

# Prints a line, and says when it has no line end.
# In: EAX line, EDX FILE record.
# Clobbers: EAX, ECX, EDX.
out_line:
    mov     ecx, [edx + FILE_STARTS + ROOM_START]
    mov     edx, [ecx + eax*4 + 4]
    mov     eax, [ecx + eax*4]
    push    [edx - 1]
    sub     edx, eax
    call    out_bytes
    pop     eax
    cmp     al, 10
    je      1f
    mov     eax, offset text_open
    call    out_text
1:  ret

# Prints the names of both files, and when they were changed.
# Clobbers: EAX, ECX, EDX.
show_names:
    mov     eax, offset text_minus
    mov     edx, [old_path]
    call    show_name
    mov     eax, offset text_plus
    mov     edx, [new_path]

# Prints the name of a file.
# In: EAX text before it, EDX path.
show_name:
    push    ebx
    push    edx
    call    out_text
    mov     eax, [esp]
    call    out_text
    mov     al, 9
    call    out_byte
    pop     edx
    SYSTEM  stat, edx, "offset about"
    xor     ecx, ecx
    test    eax, eax
    js      1f
    mov     ecx, [about + STAT_MODIFIED]
1:  mov     eax, ecx
    call    out_date
    mov     al, 10
    call    out_byte
    pop     ebx
    ret

# Shows places where the files differ, as far as the lines around them meet.
# In: ESI and EDI first lines, old_end and new_end.
# Out: ESI and EDI lines after them.
# Clobbers: EAX, ECX, EDX.
show_hunk:
    mov     ecx, [around]
    cmp     ecx, esi
    jbe     1f
    mov     ecx, esi
1:  mov     eax, esi
    sub     eax, ecx
    mov     [old_begin], eax
    mov     eax, edi
    sub     eax, ecx
    mov     [new_begin], eax
.Lshow_hunk_more:
    push    [old_end]
    push    [new_end]
    mov     esi, [old_end]
    mov     edi, [new_end]
    call    next_change
    pop     edi
    pop     ecx                         # ECX and EDI: after the last place
    jc      .Lshow_hunk_last
    mov     eax, esi
    sub     eax, ecx
    mov     edx, [around]
    shl     edx, 1
    cmp     eax, edx
    jbe     .Lshow_hunk_more
.Lshow_hunk_last:
    mov     eax, [old + FILE_COUNT]
    sub     eax, ecx
    cmp     eax, [around]
    jbe     2f
    mov     eax, [around]
2:  add     ecx, eax
    add     edi, eax
    mov     [old_end], ecx
    mov     [new_end], edi
    mov     esi, [old_begin]
    mov     edi, [new_begin]
    mov     eax, offset text_hunk
    call    out_text
    mov     eax, esi
    mov     edx, [old_end]
    call    out_part_range
    mov     eax, offset text_hunk_new
    call    out_text
    mov     eax, edi
    mov     edx, [new_end]
    call    out_part_range
    mov     eax, offset text_hunk_end
    call    out_text
    jmp     show_lines

# Prints which lines: the first, and how many unless it is one.
# In: EAX first line, EDX line after the last.
# Clobbers: EAX, ECX, EDX.
out_part_range:
    sub     edx, eax
    push    edx
    cmp     edx, 1
    cmc
    adc     eax, 0                      # of none that before them
    xor     edx, edx
    call    out_number
    pop     edx
    cmp     edx, 1
    je      1f
    push    edx
    mov     al, ','
    call    out_byte
    pop     eax
    xor     edx, edx
    jmp     out_number
1:  ret

# Shows the lines of a hunk.
# In: ESI and EDI first lines, old_end and new_end.
# Out: ESI and EDI lines after them.
# Clobbers: EAX, ECX, EDX.
show_lines:
    cmp     esi, [old_end]
    jae     1f
    cmp     byte ptr [ebx + esi], 0
    je      1f
    mov     al, '-'
    call    out_byte
    mov     eax, esi
    mov     edx, offset old
    inc     esi
    jmp     .Lshow_lines_line
1:  cmp     edi, [new_end]
    jae     3f
    mov     al, '+'
    cmp     byte ptr [ebp + edi], 0
    jne     2f
    mov     al, ' '
    inc     esi
2:  call    out_byte
    mov     eax, edi
    mov     edx, offset new
    inc     edi
.Lshow_lines_line:
    call    out_line
    jmp     show_lines
3:  ret

.section .rodata
options:
    OPTION  'q', OPTION_SET, brief
    OPTION  'u', OPTION_SET, unified
    OPTION  'U', OPTION_VALUE, around_text
    .byte   0
text_binary:    .asciz "Binary files "
text_files:     .asciz "Files "
text_and:       .asciz " and "
text_differ:    .asciz " differ\n"
text_old:       .asciz "< "
text_new:       .asciz "> "
text_between:   .asciz "---\n"
text_open:      .asciz "\n\\ No newline at end of file\n"
text_minus:     .asciz "--- "
text_plus:      .asciz "+++ "
text_hunk:      .asciz "@@ -"
text_hunk_new:  .asciz " +"
text_hunk_end:  .asciz " @@\n"

.bss
.balign 4
brief:          .space 4
unified:        .space 4
around_text:    .space 4
around:         .space 4                # lines around a place
old_path:       .space 4
new_path:       .space 4
old_begin:      .space 4                # of what is shown
new_begin:      .space 4
old_end:        .space 4
new_end:        .space 4
old:            .space FILE_SIZE
new:            .space FILE_SIZE
kinds:          .space ROOM_SIZE
about:          .space STAT_SIZE
buckets:        .space BUCKETS * 4
