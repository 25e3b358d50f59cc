# ISO 9660, names: plain ones in lower case and without version, those of Rock Ridge, and those of Joliet as UTF-8. In
# all routines EBX = ISO record; it is kept.

.include "macros.inc"
.include "fs.inc"
.include "iso9660.inc"

.text

# Takes the name of a record.
# In: ESI record, which lies in its block.
# Out: ISO_NAME.
.global iso_name
iso_name:
    push    edi
    lea     edi, [ebx + ISO_NAME]
    cmp     dword ptr [ebx + ISO_NAMES], NAMES_ROCK
    jb      .Liso_name_plain
    ja      .Liso_name_joliet
    call    iso_rock_name
    cmp     byte ptr [ebx + ISO_NAME], 0
    jne     .Liso_name_done
.Liso_name_plain:
    movzx   ecx, byte ptr [esi + ENTRY_NAME_BYTES]
    xor     edx, edx
.Liso_name_letter:
    mov     al, [esi + edx + ENTRY_NAME]
    cmp     al, ';'                     # and a version
    je      .Liso_name_dot
    cmp     al, 'A'
    jb      .Liso_name_store
    cmp     al, 'Z'
    ja      .Liso_name_store
    or      al, 0x20
.Liso_name_store:
    call    iso_character
    inc     edx
    cmp     edx, ecx
    jb      .Liso_name_letter
.Liso_name_dot:
    cmp     byte ptr [edi - 1], '.'     # a name without extension
    jne     .Liso_name_end
    dec     edi
    jmp     .Liso_name_end
.Liso_name_joliet:
    movzx   ecx, byte ptr [esi + ENTRY_NAME_BYTES]
    xor     edx, edx
.Liso_name_unit:
    lea     eax, [edx + 2]
    cmp     eax, ecx
    ja      .Liso_name_end
    movzx   eax, word ptr [esi + edx + ENTRY_NAME]
    xchg    al, ah
    add     edx, 2
    cmp     eax, ';'
    je      .Liso_name_end
    call    iso_utf8
    jmp     .Liso_name_unit
.Liso_name_end:
    mov     byte ptr [edi], 0
.Liso_name_done:
    pop     edi
    ret

# Stores a byte of a name; what cannot be in one becomes an underscore.
# In: AL, EDI where.
# Out: EDI after it.
# Clobbers: AL only.
iso_character:
    cmp     al, ' '
    jb      1f
    cmp     al, 0x7F
    je      1f
    cmp     al, '/'
    jne     2f
1:  mov     al, '_'
2:  push    eax
    lea     eax, [ebx + ISO_NAME + 252]
    cmp     edi, eax                    # room for its end
    pop     eax
    jae     3f
    stosb
3:  ret

# Stores a character of Joliet as UTF-8. Its names are UCS-2, which has no surrogates; each becomes a low line.
# In: EAX character, EDI where.
# Out: EDI after it.
# Clobbers: EAX only.
iso_utf8:
    cmp     eax, 0x80
    jb      iso_character
    push    eax
    and     eax, 0xF800
    cmp     eax, 0xD800
    mov     eax, [esp]
    je      3f
    cmp     eax, 0x800
    jb      1f
    shr     eax, 12
    or      al, 0xE0
    call    iso_character
    mov     eax, [esp]
    shr     eax, 6
    and     al, 0x3F
    or      al, 0x80
    jmp     2f
1:  shr     eax, 6
    or      al, 0xC0
2:  call    iso_character
    pop     eax
    and     al, 0x3F
    or      al, 0x80
    jmp     iso_character
3:  pop     eax
    mov     eax, '_'
    jmp     iso_character

# Takes the name of a record from the NM entries of Rock Ridge.
# In: ESI record, EDI = ISO_NAME.
# Out: ISO_NAME, empty when there is none.
iso_rock_name:
    push    esi
    push    edi
    movzx   edx, byte ptr [esi + ENTRY_NAME_BYTES]
    movzx   ecx, byte ptr [esi + ENTRY_BYTES]
    add     ecx, esi                    # ECX: end of the record
    lea     esi, [esi + edx + ENTRY_NAME]
    test    edx, 1
    jnz     .Liso_rock_name_skip
    inc     esi                         # a name of even length is padded
.Liso_rock_name_skip:
    add     esi, [ebx + ISO_SKIP]
.Liso_rock_name_entry:
    lea     eax, [esi + 4]
    cmp     eax, ecx
    ja      .Liso_rock_name_end
    movzx   edx, byte ptr [esi + 2]
    cmp     edx, 4
    jb      .Liso_rock_name_end
    lea     eax, [esi + edx]
    cmp     eax, ecx
    ja      .Liso_rock_name_end
    cmp     word ptr [esi], 0x4D4E      # "NM"
    jne     .Liso_rock_name_next
    test    byte ptr [esi + 4], 6       # it stands for . or ..
    jnz     .Liso_rock_name_next
    push    eax
    mov     edx, eax
    lea     eax, [esi + 5]
    mov     esi, eax
.Liso_rock_name_letter:
    cmp     esi, edx
    jae     .Liso_rock_name_taken
    lodsb
    call    iso_character
    jmp     .Liso_rock_name_letter
.Liso_rock_name_taken:
    pop     eax
.Liso_rock_name_next:
    mov     esi, eax
    jmp     .Liso_rock_name_entry
.Liso_rock_name_end:
    mov     byte ptr [edi], 0
    pop     edi
    pop     esi
    ret
