# The name `download` in the cluster's domain: from whom the kernel that the cluster upgrades to is loaded best just now
# (docs/protocols/upgrade.md, "Propagation"). It is no record of the zone: nobody may keep the answer.

.include "macros.inc"
.include "errors.inc"
.include "dns.inc"
.include "zone.inc"
.include "download.inc"

DOWNLOAD_LABEL_BYTES    = 8
DOWNLOAD_LOCALS         = DOWNLOAD_NAMES * 4 + ZONE_NAME

.bss
.balign 4
download_count:         .space 4        # addresses that there are
download_busy:          .space 4        # 1: there are none because all that have the kernel are busy
download_addresses:     .space DOWNLOAD_NAMES * 4

STRING word_download, "download"

.text

# Says what the name is to give from now on.
# In: EDX addresses, EAX how many, at most DOWNLOAD_NAMES; ECX 1 when all that have the kernel are busy.
# Clobbers: EAX, ECX, EDX.
.global dns_download_name
dns_download_name:
    push    esi
    push    edi
    CHECK   eax, be, DOWNLOAD_NAMES, "dns_download_name: more addresses than it can give"
    INTERRUPTS_OFF
    mov     [download_count], eax
    mov     [download_busy], ecx
    mov     esi, edx
    mov     edi, offset download_addresses
    mov     ecx, DOWNLOAD_NAMES
    rep movsd
    INTERRUPTS_RESTORE
    pop     edi
    pop     esi
    ret

# Answers a question for the name, if it is that.
# In: EBX answer structure with name and type, ESI message, EDI the zone's SOA record.
# Out: CF when it was answered, EDX code.
# Clobbers: EAX, ECX, EDX.
.global answer_download
answer_download:
    FRAME   DOWNLOAD_LOCALS
    push    esi
    push    edi
    call    answer_asks_download
    jne     .Lanswer_download_other
    mov     esi, offset download_addresses
    lea     edi, [ebp - DOWNLOAD_NAMES * 4]
    mov     ecx, DOWNLOAD_NAMES
    INTERRUPTS_OFF
    rep movsd
    mov     eax, [download_count]
    mov     ecx, [download_busy]
    INTERRUPTS_RESTORE
    mov     edx, DNS_SERVER_FAILURE
    test    ecx, ecx
    jnz     .Lanswer_download_done
    test    eax, eax
    jz      .Lanswer_download_other
    cmp     dword ptr [ebx + ANSWER_TYPE], DNS_A
    je      1f
    cmp     dword ptr [ebx + ANSWER_TYPE], DNS_ANY
    jne     .Lanswer_download_good      # of another type there is nothing
1:  mov     esi, eax
    call    outside_asks
    jc      3f
    mov     esi, 1
    mov     ecx, [dns_outside]
    mov     [ebp - DOWNLOAD_NAMES * 4], ecx
3:  lea     edi, [ebp - DOWNLOAD_NAMES * 4 - ZONE_NAME]
    mov     dword ptr [edi + ZONE_TYPE], DNS_A
    mov     dword ptr [edi + ZONE_CLASS], DNS_IN
    mov     dword ptr [edi + ZONE_TTL], 0
    mov     dword ptr [edi + ZONE_BYTES], 4
    lea     eax, [ebp - DOWNLOAD_NAMES * 4]
    mov     [edi + ZONE_DATA], eax
2:  mov     eax, edi
    lea     edx, [ebx + ANSWER_NAME]
    call    answer_write
    add     dword ptr [edi + ZONE_DATA], 4
    dec     esi
    jnz     2b
.Lanswer_download_good:
    xor     edx, edx
.Lanswer_download_done:
    stc
    jmp     1f
.Lanswer_download_other:
    clc
1:  pop     edi
    pop     esi
    ENDFRAME
    ret

# Whether the name is asked for.
# In: EBX answer structure with name, EDI the zone's SOA record.
# Out: ZF when it is.
# Clobbers: EAX, ECX, EDX.
answer_asks_download:
    push    edi
    lea     eax, [edi + ZONE_NAME]
    mov     edx, offset dns_made
    call    dns_name_equal
    jne     1f
    cmp     byte ptr [ebx + ANSWER_NAME], DOWNLOAD_LABEL_BYTES
    jne     1f
    lea     eax, [ebx + ANSWER_NAME + 1 + DOWNLOAD_LABEL_BYTES]
    lea     edx, [edi + ZONE_NAME]
    call    dns_name_equal
    jne     1f
    lea     eax, [ebx + ANSWER_NAME + 1]
    mov     edx, offset word_download
    call    http_word
1:  pop     edi
    ret
