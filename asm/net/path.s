# What the ways to other machines take (RFC 1191): the MTU of a path where an ICMP error told that it is smaller than
# Ethernet's. TCP has its own idea of it in each connection; this is for datagrams, which are fragmented accordingly.

.include "macros.inc"
.include "net.inc"

PATH_ADDRESS            = 0             # 0 while the entry is free
PATH_MTU                = 4
PATH_TIME               = 8             # clock_ms at which it was told
PATH_SIZE               = 12
PATHS                   = 16
PATH_LIFETIME_MS        = 600000        # RFC 1191 section 6.3

.bss
.balign 4
paths:                  .space PATHS * PATH_SIZE
path_count:             .space 4        # entries that were ever taken: with none, nothing is looked up
path_next:              .space 4        # the entry that goes when all are taken

.text

# Says how long a packet to a destination may be.
# In: EAX destination, EDX bytes of the packet, ECX its flags: PACKET_SPLIT.
# Out: EAX bytes that the path takes; the flags of comparing EDX with it.
# Clobbers: ECX.
.global path_takes
path_takes:
    test    ecx, PACKET_SPLIT
    jz      8f
    cmp     dword ptr [path_count], 0
    je      8f
    mov     ecx, offset paths
1:  cmp     [ecx + PATH_ADDRESS], eax
    je      2f
    add     ecx, PATH_SIZE
    cmp     ecx, offset paths + PATHS * PATH_SIZE
    jb      1b
8:  mov     eax, ETHER_PAYLOAD_MAXIMUM
    cmp     edx, eax
    ret
2:  call    clock_ms
    sub     eax, [ecx + PATH_TIME]
    cmp     eax, PATH_LIFETIME_MS
    jae     8b
    mov     eax, [ecx + PATH_MTU]
    cmp     edx, eax
    ret

# Takes note of a smaller MTU. One that no path has (RFC 791 has 68 for the least, nobody below 576) is not believed,
# and none makes a path take more than is known (RFC 1191 section 3).
# In: EAX destination, EDX MTU.
# Clobbers: EAX, ECX, EDX.
.global path_learn
path_learn:
    cmp     edx, IP_MTU_MINIMUM
    jae     1f
    mov     edx, IP_MTU_MINIMUM
1:  cmp     edx, ETHER_PAYLOAD_MAXIMUM
    jae     .Lpath_learn_done
    push    eax
    mov     ecx, offset paths
2:  cmp     [ecx + PATH_ADDRESS], eax
    je      .Lpath_learn_known
    cmp     dword ptr [ecx + PATH_ADDRESS], 0
    je      3f
    add     ecx, PATH_SIZE
    cmp     ecx, offset paths + PATHS * PATH_SIZE
    jb      2b
    mov     eax, [path_next]
    imul    ecx, eax, PATH_SIZE
    add     ecx, offset paths
    inc     eax
    and     eax, PATHS - 1
    mov     [path_next], eax
3:  inc     dword ptr [path_count]
4:  COUNT   ip_path
    mov     [ecx + PATH_MTU], edx
    call    clock_ms                    # clobbers EAX only
    mov     [ecx + PATH_TIME], eax
    pop     eax
    mov     [ecx + PATH_ADDRESS], eax
.Lpath_learn_done:
    ret
.Lpath_learn_known:
    call    clock_ms
    sub     eax, [ecx + PATH_TIME]
    cmp     eax, PATH_LIFETIME_MS
    jae     4b
    cmp     [ecx + PATH_MTU], edx
    ja      4b
    pop     eax
    ret
