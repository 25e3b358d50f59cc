# Zones as files: the rows that dns-zone.s reads, made of the records in memory. Bytes that a row cannot have stand as
# \DDD (RFC 1035, 5.1), types without a name of their own as RFC 3597 says. The file is written aside and takes the old
# one's place when all of it is on the disk, so that at each moment there is the old one or the new one. All routines
# run with dns_mutex held.

.include "macros.inc"
.include "errors.inc"
.include "dns.inc"
.include "file.inc"

PIECE_BYTES             = 4096
NUMBER_BYTES            = 16

# What is being written: one block of memory, in EBP.
WRITE_FILE              = 0
WRITE_USED              = 4             # bytes of the piece
WRITE_TOTAL             = 8             # that were written before
WRITE_ERROR             = 12            # of the file, or 0
WRITE_NUMBER            = 16
WRITE_PIECE             = WRITE_NUMBER + NUMBER_BYTES
WRITE_SIZE              = WRITE_PIECE + PIECE_BYTES

.bss
.balign 4
write_to:               .space 4        # path of the file
write_aside:            .space ZONE_PATH_BYTES + FILE_ASIDE_BYTES

.pushsection .data
.balign 4
write_forms:            .long 'a', write_address, 'n', write_name_data, 'h', write_half, 'w', write_word
    .long   's', write_texts, 0
.popsection

.text

# Writes a zone. May sleep.
# In: EAX its SOA record, EDX path.
# Out: CF and EAX error; then the file is as it was.
.global dns_write
dns_write:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax                    # EBX: SOA record
    mov     [write_to], edx
    mov     eax, WRITE_SIZE
    call    malloc
    jc      .Ldns_write_done
    mov     ebp, eax
    mov     esi, [write_to]
    mov     edi, offset write_aside
    call    file_open_aside
    jc      .Ldns_write_free
    mov     [ebp + WRITE_FILE], eax
    LOAD_STRING edx, "; as the last update left it (dns load)\n"
    call    write_string
    mov     esi, ebx
    call    write_record
    mov     esi, [dns_records]
.Ldns_write_next:
    test    esi, esi
    jz      .Ldns_write_end
    cmp     esi, ebx
    je      .Ldns_write_skip
    cmp     dword ptr [esi + ZONE_LEASE], 0
    jne     .Ldns_write_skip            # a file knows of no lease, and who has one comes back
    mov     eax, esi
    mov     edx, ebx
    call    dns_zone_has                # of a zone below this one, what leads there; the rest is the other file's
    jc      .Ldns_write_skip
    call    write_record
.Ldns_write_skip:
    mov     esi, [esi + ZONE_NEXT]
    jmp     .Ldns_write_next
.Ldns_write_end:
    call    write_flush
    mov     edx, [ebp + WRITE_ERROR]
    mov     eax, [ebp + WRITE_FILE]
    mov     esi, offset write_aside
    mov     edi, [write_to]
    call    file_close_aside
.Ldns_write_free:
    pushfd
    push    eax
    mov     eax, ebp
    call    mfree
    pop     eax
    popfd
.Ldns_write_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes a record's row.
# In: ESI record.
# Clobbers: EAX, ECX, EDX, EDI.
write_record:
    push    ebx
    lea     eax, [esi + ZONE_NAME]
    call    write_name
    mov     eax, [esi + ZONE_TTL]
    call    write_spaced
    mov     edi, [esi + ZONE_DATA]      # EDI: data
    mov     ebx, offset dns_types
    mov     eax, [esi + ZONE_TYPE]
.Lwrite_record_type:
    mov     edx, [ebx]
    test    edx, edx
    jz      .Lwrite_record_other
    cmp     [ebx + 4], eax
    je      .Lwrite_record_named
    add     ebx, 12
    jmp     .Lwrite_record_type
.Lwrite_record_named:
    call    write_space
    call    write_string
    mov     ebx, [ebx + 8]              # EBX: what the data are made of
.Lwrite_record_next:
    movzx   eax, byte ptr [ebx]
    test    eax, eax
    jz      .Lwrite_record_end
    inc     ebx
    mov     edx, offset write_forms
.Lwrite_record_form:
    cmp     [edx], eax
    je      .Lwrite_record_known
    add     edx, 8
    jmp     .Lwrite_record_form
.Lwrite_record_known:
    call    [edx + 4]
    jmp     .Lwrite_record_next
.Lwrite_record_other:
    LOAD_STRING edx, " TYPE"
    call    write_string
    call    write_number
    LOAD_STRING edx, " \\#"
    call    write_string
    mov     eax, [esi + ZONE_BYTES]
    call    write_spaced
    mov     ebx, [esi + ZONE_BYTES]     # EBX: bytes left
    test    ebx, ebx
    jz      .Lwrite_record_end
    call    write_space
.Lwrite_record_byte:
    mov     al, [edi]
    shr     al, 4
    call    write_hex
    mov     al, [edi]
    and     al, 15
    call    write_hex
    inc     edi
    dec     ebx
    jnz     .Lwrite_record_byte
.Lwrite_record_end:
    mov     al, 10
    call    write_sign
    pop     ebx
    ret

# Kinds of data, see write_forms.
# In: EDI data, ESI record.
# Out: EDI after what was written.
# Clobbers: EAX, ECX, EDX.
write_address:
    call    write_space
    lea     ecx, [ebp + WRITE_NUMBER]
    SNPRINTF ecx, NUMBER_BYTES, "%I", [edi]
    lea     edx, [ebp + WRITE_NUMBER]
    add     edi, 4
    jmp     write_string

# See write_address.
write_name_data:
    call    write_space
    mov     eax, edi
    call    write_name
    mov     eax, edi
    call    dns_name_length
    add     edi, eax
    ret

# See write_address.
write_half:
    movzx   eax, word ptr [edi]
    xchg    al, ah
    add     edi, 2
    jmp     write_spaced

# See write_address.
write_word:
    mov     eax, [edi]
    bswap   eax
    add     edi, 4
    jmp     write_spaced

# See write_address.
write_texts:
    mov     eax, [esi + ZONE_DATA]
    add     eax, [esi + ZONE_BYTES]
    sub     eax, edi
    jbe     .Lwrite_texts_done
    call    write_space
    mov     al, '"'
    call    write_sign
    movzx   ecx, byte ptr [edi]
    inc     edi
    jecxz   .Lwrite_texts_end
.Lwrite_texts_byte:
    mov     al, [edi]
    inc     edi
    cmp     al, '"'
    je      .Lwrite_texts_escape
    cmp     al, '\\'
    je      .Lwrite_texts_escape
    cmp     al, ' '
    jb      .Lwrite_texts_escape
    cmp     al, '~'
    ja      .Lwrite_texts_escape
    call    write_sign
    jmp     .Lwrite_texts_next
.Lwrite_texts_escape:
    call    write_escape
.Lwrite_texts_next:
    dec     ecx
    jnz     .Lwrite_texts_byte
.Lwrite_texts_end:
    mov     al, '"'
    call    write_sign
    jmp     write_texts
.Lwrite_texts_done:
    ret

# Writes a name with a dot at its end.
# In: EAX name.
# Clobbers: EAX, ECX, EDX.
write_name:
    push    esi
    mov     esi, eax
    cmp     byte ptr [esi], 0
    jne     .Lwrite_name_label
    mov     al, '.'
    call    write_sign
.Lwrite_name_label:
    movzx   ecx, byte ptr [esi]
    inc     esi
    jecxz   .Lwrite_name_end
.Lwrite_name_byte:
    lodsb
    call    dns_letter
    jc      .Lwrite_name_escape
    call    write_sign
    jmp     .Lwrite_name_next
.Lwrite_name_escape:
    call    write_escape
.Lwrite_name_next:
    dec     ecx
    jnz     .Lwrite_name_byte
    mov     al, '.'
    call    write_sign
    jmp     .Lwrite_name_label
.Lwrite_name_end:
    pop     esi
    ret

# Writes a byte as \DDD.
# In: AL.
# Clobbers: EAX, EDX.
write_escape:
    push    ecx
    movzx   edx, al
    lea     ecx, [ebp + WRITE_NUMBER]
    SNPRINTF ecx, NUMBER_BYTES, "\\%03u", edx
    lea     edx, [ebp + WRITE_NUMBER]
    call    write_string
    pop     ecx
    ret

# Writes a number after a blank.
# In: EAX number.
# Clobbers: EAX, ECX, EDX.
write_spaced:
    call    write_space
    # fall through

# Writes a number.
# In: EAX number.
# Clobbers: EAX, ECX, EDX.
write_number:
    lea     ecx, [ebp + WRITE_NUMBER]
    SNPRINTF ecx, NUMBER_BYTES, "%u", eax
    lea     edx, [ebp + WRITE_NUMBER]
    # fall through

# Writes text.
# In: EDX text.
# Clobbers: EDX.
write_string:
    push    eax
1:  mov     al, [edx]
    inc     edx
    test    al, al
    jz      2f
    call    write_sign
    jmp     1b
2:  pop     eax
    ret

# Writes a hexadecimal digit.
# In: AL its value.
# Clobbers: EAX.
write_hex:
    add     al, '0'
    cmp     al, '9'
    jbe     write_sign
    add     al, 'a' - '9' - 1
    jmp     write_sign

# Writes a blank.
# Clobbers: the flags only.
write_space:
    push    eax
    mov     al, ' '
    call    write_sign
    pop     eax
    ret

# Writes a byte.
# In: AL.
# Clobbers: the flags only.
write_sign:
    push    ecx
    mov     ecx, [ebp + WRITE_USED]
    mov     [ebp + WRITE_PIECE + ecx], al
    inc     ecx
    mov     [ebp + WRITE_USED], ecx
    cmp     ecx, PIECE_BYTES
    pop     ecx
    je      write_flush
    ret

# Writes what has gathered to the file, unless something went wrong before.
# Clobbers: the flags only.
write_flush:
    pushad
    xor     ecx, ecx
    xchg    ecx, [ebp + WRITE_USED]
    cmp     dword ptr [ebp + WRITE_ERROR], 0
    jne     9f
    add     [ebp + WRITE_TOTAL], ecx
    mov     eax, ERROR_TOO_LONG
    cmp     dword ptr [ebp + WRITE_TOTAL], ZONE_FILE_MAXIMUM    # of what dns_zone_load takes
    ja      8f
    jecxz   9f
    mov     eax, [ebp + WRITE_FILE]
    lea     esi, [ebp + WRITE_PIECE]
    mov     edx, ecx
    push    edx
    call    file_write
    pop     edx
    jc      8f
    cmp     eax, edx
    je      9f
    mov     eax, ERROR_NO_SPACE
8:  mov     [ebp + WRITE_ERROR], eax
9:  popad
    ret
