# Sorts lines, by merging: all of them are kept in memory.

.include "program.inc"
.include "options.inc"
.include "room.inc"

DESCRIPTION "[-nru] [-k FIRST[,LAST][nr]]... [-t C] [PATH...]", "sort lines"
DETAIL "Sorts the lines of the files, or of its input, by their bytes. -n compares numbers, -r turns the order round, -u"
DETAIL "shows one of those that are equal. -k 2 compares from the second field on, -k 2,2 only that; -t : says what is"
DETAIL "between fields, which otherwise begin with blanks. All lines must find room in memory."

KEYS            = 16

# A line.
LINE_TEXT       = 0
LINE_BYTES      = 4
LINE_SHIFT      = 3                     # a record has 8 bytes

# A key.
KEY_FIRST       = 0                     # field, from 0
KEY_LAST        = 4                     # field after the last
KEY_NUMBERS     = 8                     # 1: compares numbers
KEY_REVERSED    = 12                    # 1: in the other order
KEY_SIZE        = 16

.text

# Takes options and paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    call    settle
    call    lines_begin
    mov     eax, offset texts
    call    room_make
    mov     eax, offset records
    call    room_make
    mov     eax, offset others
    call    room_make
    call    gather
    mov     eax, [records + ROOM_NEXT]
    sub     eax, [records + ROOM_START]
    shr     eax, LINE_SHIFT
    mov     [count], eax
    call    merge_all
    call    show
    jmp     finish

# Settles what options leave open: the separator, and the whole line as the key.
# Clobbers: ECX, EDX.
settle:
    mov     dword ptr [separator], -1
    mov     ecx, [separator_text]
    jecxz   1f
    movzx   edx, byte ptr [ecx]
    test    edx, edx
    jz      misused
    cmp     byte ptr [ecx + 1], 0
    jne     misused
    mov     [separator], edx
1:  cmp     dword ptr [keys_end], 0
    jne     2f
    mov     dword ptr [keys + KEY_LAST], -1
    mov     dword ptr [keys_end], KEY_SIZE
2:  xor     ecx, ecx
3:  mov     edx, [keys + ecx + KEY_NUMBERS]
    or      edx, [keys + ecx + KEY_REVERSED]
    jnz     4f                          # it has letters of its own
    mov     edx, [numbers]
    mov     [keys + ecx + KEY_NUMBERS], edx
    mov     edx, [reversed]
    mov     [keys + ecx + KEY_REVERSED], edx
4:  add     ecx, KEY_SIZE
    cmp     ecx, [keys_end]
    jb      3b
    ret

# Takes a key: FIRST[,LAST][nr].
# In: EAX text.
take_key:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [keys_end]
    cmp     ebx, KEYS * KEY_SIZE
    jae     misused
    add     dword ptr [keys_end], KEY_SIZE
    add     ebx, offset keys
    call    take_field
    dec     eax
    mov     [ebx + KEY_FIRST], eax
    mov     dword ptr [ebx + KEY_LAST], -1
    call    take_letters
    cmp     al, ','
    jne     1f
    inc     esi
    call    take_field
    mov     [ebx + KEY_LAST], eax
    call    take_letters
1:  test    al, al
    jnz     misused
    pop     esi
    pop     ebx
    ret

# Takes the letters of a key.
# In: ESI text, EBX key.
# Out: ESI after them, AL what is there.
take_letters:
    mov     al, [esi]
    mov     edx, KEY_NUMBERS
    cmp     al, 'n'
    je      1f
    mov     edx, KEY_REVERSED
    cmp     al, 'r'
    jne     2f
1:  mov     dword ptr [ebx + edx], 1
    inc     esi
    jmp     take_letters
2:  ret

# Takes the number of a field.
# In: ESI text.
# Out: EAX number, from 1; ESI after it.
take_field:
    xor     eax, eax
1:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 10
    jae     2f
    cmp     eax, 1 << 24
    jae     misused
    imul    eax, eax, 10
    add     eax, ecx
    inc     esi
    jmp     1b
2:  test    eax, eax
    jz      misused
    ret

# Reads all lines.
gather:
    call    line_next
    jc      1f
    mov     esi, eax
    mov     ebx, edx
    mov     eax, offset texts
    call    room_take
    mov     edi, eax
    mov     ecx, ebx
    rep movsb
    push    eax
    mov     eax, offset records
    mov     edx, 1 << LINE_SHIFT
    call    room_take
    pop     [eax + LINE_TEXT]
    mov     [eax + LINE_BYTES], ebx
    jmp     gather
1:  ret

# Sorts the records: runs of 1, 2, 4 and so on are merged from one room to the other.
# Out: ESI the records in order.
merge_all:
    mov     eax, offset others
    mov     edx, [count]
    shl     edx, LINE_SHIFT
    call    room_take
    mov     edi, eax
    mov     esi, [records + ROOM_START]
    mov     ebp, 1 << LINE_SHIFT        # EBP: bytes of a run
1:  mov     eax, [count]
    shl     eax, LINE_SHIFT
    cmp     ebp, eax
    jae     2f
    call    merge_runs
    xchg    esi, edi
    shl     ebp, 1
    jmp     1b
2:  ret

# Merges pairs of runs.
# In: ESI records, EDI where they go, EBP bytes of a run.
merge_runs:
    push    esi
    push    edi
    mov     eax, [count]
    shl     eax, LINE_SHIFT
    add     eax, esi
    mov     [all_end], eax
.Lmerge_runs_pair:
    cmp     esi, [all_end]
    jae     .Lmerge_runs_done
    lea     ebx, [esi + ebp]            # EBX: second run, ESI the first
    cmp     ebx, [all_end]
    jbe     1f
    mov     ebx, [all_end]
1:  mov     [first_end], ebx
    lea     eax, [ebx + ebp]
    cmp     eax, [all_end]
    jbe     2f
    mov     eax, [all_end]
2:  mov     [second_end], eax
.Lmerge_runs_next:
    cmp     esi, [first_end]
    jae     .Lmerge_runs_second
    cmp     ebx, [second_end]
    jae     .Lmerge_runs_first
    call    compare                     # ESI to EBX
    test    eax, eax
    jg      .Lmerge_runs_second
.Lmerge_runs_first:
    movsd
    movsd
    jmp     .Lmerge_runs_next
.Lmerge_runs_second:
    cmp     ebx, [second_end]
    jae     .Lmerge_runs_ended
    mov     eax, [ebx]
    stosd
    mov     eax, [ebx + 4]
    stosd
    add     ebx, 1 << LINE_SHIFT
    jmp     .Lmerge_runs_next
.Lmerge_runs_ended:
    mov     esi, ebx
    jmp     .Lmerge_runs_pair
.Lmerge_runs_done:
    pop     edi
    pop     esi
    ret

# Prints the lines.
# In: ESI records.
show:
    mov     edi, [count]
    xor     ebx, ebx                    # EBX: the record before
1:  sub     edi, 1
    jb      3f
    cmp     dword ptr [unique], 0
    je      2f
    test    ebx, ebx
    jz      2f
    call    compare
    test    eax, eax
    jz      4f
2:  mov     eax, [esi + LINE_TEXT]
    mov     edx, [esi + LINE_BYTES]
    call    out_bytes
    mov     al, 10
    call    out_byte
    mov     ebx, esi
4:  add     esi, 1 << LINE_SHIFT
    jmp     1b
3:  ret

# Compares two lines: by the keys, and where these say nothing by all bytes.
# In: ESI and EBX records.
# Out: EAX less than 0, 0 or greater, as the first is to the second.
compare:
    push    edi
    xor     edi, edi                    # EDI: key
1:  call    compare_key
    test    eax, eax
    jnz     3f
    add     edi, KEY_SIZE
    cmp     edi, [keys_end]
    jb      1b
    cmp     dword ptr [unique], 0
    jne     4f
    push    esi
    push    ebx
    mov     ecx, [esi + LINE_BYTES]
    mov     edx, [ebx + LINE_BYTES]
    mov     esi, [esi + LINE_TEXT]
    mov     ebx, [ebx + LINE_TEXT]
    call    compare_bytes
    pop     ebx
    pop     esi
    cmp     dword ptr [reversed], 0
    je      4f
    neg     eax
    jmp     4f
3:  cmp     dword ptr [keys + edi + KEY_REVERSED], 0
    je      4f
    neg     eax
4:  pop     edi
    ret

# Compares two lines by a key.
# In: ESI and EBX records, EDI offset of the key.
# Out: EAX as with compare.
compare_key:
    push    ebx
    push    esi
    mov     eax, ebx
    call    find_key
    mov     ebx, eax
    push    edx
    mov     eax, esi
    call    find_key
    mov     esi, eax
    mov     ecx, edx
    pop     edx
    cmp     dword ptr [keys + edi + KEY_NUMBERS], 0
    jne     1f
    call    compare_bytes
    jmp     2f
1:  call    compare_numbers
2:  pop     esi
    pop     ebx
    ret

# Finds the part of a line that a key is about.
# In: EAX record, EDI offset of the key.
# Out: EAX its first byte, EDX bytes.
# Clobbers: ECX.
find_key:
    push    esi
    push    ebx
    mov     esi, [eax + LINE_TEXT]
    mov     ebx, [eax + LINE_BYTES]
    add     ebx, esi                    # EBX: end of the line
    mov     ecx, [keys + edi + KEY_FIRST]
    call    skip_fields
    mov     eax, esi
    mov     ecx, [keys + edi + KEY_LAST]
    cmp     ecx, -1
    je      .Lfind_key_all
    sub     ecx, [keys + edi + KEY_FIRST]
    jbe     .Lfind_key_empty           # it ends before it begins
    call    skip_fields
    cmp     dword ptr [separator], -1
    je      .Lfind_key_found
    cmp     esi, ebx                    # without the separator after it
    jne     4f
    cmp     dword ptr [skipped_whole], 0
    je      .Lfind_key_found
4:  dec     esi
    jmp     .Lfind_key_found
.Lfind_key_empty:
    mov     esi, eax
    jmp     .Lfind_key_found
.Lfind_key_all:
    mov     esi, ebx
.Lfind_key_found:
    mov     edx, esi
    sub     edx, eax
    jae     5f
    xor     edx, edx
5:  pop     ebx
    pop     esi
    ret

# Skips fields, each with the separator after it.
# In: ESI text, EBX its end, ECX how many.
# Out: ESI; skipped_whole 1 when a separator was before it.
# Clobbers: ECX, EDX.
skip_fields:
    mov     dword ptr [skipped_whole], 0
    jecxz   .Lskip_fields_done
    mov     edx, [separator]
    cmp     edx, -1
    je      .Lskip_fields_blanks
1:  cmp     esi, ebx
    jae     .Lskip_fields_done
    mov     dword ptr [skipped_whole], 0
    inc     esi
    cmp     [esi - 1], dl
    jne     1b
    mov     dword ptr [skipped_whole], 1
    loop    1b
    ret
.Lskip_fields_blanks:
    cmp     esi, ebx                    # blanks, and what is not blank
    jae     .Lskip_fields_done
    call    is_blank
    jne     4f
    inc     esi
    jmp     .Lskip_fields_blanks
4:  cmp     esi, ebx
    jae     .Lskip_fields_done
    call    is_blank
    je      5f
    inc     esi
    jmp     4b
5:  loop    .Lskip_fields_blanks
.Lskip_fields_done:
    ret

# Whether a byte is a blank.
# In: ESI its address.
# Out: ZF when it is.
is_blank:
    cmp     byte ptr [esi], ' '
    je      1f
    cmp     byte ptr [esi], 9
1:  ret

# Compares bytes.
# In: ESI first, ECX how many; EBX second, EDX how many.
# Out: EAX as with compare.
# Clobbers: ECX, EDX, ESI.
compare_bytes:
    push    edi
    mov     eax, ecx
    sub     eax, edx
    sbb     edi, edi                    # EDI: what the lengths say
    cmp     eax, 1
    sbb     eax, eax
    inc     eax                         # 0 when they are equal
    or      eax, edi
    cmp     ecx, edx
    jbe     1f
    mov     ecx, edx
1:  mov     edi, ebx
    cmp     ecx, ecx
    repe cmpsb
    je      2f
    sbb     eax, eax
    or      eax, 1
2:  pop     edi
    ret

# Compares the numbers at the beginning of texts: blanks, a sign, digits, a point and digits, of any length.
# In, Out: as with compare_bytes.
# Clobbers: ECX, EDX, ESI, EBX.
compare_numbers:
    push    edi
    push    ebp
    add     ecx, esi                    # ECX and EDX: ends
    add     edx, ebx
    mov     edi, ecx
    call    number_begin
    mov     ebp, eax                    # EBP: 1 when the first is negative
    mov     eax, esi
    mov     esi, ebx
    mov     ebx, eax                    # now EBX first, ESI second
    push    edi
    mov     edi, edx
    call    number_begin
    pop     edi                         # EDI: end of the first, EDX: of the second
    cmp     eax, ebp
    jne     .Lcompare_numbers_signs
    call    compare_sizes
    test    ebp, ebp
    jz      2f
    neg     eax
    jmp     2f
.Lcompare_numbers_signs:
    sub     eax, ebp                    # -0 is 0
    push    eax
    call    compare_sizes
    pop     ecx
    cmp     dword ptr [both_zero], 0
    jne     1f
    mov     eax, ecx
    jmp     2f
1:  xor     eax, eax
2:  pop     ebp
    pop     edi
    ret

# Skips blanks, the sign and zeros before a number.
# In: ESI text, EDI its end.
# Out: ESI, EAX 1 when it is negative.
number_begin:
    xor     eax, eax
1:  cmp     esi, edi
    jae     4f
    call    is_blank
    jne     2f
    inc     esi
    jmp     1b
2:  cmp     byte ptr [esi], '-'
    jne     3f
    inc     eax
    inc     esi
3:  cmp     esi, edi
    jae     4f
    cmp     byte ptr [esi], '0'
    jne     4f
    inc     esi
    jmp     3b
4:  ret

# Compares numbers without signs and without zeros before them.
# In: EBX first, EDI its end, ESI second, EDX its end.
# Out: EAX as with compare; both_zero.
# Clobbers: ECX, ESI, EBX.
compare_sizes:
    xor     eax, eax                    # EAX: what the first digits that differ say
    mov     dword ptr [both_zero], 1
.Lcompare_sizes_digit:
    call    digits
    jc      .Lcompare_sizes_ended
    mov     dword ptr [both_zero], 0
    inc     ebx
    inc     esi
    test    eax, eax
    jnz     .Lcompare_sizes_digit
    cmp     cl, ch
    je      .Lcompare_sizes_digit
    sbb     eax, eax
    or      eax, 1
    jmp     .Lcompare_sizes_digit
.Lcompare_sizes_ended:
    cmp     ch, cl                      # one of them is 10 where there is no digit
    jne     .Lcompare_sizes_longer
    test    eax, eax
    jnz     .Lcompare_sizes_done
    cmp     ebx, edi
    jae     1f
    cmp     byte ptr [ebx], '.'
    jne     1f
    inc     ebx
    jmp     2f
1:  mov     ebx, edi                    # no fraction
2:  cmp     esi, edx
    jae     3f
    cmp     byte ptr [esi], '.'
    jne     3f
    inc     esi
    jmp     .Lcompare_sizes_fraction
3:  mov     esi, edx
.Lcompare_sizes_fraction:
    call    digits
    jnc     .Lcompare_sizes_compare
    cmp     cl, ch
    je      .Lcompare_sizes_done        # neither has one
    cmp     cl, 10                      # the other may be 0 there
    jne     .Lcompare_sizes_second
    xor     cl, cl
    dec     ebx
.Lcompare_sizes_second:
    cmp     ch, 10
    jne     .Lcompare_sizes_compare
    xor     ch, ch
    dec     esi
.Lcompare_sizes_compare:
    inc     ebx
    inc     esi
    mov     ah, cl
    or      ah, ch
    jz      .Lcompare_sizes_zeros
    mov     dword ptr [both_zero], 0
.Lcompare_sizes_zeros:
    xor     eax, eax
    cmp     cl, ch
    je      .Lcompare_sizes_fraction
    sbb     eax, eax
    or      eax, 1
.Lcompare_sizes_done:
    ret
.Lcompare_sizes_longer:
    mov     dword ptr [both_zero], 0
    sbb     eax, eax                    # the first has ended when CH < CL
    or      eax, 1
    ret

# The digits at two places.
# In: EBX place, EDI its end, ESI place, EDX its end.
# Out: CL and CH digits, 10 where there is none, and then CF.
digits:
    mov     cx, 10 + (10 << 8)
    cmp     ebx, edi
    jae     1f
    mov     cl, [ebx]
    sub     cl, '0'
    cmp     cl, 10
    jb      1f
    mov     cl, 10
1:  cmp     esi, edx
    jae     2f
    mov     ch, [esi]
    sub     ch, '0'
    cmp     ch, 10
    jb      2f
    mov     ch, 10
2:  cmp     cl, 10
    cmc
    jc      3f
    cmp     ch, 10
    cmc
3:  ret

.section .rodata
options:
    OPTION  'n', OPTION_SET, numbers
    OPTION  'r', OPTION_SET, reversed
    OPTION  'u', OPTION_SET, unique
    OPTION  't', OPTION_VALUE, separator_text
    OPTION  'k', OPTION_CALL, take_key
    .byte   0

.bss
.balign 4
numbers:        .space 4
reversed:       .space 4
unique:         .space 4
separator_text: .space 4
separator:      .space 4                # between fields, -1: blanks
skipped_whole:  .space 4
both_zero:      .space 4                # 1: neither number had a digit but 0
count:          .space 4                # of lines
all_end:        .space 4
first_end:      .space 4
second_end:     .space 4
keys_end:       .space 4                # offset after the last key
keys:           .space KEYS * KEY_SIZE
texts:          .space ROOM_SIZE
records:        .space ROOM_SIZE
others:         .space ROOM_SIZE
