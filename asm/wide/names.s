# The name `clusters` of the cluster's domain: where this cluster and those that it is linked with are reached, as far
# as that is proven. The delegate knows, and its zone has it. See docs/protocols/dns.md.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

ADDRESSES               = 3             # that the name has at most
ROW_BYTES               = 32            # of one row
LOADS                   = 4             # a cluster of which all are busy has this load, one in which nobody is has 0

ON_HOOK names_more, clusters_rows

.text

# Writes the rows by the clusters' load, this one before others that have the same. The mutex is held.
# In: EDI where the next row goes.
# Out: EDI.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EBP.
clusters_rows:
    call    parent_rows
    cmp     dword ptr [wide_address], 0
    je      .Lclusters_rows_done
    mov     ebp, ADDRESSES              # EBP: rows that may follow
    xor     esi, esi                    # ESI: load
.Lclusters_rows_load:
    call    own_load
    cmp     eax, esi
    jne     1f
    call    public_proven
    test    eax, eax
    jz      1f
    call    clusters_row
    jz      .Lclusters_rows_done
1:  mov     ebx, offset links
.Lclusters_rows_link:
    call    link_proven
    jc      4f
    call    link_load
    cmp     eax, esi
    jne     4f
    mov     eax, [ebx + LINK_ADDRESS]
    call    clusters_row
    jz      .Lclusters_rows_done
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      .Lclusters_rows_link
    inc     esi
    cmp     esi, LOADS
    jbe     .Lclusters_rows_load
.Lclusters_rows_done:
    ret

# Writes a row.
# In: EAX address; EDI, EBP.
# Out: EDI, EBP; ZF when it is the last.
# Clobbers: EAX.
clusters_row:
    SNPRINTF edi, ROW_BYTES, "clusters A %I\n", eax
    add     edi, eax
    dec     ebp
    ret

# Whether a link is reached: it says that others called its door, and its packets come from there.
# In: EBX link or free place.
# Out: CF when not.
# Clobbers: EAX, ECX.
link_proven:
    call    relay_can
    jc      9f
    mov     eax, [ebx + LINK_TOLD_DOOR]
    cmp     eax, [ebx + LINK_ADDRESS]
    stc
    jne     9f
    cmp     dword ptr [ebx + LINK_TOLD_CALLED], 1
9:  ret

# How much of this cluster is busy.
# Out: EAX 0 to LOADS.
# Clobbers: ECX, EDX.
own_load:
    mov     eax, [node_busy]
    mov     ecx, 1
    mov     edx, [peer_first]
1:  test    edx, edx
    jz      load_of
    cmp     dword ptr [edx + PEER_VIEWED], 1
    jb      2f
    inc     ecx
    test    byte ptr [edx + PEER_FLAGS], FLAG_BUSY
    jz      2f
    inc     eax
2:  mov     edx, [edx + PEER_NEXT]
    jmp     1b

# How much of a linked cluster is busy, as it says.
# In: EBX link.
# Out: EAX 0 to LOADS.
# Clobbers: ECX, EDX.
link_load:
    mov     ecx, [ebx + LINK_TOLD_MEMBERS]
    mov     eax, [ebx + LINK_TOLD_BUSY]

# How much of a cluster is busy.
# In: EAX members that are, ECX all.
# Out: EAX 0 to LOADS.
# Clobbers: EDX.
load_of:
    cmp     eax, ecx
    jae     1f                          # all, or what it says is not so
    mov     edx, LOADS
    mul     edx
    cmp     edx, ecx
    jae     1f
    div     ecx
    ret
1:  mov     eax, LOADS
    ret
