# Edits lines by a script: what is to be done with which of them.

.include "program.inc"
.include "options.inc"
.include "room.inc"
.include "regex.inc"

DESCRIPTION "[-nE] SCRIPT [PATH...], or -e SCRIPT... [PATH...]", "edit the lines of a text by a script"
DETAIL "Commands of a script, with ; or line ends between them: s/EXPRESSION/TEXT/ replaces what fits, with & for it and"
DETAIL "\\1 for a group; g after it replaces all, 2 the second, p prints the line, i takes letters in either case. p prints"
DETAIL "the line, d leaves it out, q ends, = prints its number, y/abc/xyz/ replaces bytes. Before a command stands which"
DETAIL "lines it is for: 3, $ for the last, /EXPRESSION/, two of these with a comma for a range, ! after it for all others."
DETAIL "-n prints only what is asked for, -E takes extended expressions."

# Kinds of addresses.
ADDRESS_NONE    = 0
ADDRESS_NUMBER  = 1
ADDRESS_END     = 2
ADDRESS_REGEX   = 3

# A command.
COMMAND_LETTER  = 0
COMMAND_OTHERS  = 4                     # 1: it is for the lines that are not meant
COMMAND_FIRST   = 8                     # ADDRESS_*, and what belongs to it
COMMAND_LAST    = 16
COMMAND_WITHIN  = 24                    # 1: within the range
COMMAND_REGEX   = 28                    # 0: the one that was used last
COMMAND_TEXT    = 32                    # that replaces, or the table of y
COMMAND_BYTES   = 36
COMMAND_ALL     = 40                    # 1: g
COMMAND_PRINT   = 44                    # 1: p
COMMAND_NUMBER  = 48                    # which one is replaced
COMMAND_SIZE    = 52

.section .rodata
letters:        .ascii "pdq="           # commands without anything after them
LETTERS         = . - letters

.text

# Takes options, the script and paths.
.global _start
_start:
    mov     eax, offset scripts
    call    room_make
    mov     eax, offset commands
    call    room_make
    mov     eax, offset parts
    call    room_make
    mov     eax, offset space
    call    room_make
    mov     eax, offset result
    call    room_make
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    mov     esi, eax
    mov     eax, [scripts + ROOM_NEXT]
    cmp     eax, [scripts + ROOM_START]
    jne     1f
    mov     eax, [esi]
    test    eax, eax
    jz      misused
    call    add_script
    add     esi, 4
1:  push    esi
    mov     eax, offset scripts
    mov     edx, 1
    call    room_take                   # and a NUL
    call    parse
    pop     eax
    call    lines_begin
.Lcycle:
    call    line_next
    jc      finish
    mov     esi, eax
    mov     ecx, edx
    inc     dword ptr [number]
    call    space_clear
    call    space_add
    call    space_swap
    mov     ebx, [commands + ROOM_START]
.Lcommand:
    cmp     ebx, [commands + ROOM_NEXT]
    jae     .Lend
    call    selected
    jc      .Lskip
    mov     al, [ebx + COMMAND_LETTER]
    cmp     al, 'd'
    je      .Lcycle
    cmp     al, 'q'
    je      .Lquit
    call    run
.Lskip:
    add     ebx, COMMAND_SIZE
    jmp     .Lcommand
.Lend:
    call    print_at_end
    jmp     .Lcycle
.Lquit:
    call    print_at_end
    jmp     finish

# Adds to the script.
# In: EAX text.
add_script:
    push    esi
    push    edi
    mov     esi, eax
    xor     edx, edx
1:  inc     edx
    cmp     byte ptr [esi + edx - 1], 0
    jne     1b
    push    edx
    mov     eax, offset scripts
    call    room_take
    mov     edi, eax
    pop     ecx
    rep movsb
    mov     byte ptr [edi - 1], 10
    pop     edi
    pop     esi
    ret

# Ends the program because of its script.
# In: EAX what is wrong.
wrong:
    push    eax
    mov     eax, 2
    mov     edx, offset text_name
    call    put_to
    mov     eax, 2
    pop     edx
    call    put_to
    mov     eax, 2
    mov     edx, offset text_line
    call    put_to
    SYSTEM  exit, 1

# Reads the script.
# Clobbers: all registers.
parse:
    mov     esi, [scripts + ROOM_START]
.Lparse_next:
    lodsb
    cmp     al, ';'
    je      .Lparse_next
    cmp     al, 10
    je      .Lparse_next
    cmp     al, ' '
    je      .Lparse_next
    cmp     al, 9
    je      .Lparse_next
    test    al, al
    jz      .Lparse_done
    cmp     al, 0x23                    # '#'
    je      .Lparse_comment
    dec     esi
    mov     eax, offset commands
    mov     edx, COMMAND_SIZE
    call    room_take
    mov     ebx, eax
    lea     edi, [ebx + COMMAND_FIRST]
    call    parse_address
    jc      .Lparse_letter
    call    skip_blanks
    cmp     al, ','
    jne     .Lparse_letter
    inc     esi
    call    skip_blanks
    lea     edi, [ebx + COMMAND_LAST]
    call    parse_address
    mov     eax, offset text_address
    jc      wrong
.Lparse_letter:
    call    skip_blanks
    cmp     al, '!'
    jne     1f
    inc     esi
    mov     dword ptr [ebx + COMMAND_OTHERS], 1
    call    skip_blanks
1:  inc     esi
    mov     [ebx + COMMAND_LETTER], al
    cmp     al, 's'
    jne     2f
    call    parse_replacement
    jmp     .Lparse_after
2:  cmp     al, 'y'
    jne     3f
    call    parse_bytes
    jmp     .Lparse_after
3:  mov     edi, offset letters
    mov     ecx, LETTERS
    repne scasb
    mov     eax, offset text_unknown
    jne     wrong
.Lparse_after:
    call    skip_blanks
    cmp     al, 10
    je      .Lparse_next
    cmp     al, ';'
    je      .Lparse_next
    cmp     al, 0x23
    je      .Lparse_next
    mov     eax, offset text_after
    jmp     wrong
.Lparse_comment:
    lodsb
    cmp     al, 10
    jne     .Lparse_comment
    jmp     .Lparse_next
.Lparse_done:
    ret

# Skips blanks.
# In: ESI script.
# Out: ESI, AL what is there.
skip_blanks:
    mov     al, [esi]
    cmp     al, ' '
    je      1f
    cmp     al, 9
    jne     2f
1:  inc     esi
    jmp     skip_blanks
2:  ret

# Reads an address.
# In: ESI script, EDI where it goes.
# Out: ESI; CF when there is none.
# Clobbers: EAX, ECX, EDX.
parse_address:
    lodsb
    cmp     al, '$'
    je      .Lparse_address_end
    cmp     al, '/'
    je      .Lparse_address_regex
    cmp     al, 0x5C                    # '\' and the delimiter
    je      .Lparse_address_other
    dec     esi
    sub     al, '0'
    cmp     al, 10
    cmc
    jc      2f
    call    parse_number
    mov     dword ptr [edi], ADDRESS_NUMBER
    mov     [edi + 4], eax
    clc
2:  ret
.Lparse_address_end:
    mov     dword ptr [edi], ADDRESS_END
    ret                                 # CF is clear: they were equal
.Lparse_address_other:
    lodsb
.Lparse_address_regex:
    mov     dword ptr [edi], ADDRESS_REGEX
    mov     ah, 1
    call    parse_part
    cmp     byte ptr [esi], 'I'
    mov     eax, 0
    jne     3f
    inc     esi
    mov     eax, REGEX_ANY_CASE
3:  call    compile
    mov     [edi + 4], eax
    clc
    ret

# Reads a number.
# In: ESI script.
# Out: EAX, ESI.
# Clobbers: ECX.
parse_number:
    xor     eax, eax
1:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 10
    jae     2f
    inc     esi
    imul    eax, eax, 10
    add     eax, ecx
    jmp     1b
2:  ret

# Reads what stands before a delimiter. One with a backslash before it, or within the brackets of an expression, is
# none.
# In: ESI script, AL delimiter, AH 1 for an expression.
# Out: ESI after it; EDX part, ECX its bytes.
# Clobbers: EAX.
parse_part:
    push    ebx
    push    edi
    mov     ebx, eax                    # BL: delimiter, BH: 1 for an expression
    push    [parts + ROOM_NEXT]
.Lparse_part_next:
    lodsb
    test    al, al
    jz      .Lparse_part_open
    cmp     al, bl
    je      .Lparse_part_done
    cmp     al, 0x5C
    je      .Lparse_part_escape
    cmp     al, 10
    jne     .Lparse_part_put
    test    bh, bh
    jnz     .Lparse_part_open
.Lparse_part_put:
    call    put_part
    cmp     al, '['
    jne     .Lparse_part_next
    test    bh, bh
    jz      .Lparse_part_next
    mov     edi, esi                    # a set: up to a ] that does not begin it
    cmp     byte ptr [edi], '^'
    jne     2f
    inc     edi
2:  inc     edi
.Lparse_part_set:
    cmp     byte ptr [edi], 10
    jbe     .Lparse_part_next           # it has no end
    cmp     word ptr [edi], '[' + (':' << 8)
    jne     .Lparse_part_in_set
    inc     edi
.Lparse_part_class:
    inc     edi
    cmp     byte ptr [edi], 10
    jbe     .Lparse_part_next
    cmp     word ptr [edi], ':' + (']' << 8)
    jne     .Lparse_part_class
    inc     edi
.Lparse_part_in_set:
    inc     edi
    cmp     byte ptr [edi - 1], ']'
    jne     .Lparse_part_set
6:  lodsb
    call    put_part
    cmp     esi, edi
    jb      6b
    jmp     .Lparse_part_next
.Lparse_part_escape:
    lodsb
    test    al, al
    jz      .Lparse_part_open
    cmp     al, bl
    je      .Lparse_part_put
    push    eax
    mov     al, 0x5C
    call    put_part
    pop     eax
    call    put_part
    jmp     .Lparse_part_next
.Lparse_part_done:
    pop     edx
    mov     ecx, [parts + ROOM_NEXT]
    sub     ecx, edx
    pop     edi
    pop     ebx
    ret
.Lparse_part_open:
    mov     eax, offset text_open
    jmp     wrong

# Adds a byte to a part.
# In: AL.
# Clobbers: EDX.
put_part:
    push    eax
    mov     eax, offset parts
    mov     edx, 1
    call    room_take
    pop     edx
    mov     [eax], dl
    mov     eax, edx
    ret

# Compiles an expression.
# In: EDX expression, ECX its bytes, EAX REGEX_* flags.
# Out: EAX REGEX record, 0 for an empty one: the last that was used is meant.
# Clobbers: ECX, EDX.
compile:
    jecxz   2f
    cmp     dword ptr [extended], 0
    je      1f
    or      eax, REGEX_EXTENDED
1:  push    ebx
    push    ecx
    push    edx
    push    eax
    mov     eax, offset parts
    mov     edx, REGEX_SIZE + 3
    call    room_take
    lea     ebx, [eax + 3]
    and     ebx, ~3
    pop     [ebx + REGEX_FLAGS]
    pop     edx
    pop     ecx
    mov     eax, ebx
    call    regex_compile
    jc      wrong
    mov     eax, ebx
    pop     ebx
    ret
2:  xor     eax, eax
    ret

# Reads the rest of s.
# In: ESI script, EBX command.
# Out: ESI.
# Clobbers: EAX, ECX, EDX, EDI.
parse_replacement:
    lodsb
    cmp     al, 10
    jbe     .Lparse_replacement_open
    movzx   edi, al                     # EDI: delimiter
    mov     ah, 1
    call    parse_part
    push    ecx
    push    edx
    mov     eax, edi
    xor     ah, ah
    call    parse_part
    mov     [ebx + COMMAND_TEXT], edx
    mov     [ebx + COMMAND_BYTES], ecx
    xor     edi, edi                    # EDI: flags of the expression
.Lparse_replacement_flag:
    mov     al, [esi]
    mov     edx, COMMAND_ALL
    cmp     al, 'g'
    je      1f
    mov     edx, COMMAND_PRINT
    cmp     al, 'p'
    je      1f
    mov     ecx, eax
    or      cl, 0x20
    cmp     cl, 'i'
    je      2f
    sub     al, '0'
    cmp     al, 10
    jae     .Lparse_replacement_compile
    call    parse_number
    test    eax, eax
    jz      .Lparse_replacement_zero
    mov     [ebx + COMMAND_NUMBER], eax
    jmp     .Lparse_replacement_flag
1:  mov     dword ptr [ebx + edx], 1
    inc     esi
    jmp     .Lparse_replacement_flag
2:  mov     edi, REGEX_ANY_CASE
    inc     esi
    jmp     .Lparse_replacement_flag
.Lparse_replacement_compile:
    mov     eax, edi
    pop     edx
    pop     ecx
    call    compile
    mov     [ebx + COMMAND_REGEX], eax
    mov     edx, [ebx + COMMAND_TEXT]   # groups that it names are there
    mov     ecx, [ebx + COMMAND_BYTES]
    test    eax, eax
    jz      5f
    add     ecx, edx
3:  cmp     edx, ecx
    jae     5f
    inc     edx
    cmp     byte ptr [edx - 1], 0x5C
    jne     3b
    inc     edx
    movzx   edi, byte ptr [edx - 1]
    sub     edi, '0'
    cmp     edi, 10
    jae     3b
    cmp     edi, [eax + REGEX_COUNT]
    jbe     3b
    mov     eax, offset text_group
    jmp     wrong
5:  ret
.Lparse_replacement_zero:
    mov     eax, offset text_zero
    jmp     wrong
.Lparse_replacement_open:
    mov     eax, offset text_open
    jmp     wrong

# Reads the rest of y, and makes its table.
# In: ESI script, EBX command.
# Out: ESI.
# Clobbers: EAX, ECX, EDX, EDI.
parse_bytes:
    lodsb
    movzx   edi, al
    mov     eax, edi
    call    parse_part
    push    edx
    push    ecx
    mov     eax, edi
    call    parse_part
    pop     eax
    pop     edi
    push    esi
    push    ebx
    lea     ebx, [edx + ecx]            # EBX: end of the second, EDX it
    mov     esi, edi
    lea     edi, [esi + eax]            # EDI: end of the first, ESI it
    push    edx
    mov     eax, offset parts
    mov     edx, 256
    call    room_take
    pop     edx
    mov     ecx, 255
1:  mov     [eax + ecx], cl
    dec     ecx
    jns     1b
    mov     ecx, [esp]
    mov     [ecx + COMMAND_TEXT], eax
2:  cmp     esi, edi
    jae     3f
    cmp     edx, ebx
    jae     .Lparse_bytes_length
    push    eax
    call    take_byte
    movzx   ecx, al
    xchg    esi, edx
    call    take_byte
    xchg    esi, edx
    mov     ah, al
    xchg    eax, [esp]
    push    ebx
    mov     bl, [esp + 5]
    mov     [eax + ecx], bl
    pop     ebx
    add     esp, 4
    jmp     2b
3:  cmp     edx, ebx
    jb      .Lparse_bytes_length
    pop     ebx
    pop     esi
    ret
.Lparse_bytes_length:
    mov     eax, offset text_length
    jmp     wrong

# Takes a byte of y.
# In: ESI.
# Out: AL, ESI.
take_byte:
    lodsb
    cmp     al, 0x5C
    jne     1f
    lodsb
    cmp     al, 'n'
    jne     1f
    mov     al, 10
1:  ret

# Whether a command is for the line.
# In: EBX command.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX, EDI.
selected:
    call    within
    sbb     eax, eax
    neg     eax                         # 1 when it is not meant
    xor     eax, [ebx + COMMAND_OTHERS]
    cmp     eax, 1
    cmc
    ret

# Whether a line is one that the addresses of a command mean.
# In: EBX command.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX, EDI.
within:
    lea     edi, [ebx + COMMAND_FIRST]
    cmp     dword ptr [ebx + COMMAND_LAST], ADDRESS_NONE
    je      fits_address
    cmp     dword ptr [ebx + COMMAND_WITHIN], 0
    jne     .Lwithin_range
    call    fits_address
    jc      1f
    cmp     dword ptr [ebx + COMMAND_LAST], ADDRESS_NUMBER
    jne     2f
    mov     eax, [number]
    cmp     eax, [ebx + COMMAND_LAST + 4]
    jae     3f                          # the range is this line
2:  mov     dword ptr [ebx + COMMAND_WITHIN], 1
    cmp     dword ptr [ebx + COMMAND_LAST], ADDRESS_END
    jne     3f
    call    at_end
    jc      3f
    mov     dword ptr [ebx + COMMAND_WITHIN], 0
3:  clc
1:  ret
.Lwithin_range:
    lea     edi, [ebx + COMMAND_LAST]
    cmp     dword ptr [edi], ADDRESS_NUMBER
    jne     4f
    mov     eax, [number]
    cmp     eax, [edi + 4]
    jb      3b
    mov     dword ptr [ebx + COMMAND_WITHIN], 0
    je      3b
    lea     edi, [ebx + COMMAND_FIRST]  # it is over already
    jmp     within
4:  call    fits_address
    jc      3b
    mov     dword ptr [ebx + COMMAND_WITHIN], 0
    jmp     3b

# Whether the line is that of an address.
# In: EDI address.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
fits_address:
    mov     eax, [edi]
    cmp     eax, ADDRESS_NUMBER
    jb      1f                          # none means all
    je      2f
    cmp     eax, ADDRESS_END
    je      at_end
    mov     eax, [edi + 4]
    mov     edx, [space + ROOM_START]
    mov     [regex_from], edx
    jmp     search
1:  clc
    ret
2:  mov     eax, [number]
    cmp     eax, [edi + 4]
    je      3f
    stc
3:  ret

# Whether this is the last line.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
at_end:
    call    line_follows
    cmc
    ret

# Looks for an expression in the line, from regex_from on.
# In: EAX REGEX record, or 0 for the one that was used last.
# Out: CF when it fits nowhere.
# Clobbers: EAX, ECX, EDX.
search:
    test    eax, eax
    jnz     1f
    mov     eax, [used]
    test    eax, eax
    jnz     1f
    mov     eax, offset text_none
    jmp     wrong
1:  mov     [used], eax
    mov     edx, [space + ROOM_START]
    mov     ecx, [space + ROOM_NEXT]
    jmp     regex_search

# Does a command.
# In: EBX command, AL its letter.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
run:
    cmp     al, 's'
    je      replace
    cmp     al, 'y'
    je      replace_bytes
    cmp     al, '='
    jne     print_line                  # p
    call    end_line
    mov     eax, [number]
    xor     edx, edx
    call    out_number
    mov     al, 10
    jmp     out_byte

# Prints the line at the end of its cycle.
print_at_end:
    cmp     dword ptr [quiet], 0
    jne     1f
    jmp     print_line
1:  ret

# Prints the line.
print_line:
    call    end_line
    mov     eax, [space + ROOM_START]
    mov     edx, [space + ROOM_NEXT]
    sub     edx, eax
    call    out_bytes
    mov     eax, [line_ended]
    xor     eax, 1
    mov     [open_line], eax
    jz      end_line_now
    ret

# Ends a line that was printed without its end, as the last line of a file may have none.
end_line:
    cmp     dword ptr [open_line], 0
    je      end_line_none
    mov     dword ptr [open_line], 0
end_line_now:
    mov     al, 10
    jmp     out_byte
end_line_none:
    ret

# Replaces bytes of the line.
# In: EBX command.
replace_bytes:
    mov     esi, [space + ROOM_START]
    mov     edx, [ebx + COMMAND_TEXT]
1:  cmp     esi, [space + ROOM_NEXT]
    jae     2f
    movzx   eax, byte ptr [esi]
    mov     al, [edx + eax]
    mov     [esi], al
    inc     esi
    jmp     1b
2:  ret

# Replaces what an expression fits.
# In: EBX command.
replace:
    call    space_clear
    mov     eax, [space + ROOM_START]
    mov     [regex_from], eax
    mov     esi, eax                    # ESI: what is not copied yet
    xor     edi, edi                    # EDI: end of the match before
    mov     [matches], edi
    mov     [replaced], edi
.Lreplace_next:
    mov     eax, [ebx + COMMAND_REGEX]
    call    search
    jc      .Lreplace_rest
    mov     ecx, [regex_starts]
    sub     ecx, esi
    call    space_add
    mov     eax, [regex_starts + 4]
    cmp     eax, edi                    # nothing, right after a match, is none
    je      .Lreplace_after
    mov     edi, eax
    inc     dword ptr [matches]
    mov     ecx, [ebx + COMMAND_NUMBER]
    cmp     [matches], ecx
    jae     1f
    mov     ecx, edi
    sub     ecx, esi
    call    space_add
    jmp     .Lreplace_after
1:  mov     dword ptr [replaced], 1
    call    add_replacement
    mov     esi, edi
    cmp     dword ptr [ebx + COMMAND_ALL], 0
    je      .Lreplace_rest
.Lreplace_after:
    mov     [regex_from], edi
    cmp     edi, [regex_starts]
    jne     .Lreplace_next
    mov     ecx, 1                      # on by a byte after nothing
    cmp     edi, [space + ROOM_NEXT]
    jae     .Lreplace_rest
    call    space_add
    inc     dword ptr [regex_from]
    jmp     .Lreplace_next
.Lreplace_rest:
    cmp     dword ptr [replaced], 0
    je      2f
    mov     ecx, [space + ROOM_NEXT]
    sub     ecx, esi
    call    space_add
    call    space_swap
    cmp     dword ptr [ebx + COMMAND_PRINT], 0
    jne     print_line
2:  ret

# Adds the text that replaces a match.
# In: EBX command.
# Clobbers: EAX, ECX, EDX, ESI.
add_replacement:
    push    edi
    mov     edi, [ebx + COMMAND_TEXT]
    mov     edx, [ebx + COMMAND_BYTES]
    add     edx, edi                    # EDX: its end
.Ladd_replacement_next:
    cmp     edi, edx
    jae     .Ladd_replacement_done
    mov     al, [edi]
    mov     esi, edi
    inc     edi
    xor     ecx, ecx
    cmp     al, '&'
    je      .Ladd_replacement_group
    cmp     al, 0x5C
    jne     .Ladd_replacement_byte
    cmp     edi, edx
    jae     .Ladd_replacement_byte
    movzx   ecx, byte ptr [edi]
    inc     edi
    sub     ecx, '0'
    cmp     ecx, 10
    jb      .Ladd_replacement_group
    inc     esi
    push    edx
    mov     edx, offset escapes
1:  mov     al, [edx]
    cmp     al, [esi]
    je      2f
    add     edx, 2
    test    al, al
    jnz     1b
    jmp     3f
2:  lea     esi, [edx + 1]
3:  pop     edx
.Ladd_replacement_byte:
    mov     ecx, 1
    jmp     .Ladd_replacement_add
.Ladd_replacement_group:
    mov     esi, [regex_starts + ecx*8]
    mov     ecx, [regex_starts + ecx*8 + 4]
    test    ecx, ecx
    jz      .Ladd_replacement_next
    sub     ecx, esi
.Ladd_replacement_add:
    push    edx
    call    space_add
    pop     edx
    jmp     .Ladd_replacement_next
.Ladd_replacement_done:
    pop     edi
    ret

# Begins the line that is made.
space_clear:
    push    [result + ROOM_START]
    pop     [result + ROOM_NEXT]
    ret

# Adds bytes to the line that is made.
# In: ESI bytes, ECX how many.
# Out: ESI after them.
# Clobbers: EAX, ECX, EDX.
space_add:
    push    edi
    push    ecx
    mov     edx, ecx
    mov     eax, offset result
    call    room_take
    mov     edi, eax
    pop     ecx
    rep movsb
    pop     edi
    ret

# Makes it the line.
space_swap:
    push    esi
    push    edi
    mov     esi, offset space
    mov     edi, offset result
    mov     ecx, ROOM_SIZE / 4
1:  mov     eax, [esi]
    xchg    eax, [edi]
    mov     [esi], eax
    add     esi, 4
    add     edi, 4
    loop    1b
    pop     edi
    pop     esi
    ret

.section .rodata
options:
    OPTION  'n', OPTION_SET, quiet
    OPTION  'E', OPTION_SET, extended
    OPTION  'r', OPTION_SET, extended
    OPTION  'e', OPTION_CALL, add_script
    .byte   0
escapes:                                # letter, byte
    .byte   'n', 10, 't', 9, 0
text_name:      .asciz "sed: "
text_line:      .asciz "\n"
text_address:   .asciz "after a comma stands the end of a range: a number, $ or /EXPRESSION/"
text_unknown:   .asciz "a command is s, y, p, d, q or ="
text_after:     .asciz "between commands stands ; or a line end"
text_open:      .asciz "a delimiter is missing, as in s/EXPRESSION/TEXT/"
text_group:     .asciz "the text refers to a group that the expression does not have"
text_zero:      .asciz "what is replaced is counted from 1"
text_length:    .asciz "y wants as many bytes for as many"
text_none:      .asciz "an empty expression means the one used last, and there is none"

.bss
.balign 4
quiet:          .space 4
extended:       .space 4
number:         .space 4                # of the line
open_line:      .space 4                # 1: what was printed last has no line end
matches:        .space 4
replaced:       .space 4
used:           .space 4                # the expression that was used last
scripts:        .space ROOM_SIZE
commands:       .space ROOM_SIZE
parts:          .space ROOM_SIZE
space:          .space ROOM_SIZE        # the line
result:         .space ROOM_SIZE        # what becomes of it
