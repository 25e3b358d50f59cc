# Which file a zone comes from, so that an update of the zone is in the file before it is confirmed (RFC 2136, 3.5). All
# routines run with dns_mutex held.

.include "macros.inc"
.include "errors.inc"
.include "dns.inc"

KEPT                    = 16

# A zone that has a file.
KEPT_NAME               = 0             # 256 bytes: as inside; KEPT_PATH is empty while the entry is free
KEPT_PATH               = 256
KEPT_STALE              = KEPT_PATH + ZONE_PATH_BYTES   # 1: the file could not be written, and is behind
KEPT_SIZE               = KEPT_STALE + 4

.bss
.balign 4
kept_zones:             .space KEPT * KEPT_SIZE

.text

# Remembers the file of a zone; one that has a file already gets this one.
# In: EAX the zone's name, EDX path, at most ZONE_PATH_BYTES - 1 characters.
# Out: CF and EAX error.
.global dns_keep_file
dns_keep_file:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    call    kept_find
    jnc     2f
    mov     ebx, offset kept_zones
1:  cmp     byte ptr [ebx + KEPT_PATH], 0
    je      2f
    add     ebx, KEPT_SIZE
    cmp     ebx, offset kept_zones + KEPT * KEPT_SIZE
    jb      1b
    mov     eax, ERROR_TABLE_FULL
    stc
    jmp     9f
2:  mov     eax, edi
    call    dns_name_length
    mov     ecx, eax
    lea     eax, [ebx + KEPT_NAME]
    mov     edx, edi
    call    mem_copy
    lea     eax, [ebx + KEPT_PATH]
    mov     edx, esi
    mov     ecx, ZONE_PATH_BYTES
    call    string_copy
    mov     dword ptr [ebx + KEPT_STALE], 0
    clc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Forgets the files of the zones at and below a name, which are removed.
# In: EAX name.
.global dns_keep_forget
dns_keep_forget:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset kept_zones
1:  cmp     byte ptr [ebx + KEPT_PATH], 0
    je      2f
    lea     eax, [ebx + KEPT_NAME]
    mov     edx, esi
    call    dns_name_below
    jc      2f
    mov     byte ptr [ebx + KEPT_PATH], 0
2:  add     ebx, KEPT_SIZE
    cmp     ebx, offset kept_zones + KEPT * KEPT_SIZE
    jb      1b
    pop     esi
    pop     ebx
    ret

# Writes a zone that an update has changed to its file, if it has one. May sleep.
# In: EBX answer structure.
# Out: EDX code that is answered: a failure when the file could not be written; then the next update writes it, whatever
# that changes.
# Clobbers: EAX, ECX, ESI, EDI.
.global dns_keep
dns_keep:
    push    ebx
    mov     esi, [ebx + ANSWER_ZONE]
    lea     edi, [esi + ZONE_NAME]
    call    kept_find
    mov     edx, 0
    jc      9f
    mov     eax, [update_changed]
    or      eax, [ebx + KEPT_STALE]
    jz      9f
    mov     eax, esi
    lea     edx, [ebx + KEPT_PATH]
    call    dns_write
    mov     edx, 0
    jc      1f
    mov     [ebx + KEPT_STALE], edx
    jmp     9f
1:  mov     edx, DNS_SERVER_FAILURE
    mov     ecx, 1
    xchg    ecx, [ebx + KEPT_STALE]
    test    ecx, ecx                    # said once
    jnz     9f
    call    error_text
    lea     ecx, [ebx + KEPT_PATH]
    PRINTF  "dns: %s: %s; updates fail until it can be written.\n", ecx, eax
9:  pop     ebx
    ret

# Finds a zone that has a file.
# In: EDI name.
# Out: EBX entry; CF when there is none.
# Clobbers: EAX, ECX, EDX.
kept_find:
    mov     ebx, offset kept_zones
1:  cmp     byte ptr [ebx + KEPT_PATH], 0
    je      2f
    lea     eax, [ebx + KEPT_NAME]
    mov     edx, edi
    call    dns_name_equal
    je      3f                          # CF is clear
2:  add     ebx, KEPT_SIZE
    cmp     ebx, offset kept_zones + KEPT * KEPT_SIZE
    jb      1b
    stc
3:  ret
