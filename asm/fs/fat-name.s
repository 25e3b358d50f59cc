# Names in FAT directories: long ones, which lie in entries before the short one that they belong to, and short ones of
# 8 + 3 characters. Names are UTF-8 to the rest of the system and UTF-16 on the disk.
# Source: FAT32 File System Specification 1.03, sections 6 and 7. EBX = FAT record in all routines.

.include "macros.inc"
.include "errors.inc"
.include "fat.inc"

.section .rodata
fat_long_places:                        # offsets of a part's characters, 0 at the end
    .byte   1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30, 0

.text

# The checksum of a short name that its long name's parts carry.
# In: EAX 11 characters.
# Out: AL.
# Clobbers: EAX only.
.global fat_checksum
fat_checksum:
    push    ecx
    push    esi
    mov     esi, eax
    xor     eax, eax
    mov     ecx, 11
1:  ror     al, 1
    add     al, [esi]
    inc     esi
    dec     ecx
    jnz     1b
    pop     esi
    pop     ecx
    ret

# Copies one part of a long name into FAT_LONG.
# In: EAX entry, ECX number of the part, 1 to LONG_PARTS.
# Clobbers: ECX only.
.global fat_long_part
fat_long_part:
    push    eax
    push    edx
    push    esi
    push    edi
    imul    ecx, ecx, 2 * LONG_CHARACTERS
    lea     edi, [ebx + ecx + FAT_LONG - 2 * LONG_CHARACTERS]
    mov     esi, offset fat_long_places
1:  movzx   ecx, byte ptr [esi]
    jecxz   2f
    mov     dx, [eax + ecx]
    mov     [edi], dx
    add     edi, 2
    inc     esi
    jmp     1b
2:  pop     edi
    pop     esi
    pop     edx
    pop     eax
    ret

# Turns the long name in FAT_LONG into FAT_NAME.
# In: ECX its parts.
# Out: CF when it does not fit, or there is none.
# Clobbers: EAX, ECX, EDX.
.global fat_long_name
fat_long_name:
    push    esi
    push    edi
    push    ebp
    imul    ecx, ecx, LONG_CHARACTERS
    lea     esi, [ebx + FAT_LONG]
    lea     edi, [ebx + FAT_NAME]
    lea     ebp, [edi + 255]            # EBP: the last place for the NUL; a character has 4 bytes at most
.Lfat_long_name_next:
    jecxz   .Lfat_long_name_end
    movzx   eax, word ptr [esi]
    add     esi, 2
    dec     ecx
    test    eax, eax
    jz      .Lfat_long_name_end
    mov     edx, eax
    and     edx, 0xFC00
    cmp     edx, 0xDC00
    je      .Lfat_long_name_odd         # a second half alone
    cmp     edx, 0xD800
    jne     .Lfat_long_name_character
    jecxz   .Lfat_long_name_odd
    movzx   edx, word ptr [esi]
    sub     edx, 0xDC00
    cmp     edx, 0x400
    jae     .Lfat_long_name_odd
    add     esi, 2
    dec     ecx
    sub     eax, 0xD800
    shl     eax, 10
    lea     eax, [eax + edx + 0x10000]
    jmp     .Lfat_long_name_character
.Lfat_long_name_odd:
    mov     eax, '_'
.Lfat_long_name_character:
    call    fat_put
    cmp     edi, ebp
    jbe     .Lfat_long_name_next
    jmp     .Lfat_long_name_none
.Lfat_long_name_end:
    lea     eax, [ebx + FAT_NAME]
    cmp     edi, eax
    je      .Lfat_long_name_none
    mov     byte ptr [edi], 0
    clc
    jmp     .Lfat_long_name_done
.Lfat_long_name_none:
    stc
.Lfat_long_name_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Puts a character as UTF-8; what no name may have becomes a low line.
# In: EAX character, EDI where to.
# Out: EDI after it.
# Clobbers: EAX, EDX.
fat_put:
    cmp     eax, 0x80
    jae     .Lfat_put_wide
    cmp     al, ' '
    jb      .Lfat_put_odd
    cmp     al, '/'
    je      .Lfat_put_odd
    cmp     al, 0x7F
    jne     .Lfat_put_ascii
.Lfat_put_odd:
    mov     al, '_'
.Lfat_put_ascii:
    stosb
    ret
.Lfat_put_wide:
    mov     edx, eax
    cmp     eax, 0x800
    jae     .Lfat_put_three
    shr     eax, 6
    or      al, 0xC0
    jmp     .Lfat_put_last
.Lfat_put_three:
    cmp     eax, 0x10000
    jae     .Lfat_put_four
    shr     eax, 12
    or      al, 0xE0
    stosb
    jmp     .Lfat_put_middle
.Lfat_put_four:
    shr     eax, 18
    or      al, 0xF0
    stosb
    mov     eax, edx
    shr     eax, 12
    and     al, 0x3F
    or      al, 0x80
    stosb
.Lfat_put_middle:
    mov     eax, edx
    shr     eax, 6
    and     al, 0x3F
    or      al, 0x80
.Lfat_put_last:
    stosb
    mov     al, dl
    and     al, 0x3F
    or      al, 0x80
    stosb
    ret

# Turns a short name into FAT_NAME.
# In: EAX entry.
# Clobbers: EAX, ECX, EDX.
.global fat_short_name
fat_short_name:
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [ebx + FAT_NAME]
    mov     ecx, 8
    mov     dl, [esi + DIR_CASE]
    and     dl, 8
    xor     eax, eax
    call    fat_short_part
    mov     ecx, 3
    mov     byte ptr [edi], '.'
    inc     edi
    push    edi
    mov     dl, [esi + DIR_CASE]
    and     dl, 16
    mov     eax, 8
    call    fat_short_part
    pop     eax
    cmp     edi, eax
    jne     1f
    dec     edi                         # no extension, no dot
1:  mov     byte ptr [edi], 0
    pop     edi
    pop     esi
    ret

# Copies one part of a short name without the blanks at its end.
# In: ESI entry, EAX offset, ECX characters, DL not 0: in lower case; EDI where to.
# Out: EDI after it.
# Clobbers: EAX, ECX.
fat_short_part:
    push    esi
    push    ebx
    add     esi, eax
    mov     ebx, eax                    # the first of all characters may stand for E5
.Lfat_short_part_trim:
    jecxz   .Lfat_short_part_done
    cmp     byte ptr [esi + ecx - 1], ' '
    jne     .Lfat_short_part_next
    dec     ecx
    jmp     .Lfat_short_part_trim
.Lfat_short_part_next:
    lodsb
    test    ebx, ebx
    jnz     .Lfat_short_part_character
    cmp     al, DIR_KANJI
    jne     .Lfat_short_part_character
    mov     al, DIR_FREE
.Lfat_short_part_character:
    or      ebx, 1
    cmp     al, ' '
    jb      .Lfat_short_part_odd
    cmp     al, 0x7E                    # what is beyond depends on a code page that nobody knows
    ja      .Lfat_short_part_odd
    cmp     al, '/'
    je      .Lfat_short_part_odd
    test    dl, dl
    jz      .Lfat_short_part_put
    call    fat_lower
    jmp     .Lfat_short_part_put
.Lfat_short_part_odd:
    mov     al, '_'
.Lfat_short_part_put:
    stosb
    dec     ecx
    jnz     .Lfat_short_part_next
.Lfat_short_part_done:
    pop     ebx
    pop     esi
    ret

# The lower-case letter of a character.
# In: AL.
# Out: AL.
fat_lower:
    cmp     al, 'A'
    jb      1f
    cmp     al, 'Z'
    ja      1f
    or      al, 0x20
1:  ret

# Compares FAT_NAME with the first part of a path; letters of ASCII are the same in both cases.
# In: EAX path.
# Out: ZF when it is the same, and EAX after it.
# Clobbers: EAX, EDX.
.global fat_name_compare
fat_name_compare:
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [ebx + FAT_NAME]
1:  mov     al, [esi]
    test    al, al
    jz      2f
    cmp     al, '/'
    je      2f
    call    fat_lower
    mov     dl, al
    mov     al, [edi]
    call    fat_lower
    cmp     al, dl
    jne     3f
    inc     esi
    inc     edi
    jmp     1b
2:  cmp     byte ptr [edi], 0
3:  mov     eax, esi
    pop     edi
    pop     esi
    ret

# Fills in the entry of one part of the name in FAT_LONG; FAT_SHORT is the short name that it belongs to.
# In: EAX entry, ECX number of the part, with LONG_LAST if it is that.
# Clobbers: EAX, ECX.
.global fat_long_put
fat_long_put:
    push    edx
    push    esi
    push    edi
    mov     edi, eax                    # EDI: entry
    mov     [edi + LONG_ORDER], cl
    and     ecx, LONG_LAST - 1
    mov     byte ptr [edi + DIR_ATTRIBUTES], ATTRIBUTE_LONG
    mov     byte ptr [edi + DIR_CASE], 0
    mov     word ptr [edi + DIR_CLUSTER_LOW], 0
    lea     eax, [ebx + FAT_SHORT]
    call    fat_checksum
    mov     [edi + LONG_CHECKSUM], al
    imul    ecx, ecx, 2 * LONG_CHARACTERS
    lea     esi, [ebx + ecx + FAT_LONG - 2 * LONG_CHARACTERS]
    mov     edx, offset fat_long_places
1:  movzx   ecx, byte ptr [edx]
    jecxz   2f
    lodsw
    mov     [edi + ecx], ax
    inc     edx
    jmp     1b
2:  pop     edi
    pop     esi
    pop     edx
    ret
