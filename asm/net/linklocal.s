# Link-local addresses (RFC 3927): a machine on a network without DHCP takes an address in 169.254.0.0/16 that nobody
# else has.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

# RFC 3927 section 9, in milliseconds. The second announcement is sent by asm/net/address.s.
PROBE_WAIT              = 1000          # longest wait before the first probe
PROBE_NUM               = 3
PROBE_MIN               = 1000
PROBE_MAX               = 2000
ANNOUNCE_WAIT           = 2000
MAX_CONFLICTS           = 10
RATE_LIMIT_INTERVAL     = 60000
LINK_LOCAL_MASK         = 0x0000FFFF

.text

# Finds a free address, and configures and announces it. May sleep, about seven seconds.
# In: EAX interface.
# Out: CF when the user changed the interface's mode meanwhile.
.global linklocal_claim
linklocal_claim:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    xor     ebp, ebp                    # conflicts
    # a machine tries the same addresses each time (section 2.1), so it mostly gets its last one
    call    random_seed
    mov     [ebx + NETIF_PICK], eax
.Llinklocal_claim_pick:
    lea     eax, [ebx + NETIF_PICK]     # the first and the last 256 addresses are reserved (section 2.1)
    call    random_next
    xor     edx, edx
    mov     ecx, 65536 - 512
    div     ecx
    add     edx, 256
    xchg    dl, dh
    shl     edx, 16
    mov     dx, 169 + (254 << 8)
    mov     esi, edx

.Llinklocal_claim_probe:
    mov     [ebx + NETIF_PROBE], esi
    mov     eax, ebx
    mov     edx, PROBE_WAIT
    call    random_below
    mov     edx, eax
    mov     edi, PROBE_NUM
.Llinklocal_claim_next:
    mov     eax, ebx
    call    address_wait
    jnc     .Llinklocal_claim_disturbed
    mov     eax, ebx
    mov     edx, esi
    xor     ecx, ecx
    call    arp_request
    dec     edi
    jz      .Llinklocal_claim_announce
    mov     eax, ebx
    mov     edx, PROBE_MAX - PROBE_MIN
    call    random_below
    lea     edx, [eax + PROBE_MIN]
    jmp     .Llinklocal_claim_next
.Llinklocal_claim_announce:
    mov     eax, ebx
    mov     edx, ANNOUNCE_WAIT
    call    address_wait
    jnc     .Llinklocal_claim_disturbed
    mov     dword ptr [ebx + NETIF_PROBE], 0
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, LINK_LOCAL_MASK
    push    ORIGIN_LINK_LOCAL
    push    0
    call    address_set
    clc
    jmp     .Llinklocal_claim_done

.Llinklocal_claim_disturbed:
    test    eax, NOTICE_MODE
    jnz     .Llinklocal_claim_give_up
    test    eax, NOTICE_CONFLICT
    jz      .Llinklocal_claim_probe     # the link came up: nobody may have heard the probes
    inc     ebp
    cmp     ebp, MAX_CONFLICTS
    jb      .Llinklocal_claim_pick
    mov     dword ptr [ebx + NETIF_PROBE], 0
    mov     eax, ebx
    mov     edx, RATE_LIMIT_INTERVAL
    call    address_wait
    jc      .Llinklocal_claim_pick
    test    eax, NOTICE_MODE
    jz      .Llinklocal_claim_pick
.Llinklocal_claim_give_up:
    mov     dword ptr [ebx + NETIF_PROBE], 0
    stc
.Llinklocal_claim_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
