# From which members a kernel can be loaded: those that have it, with the fewest downloads first, then those that have
# served the fewest, then the one before this node in the order of ids. docs/protocols/upgrade.md, "Propagation".

.include "macros.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "download.inc"

BUSY_FROM               = 2             # downloads at once, of which a third hears 503
RANK_UNKNOWN            = 0x80000000    # whether it has the kernel
RANK_LOAD_SHIFT         = 24
RANK_LOAD_MAXIMUM       = 127
RANK_SERVED_MAXIMUM     = 0xFFFFFF
RANK_BUSY               = BUSY_FROM << RANK_LOAD_SHIFT

# Locals, relative to EBP.
CHOICE_REVISION         = -4
CHOICE_FIRST            = -8            # where the addresses go
CHOICE_ROOM             = -12           # how many fit
CHOICE_COUNT            = -16           # how many there are
CHOICE_SERVING          = -20           # 1: of those that certainly serve it, with this node; 0: of all others
CHOICE_BUSY             = -24           # 1: somebody has it, who is busy
CHOICE_RANKS            = CHOICE_BUSY - SOURCES_MAXIMUM * 4 # of those, in their order
CHOICE_LOCALS           = -CHOICE_RANKS

LOOK_BYTES              = DOWNLOAD_NAMES * 4

ON_HOOK download_sources, download_members
ON_HOOK downloads_changed, download_reported

.text

# Names the other members: those that have a kernel before those of which nobody knows.
# In: EDX revision, EDI where their addresses go, ECX how many fit.
# Out: EAX how many there are.
# Clobbers: ECX, EDX.
# Locks: cluster_mutex.
download_members:
    push    edx
    push    ecx
    call    cloud_lock
    pop     ecx
    pop     edx
    push    edi
    xor     eax, eax
    call    download_choose
    pop     edi
    jmp     cloud_unlock_keep

# Chooses who serves the target of the cluster's upgrade, this node too, for the DNS server to name. The mutex is held,
# and the plan has been read.
# Clobbers: EAX, ECX, EDX.
.global download_look
download_look:
    FRAME   LOOK_BYTES
    push    edi
    lea     edi, [ebp - LOOK_BYTES]
    mov     ecx, DOWNLOAD_NAMES
    mov     edx, [plan + PLAN_REVISION]
    xor     eax, eax
    test    edx, edx
    jz      1f
    inc     eax
    call    download_choose
1:  sbb     ecx, ecx                    # 1: all that have it are busy
    neg     ecx
    mov     edx, edi
    call    dns_download_name
    pop     edi
    ENDFRAME
    ret

# Chooses members. The mutex is held.
# In: EAX CHOICE_SERVING, EDX revision, EDI where addresses go, ECX how many fit.
# Out: EAX how many; CF when there are none because all are busy.
# Clobbers: ECX, EDX.
download_choose:
    CHECK   ecx, be, SOURCES_MAXIMUM, "download_choose: more members than are ranked"
    FRAME   CHOICE_LOCALS
    push    ebx
    push    esi
    mov     [ebp + CHOICE_SERVING], eax
    mov     [ebp + CHOICE_REVISION], edx
    mov     [ebp + CHOICE_FIRST], edi
    mov     [ebp + CHOICE_ROOM], ecx
    mov     dword ptr [ebp + CHOICE_COUNT], 0
    mov     dword ptr [ebp + CHOICE_BUSY], 0
    test    eax, eax
    jz      1f
    xor     eax, eax
    call    download_add
1:  call    download_before
    mov     ebx, eax                    # EBX: number of a member
    mov     esi, [view_members]
.Ldownload_choose_next:
    dec     esi
    js      .Ldownload_choose_end
    test    ebx, ebx
    jnz     2f
    mov     ebx, [view_members]         # before the first is the last
2:  mov     eax, ebx
    call    download_add
    dec     ebx
    jmp     .Ldownload_choose_next
.Ldownload_choose_end:
    mov     eax, [ebp + CHOICE_COUNT]
    test    eax, eax                    # CF is clear
    jnz     3f
    cmp     [ebp + CHOICE_BUSY], eax
    je      3f                          # and here
    stc
3:  pop     esi
    pop     ebx
    ENDFRAME
    ret

# Where this node stands among the others: who loads from the one before it loads from whoever was upgraded last, and
# many that load at once load from different ones.
# Out: EAX number, as of report_of, of the member with the next lower id; 0: there is none.
# Clobbers: ECX, EDX.
download_before:
    push    ebx
    push    esi
    xor     esi, esi
    mov     edx, offset node + NODE_ID
    mov     ebx, [peer_first]
1:  test    ebx, ebx
    jz      2f
    lea     eax, [ebx + PEER_ID]
    call    node_id_compare
    jae     2f
    add     esi, [ebx + PEER_VIEWED]
    mov     ebx, [ebx + PEER_NEXT]
    jmp     1b
2:  mov     eax, esi
    pop     esi
    pop     ebx
    ret

# Puts a member among the chosen, after those that are not worse, where there is room or it is better than the last.
# In: EAX number, as of report_of; the frame.
# Clobbers: EAX, ECX, EDX.
download_add:
    call    report_of                   # ECX: address, 0 for none
    jc      .Ldownload_add_done
    call    download_rank
    test    ecx, ecx
    jz      .Ldownload_add_done
    cmp     dword ptr [ebp + CHOICE_SERVING], 0
    je      .Ldownload_add_ranked
    cmp     eax, RANK_UNKNOWN
    jae     .Ldownload_add_done
    cmp     eax, RANK_BUSY
    jb      .Ldownload_add_ranked
    mov     dword ptr [ebp + CHOICE_BUSY], 1
    ret
.Ldownload_add_ranked:
    push    ebx
    push    esi
    mov     esi, [ebp + CHOICE_FIRST]
    mov     edx, [ebp + CHOICE_COUNT]   # EDX: its place
    cmp     edx, [ebp + CHOICE_ROOM]
    je      .Ldownload_add_full
    inc     dword ptr [ebp + CHOICE_COUNT]
    jmp     .Ldownload_add_here
.Ldownload_add_full:
    dec     edx                         # the last goes, if it is worse
    js      .Ldownload_add_placed
    cmp     [ebp + CHOICE_RANKS + edx*4], eax
    jbe     .Ldownload_add_placed
.Ldownload_add_here:
    mov     [ebp + CHOICE_RANKS + edx*4], eax
    mov     [esi + edx*4], ecx
    dec     edx
    js      .Ldownload_add_placed
    mov     ebx, [ebp + CHOICE_RANKS + edx*4]
    cmp     ebx, eax
    jbe     .Ldownload_add_placed
    mov     [ebp + CHOICE_RANKS + 4 + edx*4], ebx
    mov     ebx, [esi + edx*4]
    mov     [esi + 4 + edx*4], ebx
    jmp     .Ldownload_add_here
.Ldownload_add_placed:
    pop     esi
    pop     ebx
.Ldownload_add_done:
    ret

# The rank of a member; less is better, and among equals that which was looked at first.
# In: EAX REPORT_* record, EDX revision that runs there; the frame.
# Out: EAX rank.
# Clobbers: EDX.
download_rank:
    push    ecx
    push    esi
    mov     esi, eax
    mov     ecx, [ebp + CHOICE_REVISION]
    call    report_has
    mov     ecx, 0
    je      1f
    mov     ecx, RANK_UNKNOWN
1:  movzx   eax, byte ptr [esi + REPORT_DOWNLOADS]
    movzx   edx, byte ptr [esi + REPORT_LOAD]
    cmp     eax, edx                    # its own word, or the coordinator's
    jae     2f
    mov     eax, edx
2:  cmp     eax, RANK_LOAD_MAXIMUM
    jbe     3f
    mov     eax, RANK_LOAD_MAXIMUM
3:  shl     eax, RANK_LOAD_SHIFT
    or      ecx, eax
    mov     eax, [esi + REPORT_SERVED]
    cmp     eax, RANK_SERVED_MAXIMUM
    jbe     4f
    mov     eax, RANK_SERVED_MAXIMUM
4:  or      eax, ecx
    pop     esi
    pop     ecx
    ret

# What this node reports of its downloads has changed.
# Clobbers: EAX, ECX, EDX.
download_reported:
    mov     al, [downloads_active]
    mov     [report_own + REPORT_DOWNLOADS], al
    mov     eax, [downloads_served]
    mov     [report_own + REPORT_SERVED], eax
    jmp     report_changed
