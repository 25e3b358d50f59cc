# Upgrades that come from other clusters: the delegate looks at what those publish that are trusted for that, loads the
# latest into a slot of its disk, and begins the ordinary upgrade of its cluster (docs/protocols/wide-area.md,
# "Kernels").

.include "macros.inc"
.include "bootinfo.inc"
.include "tasks.inc"
.include "net.inc"
.include "cluster.inc"
.include "download.inc"
.include "wide.inc"

LOOK_MS                 = 5000          # how often it is looked at what others publish
VAIN_MS                 = 15000         # what came to nothing waits for so long, twice as long each time,
VAINS_MAXIMUM           = 8             # so often

STRING follow_name, "cloud follow"
ON_HOOK upgrade_others, follow_show

.bss
.balign 4
follow_running:         .space 4        # 1: there is the task
follow_event:           .space 4
follow_link:            .space 4        # link from which it loads, 0: none
follow_revision:        .space 4
follow_looked:          .space 4        # clock_ms

.text

# Follows a linked cluster when one has published a later revision. The mutex is held.
# In: EDI now.
# Clobbers: EAX, EBX, ECX, EDX.
.global follow_look
follow_look:
    cmp     dword ptr [follow_link], 0
    jne     9f
    mov     eax, edi
    sub     eax, [follow_looked]
    cmp     eax, LOOK_MS
    jb      9f
    mov     [follow_looked], edi
    call    follow_free
    jc      9f
    call    follow_choose
    jc      9f
    mov     [follow_link], ebx
    mov     [follow_revision], eax
    mov     eax, 1
    xchg    eax, [follow_running]
    test    eax, eax
    mov     eax, offset follow_event
    jnz     event_signal
    mov     eax, offset follow_task
    xor     edx, edx
    mov     ecx, offset follow_name
    call    task_create
    jnc     9f
    xor     eax, eax
    mov     [follow_running], eax
    mov     [follow_link], eax
9:  ret

# Whether this cluster may begin an upgrade by itself: it runs one revision, and none is under way. The mutex is held.
# Out: CF when not; the plan has been read.
# Clobbers: EAX, ECX, EDX.
follow_free:
    call    plan_read
    cmp     byte ptr [boot_info + bi_trial], 1
    cmc
    jc      9f
    call    final_odd
    jc      9f
    cmp     dword ptr [plan + PLAN_REVISION], 0
    je      9f                          # CF is clear
    cmp     dword ptr [plan + PLAN_STATE], PLAN_STOP
    jb      9f
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_NONE + 1
    cmc
9:  ret

# Finds the link to follow: with the latest revision, then that from which fewest load, then that from which fewest
# have. The mutex is held, the plan has been read.
# Out: EBX link, EAX revision; CF when there is none.
# Clobbers: ECX, EDX.
follow_choose:
    push    esi
    push    edi
    push    ebp
    xor     edi, edi                    # EDI: revision of the best,
    xor     ebp, ebp                    # EBP: its rank, ESI: its link
    mov     ebx, offset links
1:  call    follow_may
    jc      3f
    movzx   ecx, word ptr [ebx + LINK_TOLD_NEWS + WIDE_NEWS_SERVED - WIDE_NEWS]
    movzx   edx, byte ptr [ebx + LINK_TOLD_NEWS + WIDE_NEWS_LOADING - WIDE_NEWS]
    shl     edx, 16
    or      ecx, edx
    cmp     eax, edi
    jb      3f
    ja      2f
    cmp     ecx, ebp
    jae     3f
2:  mov     edi, eax
    mov     ebp, ecx
    mov     esi, ebx
3:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    mov     ebx, esi
    mov     eax, edi
    cmp     eax, 1                      # CF when there is none
    pop     ebp
    pop     edi
    pop     esi
    ret

# Whether a link is to be followed: it is trusted, and publishes a later revision, which has failed neither here nor at
# another one that is trusted. The mutex is held, the plan has been read.
# In: EBX link or free place.
# Out: EAX revision; CF when it is not.
# Clobbers: ECX, EDX.
follow_may:
    push    esi
    cmp     byte ptr [ebx + LINK_NAME], 1
    jb      .Lfollow_may_done
    call    link_lives
    jc      .Lfollow_may_done
    cmp     byte ptr [ebx + LINK_TOLD_NEWS], NEWS_PUBLISHED
    stc
    jne     .Lfollow_may_done
    mov     esi, [ebx + LINK_TOLD_REVISION]
    cmp     [plan + PLAN_REVISION], esi # a person has had that one already
    cmc
    jc      .Lfollow_may_done
    cmp     [boot_info + bi_revision], esi
    cmc
    jc      .Lfollow_may_done
    cmp     dword ptr [ebx + LINK_VAIN], 0
    je      2f
    mov     ecx, [ebx + LINK_VAIN_MS]
    cmp     esi, [ebx + LINK_VAIN]
    je      1f
    mov     ecx, 2 * VAIN_MS            # another one waits too, so nobody is kept busy
1:  call    clock_ms
    sub     eax, [ebx + LINK_VAIN_AT]
    cmp     eax, ecx
    jb      .Lfollow_may_done
2:  call    link_trusted
    jc      .Lfollow_may_done
    mov     eax, esi
    call    plan_refused
    jc      .Lfollow_may_done
    call    follow_failed
    mov     eax, esi
.Lfollow_may_done:
    pop     esi
    ret

# Whether a revision has failed at a cluster that is trusted. The mutex is held.
# In: ESI revision.
# Out: CF when it has.
# Clobbers: EAX, ECX, EDX.
follow_failed:
    push    ebx
    mov     ebx, offset links
1:  mov     eax, [ebx + LINK_TOLD_NEWS]
    cmp     al, NEWS_FAILED
    jne     2f
    shr     eax, 8
    add     eax, [ebx + LINK_TOLD_REVISION]
    cmp     eax, esi
    jne     2f
    call    link_trusted
    cmc
    jc      3f
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    clc
3:  pop     ebx
    ret

# The task.
follow_task:
    mov     eax, offset cluster_owner
    call    owner_join
.Lfollow_task_next:
    mov     ebx, [follow_link]
    mov     edi, [follow_revision]
    test    ebx, ebx
    jz      .Lfollow_task_wait
    call    follow_begin
    call    cloud_lock
    cmp     edi, [ebx + LINK_VAIN]
    je      1f
    mov     [ebx + LINK_VAIN], edi
    mov     dword ptr [ebx + LINK_VAINS], 0
1:  mov     ecx, [ebx + LINK_VAINS]
    cmp     ecx, VAINS_MAXIMUM
    jae     2f
    inc     ecx
    mov     [ebx + LINK_VAINS], ecx
2:  mov     edx, VAIN_MS
    shl     edx, cl
    mov     [ebx + LINK_VAIN_MS], edx
    call    clock_ms
    mov     [ebx + LINK_VAIN_AT], eax
    mov     dword ptr [follow_link], 0
    call    cloud_unlock
.Lfollow_task_wait:
    mov     eax, offset follow_event
    or      edx, -1
    call    event_wait
    jmp     .Lfollow_task_next

# Loads what a link publishes, unless it is here, and begins the upgrade to it. The mutex is not held. May sleep, for
# minutes.
# In: EBX link, EDI revision.
# Clobbers: EAX, ECX, EDX, ESI.
follow_begin:
    lea     eax, [ebx + LINK_NAME]
    PRINTF  "cluster: %s publishes revision %u, and is trusted: this cluster goes to it\n", eax, edi
    mov     esi, offset upgrade_seen
    call    follow_has
    je      1f
    call    relay_endpoint
    mov     esi, eax
    mov     eax, edi
    mov     ecx, FETCH_LINKED
    call    download_fetch
    jc      9f
    call    turn_slots
1:  mov     eax, offset follow_plan
    jmp     upgrade_agree
9:  ret

# Whether a revision that somebody has signed is in a slot.
# In: ESI SEEN_*, EDI revision.
# Out: ZF when it is.
follow_has:
    cmp     [esi + SEEN_REVISIONS], edi
    jne     1f
    cmp     dword ptr [esi + SEEN_DIGESTS], 1
    jae     8f
1:  cmp     [esi + SEEN_REVISIONS + 4], edi
    jne     9f
    cmp     dword ptr [esi + SEEN_DIGESTS + 16], 1
    jb      7f
8:  cmp     eax, eax
    ret
7:  test    esp, esp                    # ZF clear
9:  ret

# Makes the plan, if all is still as it was, for upgrade_agree.
# Out: CF and EAX text, else EAX 1.
follow_plan:
    push    ebx
    mov     ebx, [follow_link]
    call    follow_free
    jc      1f
    call    follow_may
    jc      1f
    cmp     eax, [follow_revision]
    jne     1f
    pop     ebx
    jmp     upgrade_begin
1:  pop     ebx
    LOAD_STRING eax, "what was loaded is not begun: by now it is not to be followed any more"
    stc
    ret

# Shows what this cluster publishes, and what those do that it is linked with. The mutex is held.
# Clobbers: EAX, ECX, EDX.
follow_show:
    push    ebx
    cmp     dword ptr [wide_address], 0
    je      1f
    call    offer_why
    test    eax, eax
    jnz     2f
    call    offer_loads
    PRINTF  "published to linked clusters, of which %u have loaded it\n", eax
    jmp     1f
2:  PRINTF  "not published to linked clusters: %s\n", eax
1:  mov     ebx, offset links
3:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      4f
    call    follow_row
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      3b
    pop     ebx
    ret

# Shows what a link says of kernels, if that counts here.
# In: EBX link.
# Clobbers: EAX, ECX, EDX.
follow_row:
    call    link_trusted
    jc      .Lfollow_row_done
    lea     eax, [ebx + LINK_NAME]
    PRINTF  "%s is trusted, and ", eax
    cmp     dword ptr [wide_address], 0
    je      .Lfollow_row_elsewhere
    call    link_lives
    jc      .Lfollow_row_silent
    movzx   eax, byte ptr [ebx + LINK_TOLD_NEWS]
    cmp     al, NEWS_PUBLISHED
    je      .Lfollow_row_published
    cmp     al, NEWS_FAILED
    je      .Lfollow_row_failed
    PRINT   "publishes nothing now\n"
    ret
.Lfollow_row_published:
    movzx   eax, word ptr [ebx + LINK_TOLD_NEWS + WIDE_NEWS_SERVED - WIDE_NEWS]
    movzx   edx, byte ptr [ebx + LINK_TOLD_NEWS + WIDE_NEWS_LOADING - WIDE_NEWS]
    PRINTF  "publishes revision %u: %u load it, %u have\n", [ebx+LINK_TOLD_REVISION], edx, eax
    ret
.Lfollow_row_failed:
    mov     eax, [ebx + LINK_TOLD_NEWS]
    shr     eax, 8
    add     eax, [ebx + LINK_TOLD_REVISION]
    PRINTF  "says that revision %u failed there\n", eax
    ret
.Lfollow_row_elsewhere:
    PRINT   "what it publishes its delegate knows\n"
    ret
.Lfollow_row_silent:
    PRINT   "silent\n"
.Lfollow_row_done:
    ret
