# Names for FAT directories: a name of the rest of the system becomes a long one in UTF-16, and a short one of 8 + 3
# characters, which stands alone if it says all. Source: FAT32 File System Specification 1.03, sections 6 and 7.
# EBX = FAT record in all routines.

.include "macros.inc"
.include "errors.inc"
.include "fat.inc"

ALIAS_PLAIN             = 4             # so many tries end in ~1, ~2 ...; later ones have a hash of the name

.section .rodata
fat_forbidden:  .asciz "\"*/:<>?\\|\177"        # in no name, as what is below a blank
fat_long_only:  .asciz "+,;=[] ."               # in no short one; the dot is counted apart

.text

# Whether a character is in a string.
# In: AL character, EDX string.
# Out: ZF when it is.
# Clobbers: EDX.
fat_within:
1:  cmp     byte ptr [edx], 0
    je      2f
    cmp     al, [edx]
    je      3f
    inc     edx
    jmp     1b
2:  test    esp, esp                    # ZF clear
3:  ret

# Makes FAT_LONG and FAT_SHORT of a name.
# In: EAX name.
# Out: ECX parts of the long name, 0 when the short one says all; CF and EAX error: ERROR_INVALID, ERROR_TOO_LONG.
.global fat_name_make
fat_name_make:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    lea     edi, [ebx + FAT_LONG]
    lea     ebp, [edi + 2 * LONG_NAME_MAX]
.Lfat_name_make_next:
    call    fat_take                    # EAX: character
    jc      .Lfat_name_make_odd
    test    eax, eax
    jz      .Lfat_name_make_end
    cmp     eax, ' '
    jb      .Lfat_name_make_odd
    cmp     eax, 0x7F
    ja      .Lfat_name_make_put
    mov     edx, offset fat_forbidden
    call    fat_within
    je      .Lfat_name_make_odd
.Lfat_name_make_put:
    cmp     edi, ebp
    jae     .Lfat_name_make_long
    cmp     eax, 0x10000
    jb      .Lfat_name_make_unit
    sub     eax, 0x10000
    mov     edx, eax
    shr     eax, 10
    or      eax, 0xD800
    stosw
    mov     eax, edx
    and     eax, 0x3FF
    or      eax, 0xDC00
    cmp     edi, ebp
    jae     .Lfat_name_make_long
.Lfat_name_make_unit:
    stosw
    jmp     .Lfat_name_make_next
.Lfat_name_make_end:
    lea     eax, [ebx + FAT_LONG]
    cmp     edi, eax
    je      .Lfat_name_make_odd
    mov     ax, [edi - 2]               # others would cut these off
    cmp     ax, ' '
    je      .Lfat_name_make_odd
    cmp     ax, '.'
    je      .Lfat_name_make_odd
    mov     ecx, edi
    lea     eax, [ebx + FAT_LONG]
    sub     ecx, eax
    shr     ecx, 1                      # ECX: characters
    push    ecx
    xor     eax, eax                    # a NUL after it, if there is room, then ones
    lea     edx, [ebx + FAT_LONG + FAT_LONG_BYTES]
1:  cmp     edi, edx
    jae     2f
    stosw
    mov     eax, -1
    jmp     1b
2:  mov     eax, [esp]
    call    fat_name_short
    pop     eax
    mov     ecx, 0
    jnc     3f
    add     eax, LONG_CHARACTERS - 1
    xor     edx, edx
    mov     ecx, LONG_CHARACTERS
    div     ecx
    mov     ecx, eax
3:  clc
    jmp     .Lfat_name_make_done
.Lfat_name_make_long:
    mov     eax, ERROR_TOO_LONG
    stc
    jmp     .Lfat_name_make_done
.Lfat_name_make_odd:
    mov     eax, ERROR_INVALID
    stc
.Lfat_name_make_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Takes a character of UTF-8 (RFC 3629).
# In: ESI text.
# Out: EAX character, ESI after it; CF when it is none.
# Clobbers: EAX, ECX, EDX.
fat_take:
    xor     eax, eax
    lodsb
    cmp     al, 0x80
    jb      .Lfat_take_good
    mov     ecx, 1                      # ECX: bytes that follow, EDX: the least that needs them
    mov     edx, 0x80
    sub     al, 0xC0
    jb      .Lfat_take_odd
    cmp     al, 0x20
    jb      .Lfat_take_byte
    inc     ecx
    mov     edx, 0x800
    sub     al, 0x20
    cmp     al, 0x10
    jb      .Lfat_take_byte
    inc     ecx
    mov     edx, 0x10000
    sub     al, 0x10                    # 8 and more: beyond the last character, see below
.Lfat_take_byte:
    shl     eax, 6
    push    edx
    movzx   edx, byte ptr [esi]
    xor     dl, 0x80
    cmp     dl, 0x40
    jae     .Lfat_take_short
    inc     esi
    or      eax, edx
    pop     edx
    loop    .Lfat_take_byte
    cmp     eax, edx
    jb      .Lfat_take_odd
    cmp     eax, 0x10FFFF
    ja      .Lfat_take_odd
    mov     edx, eax
    shr     edx, 11
    cmp     edx, 0xD800 >> 11           # halves of pairs are no characters
    je      .Lfat_take_odd
.Lfat_take_good:
    clc
    ret
.Lfat_take_short:
    pop     edx
.Lfat_take_odd:
    stc
    ret

# Makes FAT_SHORT of the name in FAT_LONG, as far as that goes.
# In: EAX characters.
# Out: CF unless it says all.
# Clobbers: EAX, ECX, EDX.
fat_name_short:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 last dot (address), -8 1 when something is lost
    lea     esi, [ebx + FAT_LONG]
    lea     ecx, [esi + eax*2]          # ECX: end
    mov     dword ptr [ebp - 8], 0
    mov     [ebp - 4], ecx
    mov     edx, ecx
.Lfat_name_short_dot:
    sub     edx, 2
    cmp     edx, esi
    jbe     .Lfat_name_short_begin      # a dot at the beginning begins no extension
    cmp     word ptr [edx], '.'
    jne     .Lfat_name_short_dot
    mov     [ebp - 4], edx
.Lfat_name_short_begin:
    lea     edi, [ebx + FAT_SHORT]
    mov     dword ptr [edi], 0x20202020
    mov     dword ptr [edi + 4], 0x20202020
    mov     dword ptr [edi + 8], 0x20202020
    push    ecx
    mov     ecx, [ebp - 4]
    lea     edx, [edi + 8]
    call    fat_name_part
    lea     eax, [ebx + FAT_SHORT]
    sub     edi, eax
    jnz     1f
    mov     byte ptr [eax], '_'
    inc     edi
    mov     dword ptr [ebp - 8], 1
1:  mov     [ebx + FAT_BASE], edi
    pop     ecx
    mov     esi, [ebp - 4]
    cmp     esi, ecx
    je      2f
    add     esi, 2
    lea     edi, [ebx + FAT_SHORT + 8]
    lea     edx, [edi + 3]
    call    fat_name_part
2:  cmp     dword ptr [ebp - 8], 1
    cmc
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Copies characters into one part of a short name.
# In: ESI characters, ECX their end, EDI where to, EDX end of the part; EBP frame of fat_name_short.
# Out: EDI after them; what is left out or changed is noted.
# Clobbers: EAX, ESI.
fat_name_part:
    cmp     esi, ecx
    jae     .Lfat_name_part_done
    lodsw
    cmp     ax, ' '
    je      .Lfat_name_part_lost
    cmp     ax, '.'
    je      .Lfat_name_part_lost
    cmp     edi, edx
    jae     .Lfat_name_part_lost
    cmp     ax, 0x7F
    jae     .Lfat_name_part_line
    push    edx
    mov     edx, offset fat_long_only
    call    fat_within
    pop     edx
    je      .Lfat_name_part_line
    cmp     al, 'a'
    jb      .Lfat_name_part_put
    cmp     al, 'z'
    ja      .Lfat_name_part_put
    and     al, 0xDF
    mov     dword ptr [ebp - 8], 1
    jmp     .Lfat_name_part_put
.Lfat_name_part_line:
    mov     al, '_'
    mov     dword ptr [ebp - 8], 1
.Lfat_name_part_put:
    stosb
    jmp     fat_name_part
.Lfat_name_part_lost:
    mov     dword ptr [ebp - 8], 1
    jmp     fat_name_part
.Lfat_name_part_done:
    ret

# Makes the next of the short names that could stand for a long one.
# In: EAX how many were tried.
.global fat_name_alias
fat_name_alias:
    push    esi
    push    edi
    mov     ecx, [ebx + FAT_BASE]
    lea     edx, [eax + '1']            # EDX: last digit
    cmp     eax, ALIAS_PLAIN
    jae     .Lfat_name_alias_hash
    cmp     ecx, 6
    jbe     .Lfat_name_alias_number
    mov     ecx, 6
    jmp     .Lfat_name_alias_number
.Lfat_name_alias_hash:
    mov     esi, eax                    # two letters, and 16 bits of a hash
    lea     edi, [ebx + FAT_LONG]
.Lfat_name_alias_character:
    movzx   edx, word ptr [edi]
    add     edi, 2
    imul    esi, esi, 0x01000193
    xor     esi, edx
    cmp     dx, -1
    je      .Lfat_name_alias_hashed
    lea     eax, [ebx + FAT_LONG + FAT_LONG_BYTES]
    cmp     edi, eax
    jb      .Lfat_name_alias_character
.Lfat_name_alias_hashed:
    cmp     ecx, 2
    jbe     .Lfat_name_alias_place
    mov     ecx, 2
.Lfat_name_alias_place:
    lea     edi, [ebx + ecx + FAT_SHORT]
    mov     eax, esi
    mov     edx, 4
.Lfat_name_alias_digit:
    push    eax
    and     al, 15
    add     al, '0'
    cmp     al, '9'
    jbe     .Lfat_name_alias_put
    add     al, 'A' - '0' - 10
.Lfat_name_alias_put:
    stosb
    inc     ecx
    pop     eax
    shr     eax, 4
    dec     edx
    jnz     .Lfat_name_alias_digit
    mov     edx, '1'
.Lfat_name_alias_number:
    mov     byte ptr [ebx + ecx + FAT_SHORT], '~'
    mov     [ebx + ecx + FAT_SHORT + 1], dl
    pop     edi
    pop     esi
    ret
