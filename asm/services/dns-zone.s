# Records as people write them: rows of a zone file (RFC 1035, 5), and of the `dns add` command. A row is taken apart
# into words, of which dns-data.s makes a record's data.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "dns.inc"
.include "zone.inc"
.include "file.inc"
.include "fs.inc"

TTL_USUAL               = 3600

STRING word_class, "IN"
STRING word_origin, "$ORIGIN"
STRING word_ttl, "$TTL"
STRING word_at, "@"

.text

# Reads a zone file and enters its records. Rows up to a wrong one are kept. A file that has one zone, and nothing else,
# is from then on the zone's: updates are written to it. May sleep.
# In: ESI path, EAX text of the name that the file's names are below until $ORIGIN says otherwise.
# Out: CF and EAX error, EDX number of the wrong row, 0 when the file could not be read.
.global dns_zone_load
dns_zone_load:
    push    ebx
    push    esi
    push    edi
    push    ebp
    sub     esp, NODE_SIZE_OF
    mov     ebp, esi
    mov     esi, eax
    mov     eax, READ_SIZE
    call    malloc
    jc      .Ldns_zone_load_early
    mov     ebx, eax
    mov     dword ptr [ebx + READ_TTL], TTL_USUAL
    mov     eax, esi
    lea     edx, [ebx + READ_ORIGIN]
    call    zone_parse
    mov     eax, ERROR_INVALID
    jc      .Ldns_zone_load_free
    call    zone_origin
    mov     esi, ebp
    mov     edi, esp
    call    file_stat
    jc      .Ldns_zone_load_free
    mov     eax, ERROR_TOO_LONG
    cmp     dword ptr [esp + NODE_BYTES + 4], 0
    jne     .Ldns_zone_load_fails
    cmp     dword ptr [esp + NODE_BYTES], ZONE_FILE_MAXIMUM
    ja      .Ldns_zone_load_fails
    mov     ecx, FILE_READ
    call    file_open
    jc      .Ldns_zone_load_free
    mov     [ebx + READ_PATH], ebp
    mov     ebp, eax                    # EBP: file, then its contents
    mov     eax, [esp + NODE_BYTES]
    add     eax, 2
    call    malloc
    jc      .Ldns_zone_load_close
    mov     edi, eax
    mov     ecx, [esp + NODE_BYTES]
    mov     eax, ebp
    call    file_read
    jc      .Ldns_zone_load_close_both
    mov     byte ptr [edi + eax], 10    # the last row may lack its end
    mov     eax, ebp
    call    file_close
    mov     ebp, edi
    mov     esi, edi
    call    zone_rows
    jc      1f
    call    zone_keep
1:  pushfd
    push    eax
    mov     eax, ebp
    call    mfree
    pop     eax
    popfd
    jmp     .Ldns_zone_load_free
.Ldns_zone_load_close_both:
    push    eax
    mov     eax, edi
    call    mfree
    pop     eax
    stc
.Ldns_zone_load_close:
    push    eax
    mov     eax, ebp
    call    file_close
    pop     eax
.Ldns_zone_load_fails:
    stc
.Ldns_zone_load_free:
    pushfd
    push    eax
    push    dword ptr [ebx + READ_ROW]
    mov     eax, ebx
    call    mfree
    pop     edx
    pop     eax
    popfd
.Ldns_zone_load_early:
    lea     esp, [esp + NODE_SIZE_OF]
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The names in a file count from the zone's name, at first.
# In: EBX state.
# Clobbers: ECX, ESI, EDI.
zone_origin:
    lea     esi, [ebx + READ_ORIGIN]
    lea     edi, [ebx + READ_ZONE]
    mov     ecx, 256 / 4
    rep movsd
    ret

# Has updates written to the file that was read, if it is that of one zone.
# In: EBX reader.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI, EDI.
zone_keep:
    cmp     dword ptr [ebx + READ_SOA], 0
    je      9f                          # CF is clear
    cmp     dword ptr [ebx + READ_OTHER], 0
    jne     8f
    mov     eax, [ebx + READ_PATH]
    call    path_complete               # who writes it has no current directory
    mov     esi, eax
    call    string_length
    cmp     eax, ZONE_PATH_BYTES
    mov     eax, ERROR_TOO_LONG
    cmc
    jc      9f
    mov     eax, offset dns_mutex
    call    mutex_lock
    lea     eax, [ebx + READ_ZONE]
    mov     edx, esi
    call    dns_keep_file
    pushfd
    push    eax
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     eax
    popfd
    ret
8:  clc
9:  ret

# Replaces all that is at and below a name by the rows of a text, in one moment for those who ask. Rows up to a wrong
# one are kept. May sleep.
# In: EAX text of the name, ESI rows, which change; the last ends with a line feed, and a NUL follows.
# Out: CF and EAX error.
.global dns_zone_replace
dns_zone_replace:
    push    ebx
    push    edi
    push    eax
    mov     eax, READ_SIZE
    call    malloc
    mov     ebx, eax
    pop     edx
    jc      9f
    mov     dword ptr [ebx + READ_TTL], TTL_USUAL
    mov     dword ptr [ebx + READ_LOCKED], 1
    mov     eax, edx
    lea     edx, [ebx + READ_ORIGIN]
    call    zone_parse
    mov     eax, ERROR_INVALID
    jc      1f
    mov     eax, offset dns_mutex
    call    mutex_lock
    lea     eax, [ebx + READ_ORIGIN]
    call    dns_record_remake
    call    zone_rows
    pushfd
    push    eax
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     eax
    popfd
1:  pushfd
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    popfd
9:  pop     edi
    pop     ebx
    ret

# Reads all rows.
# In: EBX reader, ESI text that ends with a line feed and a NUL.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI, EDI.
zone_rows:
    cmp     byte ptr [esi], 0
    je      9f                          # CF is clear
    inc     dword ptr [ebx + READ_ROW]
    call    zone_words
    jc      9f
    mov     eax, [ebx + READ_COUNT]
    test    eax, eax
    jz      zone_rows
    dec     eax                         # blanks alone, and with a comment, are no row
    jnz     1f
    mov     eax, [ebx + READ_WORDS]
    cmp     byte ptr [eax], 0
    je      zone_rows
1:  push    esi
    lea     esi, [ebx + READ_WORDS]
    call    zone_row
    pop     esi
    jnc     zone_rows
9:  ret

# Takes a row apart: words, `"texts"`, `; comments`; parentheses join rows. Words end at blanks and at these signs, but
# where a backslash is before one. A row that begins with a blank has an empty first word.
# In: EBX reader, ESI text.
# Out: ESI after the row; the words are NUL terminated; CF and EAX error.
# Clobbers: ECX, EDX, EDI.
zone_words:
    mov     dword ptr [ebx + READ_COUNT], 0
    xor     edx, edx                    # EDX: open parentheses
    mov     al, [esi]
    cmp     al, ' '
    je      1f
    cmp     al, 9
    jne     .Lzone_words_next
1:  mov     edi, offset word_at + 1     # an empty text
    call    zone_word
.Lzone_words_next:
    mov     al, [esi]
    test    al, al
    jz      .Lzone_words_end
    inc     esi
.Lzone_words_sign:
    cmp     al, 10
    je      .Lzone_words_line
    cmp     al, ' '
    jbe     .Lzone_words_next
    cmp     al, ';'
    je      .Lzone_words_comment
    cmp     al, '('
    je      .Lzone_words_open
    cmp     al, ')'
    je      .Lzone_words_close
    mov     edi, esi
    cmp     al, '"'
    je      .Lzone_words_text
    dec     edi
    call    zone_word
    jc      .Lzone_words_wrong
    dec     esi                         # the first may be a backslash too
    call    zone_letters
    jmp     .Lzone_words_sign
.Lzone_words_text:
    call    zone_word
    jc      .Lzone_words_wrong
2:  mov     al, [esi]
    cmp     al, 10                      # a text ends in its row
    je      .Lzone_words_wrong
    inc     esi
    cmp     al, '\\'
    je      3f
    cmp     al, '"'
    jne     2b
    mov     byte ptr [esi - 1], 0
    jmp     .Lzone_words_next
3:  cmp     byte ptr [esi], ' '         # what is behind it is of the text, a quote too
    jb      2b
    inc     esi
    jmp     2b
.Lzone_words_comment:
    cmp     byte ptr [esi], 10
    je      .Lzone_words_next
    inc     esi
    jmp     .Lzone_words_comment
.Lzone_words_open:
    inc     edx
    jmp     .Lzone_words_next
.Lzone_words_close:
    dec     edx
    jns     .Lzone_words_next
.Lzone_words_wrong:
    mov     eax, ERROR_INVALID
    stc
    ret
.Lzone_words_line:
    test    edx, edx
    jz      .Lzone_words_good
    inc     dword ptr [ebx + READ_ROW]
    jmp     .Lzone_words_next
.Lzone_words_end:
    test    edx, edx
    jnz     .Lzone_words_wrong
.Lzone_words_good:
    clc
    ret

# Passes over a word, and ends it.
# In: ESI word.
# Out: ESI after the sign behind it, AL that sign.
zone_letters:
.Lzone_letters_next:
    mov     al, [esi]
    cmp     al, ' '
    jbe     .Lzone_letters_end
    cmp     al, ';'
    je      .Lzone_letters_end
    cmp     al, '('
    je      .Lzone_letters_end
    cmp     al, ')'
    je      .Lzone_letters_end
    inc     esi
    cmp     al, '\\'
    jne     .Lzone_letters_next
    cmp     byte ptr [esi], ' '
    jb      .Lzone_letters_next
    inc     esi
    jmp     .Lzone_letters_next
.Lzone_letters_end:
    mov     byte ptr [esi], 0
    inc     esi
    ret

# Notes a word.
# In: EBX reader, EDI word.
# Out: CF when there are too many.
# Clobbers: ECX.
zone_word:
    mov     ecx, [ebx + READ_COUNT]
    cmp     ecx, WORDS
    jae     1f
    mov     [ebx + READ_WORDS + ecx*4], edi
    inc     dword ptr [ebx + READ_COUNT]
    clc
    ret
1:  stc
    ret

# Enters the record of a row, or does what a directive says.
# In: EBX reader, ESI words.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI, EDI.
zone_row:
    mov     eax, [esi]
    mov     edx, offset word_origin
    call    zone_keyword
    je      .Lzone_row_origin
    mov     eax, [esi]
    mov     edx, offset word_ttl
    call    zone_keyword
    je      .Lzone_row_ttl
    mov     edx, [esi]
    cmp     byte ptr [edx], 0           # the owner of the row before
    je      1f
    lea     edi, [ebx + READ_OWNER]
    call    zone_name
    jc      .Lzone_row_wrong
1:  mov     eax, [ebx + READ_TTL]
    mov     [ebx + READ_ROW_TTL], eax
    call    zone_skip
    jc      .Lzone_row_wrong
    call    zone_row_time
    jc      .Lzone_row_wrong
    mov     eax, [esi]
    mov     edx, offset word_class
    call    zone_keyword
    jne     2f
    call    zone_skip
    jc      .Lzone_row_wrong
    call    zone_row_time               # it may stand on either side of the class
    jc      .Lzone_row_wrong
2:  call    zone_data
    jc      .Lzone_row_wrong
    cmp     dword ptr [ebx + READ_LOCKED], 0
    jne     zone_enter
    mov     eax, offset dns_mutex
    call    mutex_lock
    call    zone_enter
    pushfd
    push    eax
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     eax
    popfd
    ret
.Lzone_row_origin:
    call    zone_skip
    jc      .Lzone_row_wrong
    mov     edx, [esi]
    lea     edi, [ebx + READ_NAME]
    call    zone_name
    jc      .Lzone_row_wrong
    lea     esi, [ebx + READ_NAME]
    lea     edi, [ebx + READ_ORIGIN]
    mov     ecx, 256 / 4
    rep movsd
    clc
    ret
.Lzone_row_ttl:
    call    zone_skip
    jc      .Lzone_row_wrong
    mov     eax, [esi]
    call    zone_time
    jc      .Lzone_row_wrong
    mov     [ebx + READ_TTL], eax
    mov     dword ptr [ebx + READ_TTL_SET], 1
    ret
.Lzone_row_wrong:
    mov     eax, ERROR_INVALID
    stc
    ret

# Takes the time of a row, if the next word is one.
# In: EBX reader, ESI words.
# Out: ESI words; CF when it was the last.
# Clobbers: EAX, ECX, EDX.
zone_row_time:
    mov     eax, [esi]
    call    zone_time
    cmc
    jnc     1f
    mov     [ebx + READ_ROW_TTL], eax
    cmp     dword ptr [ebx + READ_TTL_SET], 0
    jne     zone_skip
    mov     [ebx + READ_TTL], eax       # RFC 1035, 5.1: what was said last goes on
    jmp     zone_skip
1:  ret

# Reads a span of time: seconds, or as other servers write it too, numbers with a letter each: 1h30m.
# In: EAX text.
# Out: EAX seconds, 2^31 - 1 at most (RFC 2181, 8); CF when it is none.
# Clobbers: ECX, EDX.
.global zone_time
zone_time:
    push    ebx
    push    esi
    xor     esi, esi                    # ESI: sum
.Lzone_time_number:
    call    parse_number
    jc      .Lzone_time_done
    mov     bl, [edx]
    mov     ecx, offset zone_units
    test    bl, bl
    jz      2f
    or      bl, 0x20
1:  add     ecx, 8
    cmp     byte ptr [ecx], 0
    je      .Lzone_time_wrong
    cmp     [ecx], bl
    jne     1b
    inc     edx
2:  push    edx
    mul     dword ptr [ecx + 4]
    pop     edx
    jc      .Lzone_time_done
    add     esi, eax
    jc      .Lzone_time_done
    mov     eax, edx
    cmp     byte ptr [edx], 0
    jne     .Lzone_time_number
    mov     eax, esi
    test    eax, eax                    # clears CF
    jns     .Lzone_time_done
.Lzone_time_wrong:
    stc
.Lzone_time_done:
    pop     esi
    pop     ebx
    ret

.pushsection .rodata
.balign 4
# Letters of time and their seconds; the first stands for none.
zone_units:             .long 0, 1, 's', 1, 'm', 60, 'h', 3600, 'd', 86400, 'w', 604800, 0
.popsection

# Compares a word of a row, in any case.
# In: EAX word, EDX what it may be, in capital letters.
# Out: ZF when it is that.
# Clobbers: EAX, ECX, EDX.
.global zone_keyword
zone_keyword:
    mov     cl, [eax]
    cmp     cl, 'a'
    jb      1f
    cmp     cl, 'z'
    ja      1f
    and     cl, ~0x20
1:  cmp     cl, [edx]
    jne     2f
    inc     eax
    inc     edx
    test    cl, cl
    jnz     zone_keyword
2:  ret

# Enters the record that was read. dns_mutex is held.
# In: EBX reader, EDI bytes of the data.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI.
zone_enter:
    lea     eax, [ebx + READ_OWNER]
    lea     edx, [ebx + READ_ZONE]
    call    dns_name_below              # EAX: labels in front of the zone's name
    jc      1f
    cmp     dword ptr [ebx + READ_TYPE], DNS_SOA
    jne     2f
    mov     dword ptr [ebx + READ_SOA], 1
    test    eax, eax
    jz      2f
1:  mov     dword ptr [ebx + READ_OTHER], 1
2:  lea     eax, [ebx + READ_OWNER]
    mov     edx, [ebx + READ_TYPE]
    mov     ecx, [ebx + READ_ROW_TTL]
    lea     esi, [ebx + READ_DATA]
    jmp     dns_record_add

# Goes to the next word.
# In: EBX reader, ESI words.
# Out: ESI words; CF after the last.
.global zone_skip
zone_skip:
    add     esi, 4
    dec     dword ptr [ebx + READ_COUNT]
    cmp     dword ptr [ebx + READ_COUNT], 1
    ret

# Reads a name of a row: `@` is the origin, one without a dot at the end is below it.
# In: EBX reader, EDX word, EDI buffer of DNS_NAME_MAXIMUM bytes.
# Out: EAX bytes of the name; CF when it is none.
# Clobbers: ECX, EDX.
.global zone_name
zone_name:
    push    esi
    push    edi
    push    ebp
    mov     esi, edx
    mov     eax, esi
    mov     edx, offset word_at
    call    string_compare
    mov     ebp, edi                    # EBP: where the origin goes
    je      .Lzone_name_origin
    mov     eax, esi
    call    string_length
    mov     ecx, eax
    mov     eax, esi
    mov     edx, edi
    call    dns_name_parse
    jc      .Lzone_name_done
    test    ecx, ecx
    jnz     .Lzone_name_done            # CF is clear
    lea     ebp, [edi + eax - 1]
.Lzone_name_origin:
    lea     eax, [ebx + READ_ORIGIN]
    call    dns_name_length
    mov     ecx, eax
    add     eax, ebp
    sub     eax, edi
    cmp     eax, DNS_NAME_MAXIMUM + 1
    cmc
    jc      .Lzone_name_done
    lea     esi, [ebx + READ_ORIGIN]
    mov     edi, ebp
    rep movsb
    clc
.Lzone_name_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Enters one record that is given as words: NAME [TTL] TYPE DATA. Names are whole ones. May sleep.
# In: ESI words, ECX how many.
# Out: CF and EAX error.
.global dns_row_add
dns_row_add:
    push    ebx
    push    esi
    push    edi
    mov     edi, ecx
    mov     eax, ERROR_INVALID
    cmp     ecx, WORDS
    ja      8f
    mov     eax, READ_SIZE
    call    malloc
    jc      9f
    mov     ebx, eax                    # READ_ORIGIN is the root, as the memory is zeroed
    mov     dword ptr [ebx + READ_TTL], TTL_USUAL
    mov     [ebx + READ_COUNT], edi
    call    zone_row
    pushfd
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    popfd
    jmp     9f
8:  stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret
