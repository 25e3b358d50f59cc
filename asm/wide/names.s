# The names `clusters` and `download` of the cluster's domain: where this cluster and those that it is linked with are
# reached, as far as that is proven, and those of them that publish the kernel that it publishes. The delegate knows,
# and its zone has it; other members ask it. See docs/protocols/dns.md.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "dns.inc"
.include "cluster.inc"
.include "wide.inc"
.include "download.inc"

ADDRESSES               = 3             # that the name has at most
ROW_BYTES               = 32            # of one row
LOADS                   = 4             # a cluster of which all are busy has this load, one in which nobody is has 0
FRESH_MS                = 15000         # one that speaks each ten seconds is as fresh as this cluster
AGES                    = 4             # times as long, of the least fresh

RANK_BITS               = 8             # of a link's index, below what it says
RANK_NONE               = -1

ON_HOOK names_more, wide_rows
ON_HOOK known_domain, cluster_domain

.text

# Writes the rows of the cluster's zone that the delegate knows. The mutex is held.
# In: EDI where the next row goes.
# Out: EDI.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EBP.
wide_rows:
    call    parent_rows
    cmp     dword ptr [wide_address], 0
    je      9f
    call    clusters_rows
    jmp     sources_rows
9:  ret

# Who has what the zone here has not: of the cluster's domain the delegate knows more, and nobody else does.
# In: EAX name, as the DNS has it.
# Out: ECX its address, 0 when this node is it, or nobody; CF when the name is not of the domain.
# Clobbers: EAX, EDX.
cluster_domain:
    push    ebx
    push    esi
    sub     esp, DNS_NAME_MAXIMUM + 1
    mov     esi, eax
    mov     eax, offset cluster_mutex
    call    mutex_lock
    mov     eax, offset domain_served
    call    string_length
    mov     ecx, eax
    mov     eax, offset domain_served
    mov     edx, esp
    call    dns_name_parse
    jc      1f                          # none is served
    cmp     byte ptr [esp], 1
    jb      1f                          # nor is the root
    mov     eax, esi
    mov     edx, esp
    call    dns_name_below
    jc      1f
    call    delegate_service
    cmc
    sbb     ebx, ebx                    # EBX: all bits set when there is one
    jz      1f
    cmp     dword ptr [esi + SERVICE_RECORD], 1
    sbb     eax, eax                    # and when it is not here
    and     ebx, eax
    and     ebx, [esi + SERVICE_ADDRESS]
1:  push    ebx
    sbb     ebx, ebx
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    pop     ecx
    add     ebx, ebx                    # CF as it was
    lea     esp, [esp + DNS_NAME_MAXIMUM + 1]
    pop     esi
    pop     ebx
    ret

# Writes the rows by the clusters' load, then by how lately they were heard, this one before others that are no better.
# The mutex is held.
# In: EDI where the next row goes.
# Out: EDI.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EBP.
clusters_rows:
    mov     ebp, ADDRESSES              # EBP: rows that may follow
    xor     esi, esi                    # ESI: AGES for each load, and the age
.Lclusters_rows_next:
    call    own_load
    imul    eax, eax, AGES
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
    call    link_age
    cmp     eax, esi
    jne     4f
    mov     eax, [ebx + LINK_ADDRESS]
    call    clusters_row
    jz      .Lclusters_rows_done
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      .Lclusters_rows_link
    inc     esi
    cmp     esi, (LOADS + 1) * AGES
    jb      .Lclusters_rows_next
.Lclusters_rows_done:
    ret

# Writes the rows of those that publish the same kernel, as this one does: those that serve it to the fewest just now,
# of them those that have served it to the fewest, and this one before others. The mutex is held.
# In: EDI where the next row goes.
# Out: EDI.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EBP.
sources_rows:
    call    public_proven
    test    eax, eax
    jz      .Lsources_rows_done
    push    eax
    call    offer_news
    cmp     al, NEWS_PUBLISHED
    jne     .Lsources_rows_end
    call    source_rank
    mov     esi, eax                    # ESI: this one's rank, without an index
    xor     ebp, ebp                    # EBP: the least rank that has no row
    push    DOWNLOAD_NAMES
.Lsources_rows_next:
    mov     eax, [esp + 4]
    mov     ecx, RANK_NONE              # ECX: the least rank from there on,
    cmp     esi, ebp
    jb      1f
    mov     ecx, esi
    mov     edx, eax                    # EDX: and where that is
1:  call    sources_least
    cmp     ecx, RANK_NONE
    je      .Lsources_rows_last
    lea     ebp, [ecx + 1]
    SNPRINTF edi, ROW_BYTES, "download A %I\n", edx
    add     edi, eax
    dec     dword ptr [esp]
    jnz     .Lsources_rows_next
.Lsources_rows_last:
    pop     eax
.Lsources_rows_end:
    pop     eax
.Lsources_rows_done:
    ret

# Finds the link with the least rank.
# In: EBP the least that counts, ECX rank and EDX address of the best so far.
# Out: ECX, EDX.
# Clobbers: EAX, EBX.
sources_least:
    mov     ebx, offset links
1:  call    source_link
    jc      2f
    cmp     eax, ebp
    jb      2f
    cmp     eax, ecx
    jae     2f
    mov     ecx, eax
    mov     edx, [ebx + LINK_ADDRESS]
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    ret

# The rank of a link that is reached, and publishes what this cluster does: after others that say the same, of which
# this cluster is the first.
# In: EBX link or free place.
# Out: EAX rank, another one for each link; CF when it does not.
source_link:
    push    ecx
    push    edx
    call    link_proven
    jc      .Lsource_link_done
    mov     eax, [boot_info + bi_revision]
    cmp     [ebx + LINK_TOLD_REVISION], eax
    jne     .Lsource_link_none
    mov     eax, [ebx + LINK_TOLD_NEWS]
    cmp     al, NEWS_PUBLISHED
    jne     .Lsource_link_none
    call    source_rank
    push    eax
    mov     eax, ebx
    sub     eax, offset links - LINK_SIZE
    xor     edx, edx
    mov     ecx, LINK_SIZE
    div     ecx
    pop     ecx
    add     eax, ecx                    # CF is clear
    jmp     .Lsource_link_done
.Lsource_link_none:
    stc
.Lsource_link_done:
    pop     edx
    pop     ecx
    ret

# The rank of who publishes; less is better.
# In: EAX its news.
# Out: EAX rank, of which the last RANK_BITS are 0.
# Clobbers: EDX.
source_rank:
    movzx   edx, ah                     # downloads in progress
    cmp     edx, 1
    sbb     edx, edx
    inc     edx
    shr     eax, 16                     # and served
    shl     eax, RANK_BITS
    shl     edx, 16 + RANK_BITS
    or      eax, edx
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

# How busy a linked cluster is, and how long ago it was heard from its address, so coarsely that one packet that is lost
# changes nothing for long.
# In: EBX link.
# Out: EAX AGES times its load, and its age.
# Clobbers: ECX, EDX.
link_age:
    call    link_load
    push    eax
    call    clock_ms
    sub     eax, [ebx + LINK_PLACED]
    xor     edx, edx
    mov     ecx, FRESH_MS
    div     ecx
    cmp     eax, AGES
    jb      1f
    mov     eax, AGES - 1
1:  pop     ecx
    lea     eax, [eax + ecx*AGES]
    ret

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
