# Who leads the cluster's upgrade: the holder of 127.81.82.0, by the rules of service addresses (holder.s) without ARP,
# as no frame ever goes there. It is held while a plan is under way, and only then. All routines run with the cluster's
# mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

HOLD_MS                 = 80            # the leader says so this often, and a tick later as it waits
LEASE_MS                = 250           # one that could not say so for this long leads no more
GRACE_MS                = 500           # a new member listens so long before it leads
JOINING_MS              = 50            # how often a node that may not lead looks whether it may
NEVER                   = 0x7FFFFFFF

.bss
.balign 4
.global leader
leader:                 .space SERVICE_SIZE # SERVICE_ADDRESS 0: nobody has to lead; SERVICE_RECORD 1: this node does
leader_said:            .space 4        # clock_ms of this node's last word that it leads

.text

# Whether somebody has to lead.
# Out: ZF when so; the plan has been read.
# Clobbers: EAX, ECX, EDX.
leader_wanted:
    call    plan_read
    jc      8f
    cmp     dword ptr [plan + PLAN_STATE], PLAN_RUN
    je      9f
    cmp     dword ptr [plan + PLAN_PHASE], PHASE_NONE   # a turn is brought to its end whatever the state is
    jne     7f
8:  test    esp, esp                    # ZF clear
    ret
7:  cmp     eax, eax
9:  ret

# Says that this node leads, takes the lead over, or gives it up, as it is time.
# In: EBX now.
# Out: EAX milliseconds until it is needed again.
# Clobbers: ECX, EDX.
.global leader_look
leader_look:
    push    esi
    mov     esi, offset leader
    call    leader_wanted
    je      .Lleader_look_wanted
    xor     eax, eax
    mov     [esi + SERVICE_RECORD], eax
    mov     [esi + SERVICE_ADDRESS], eax
    mov     eax, NEVER
    jmp     .Lleader_look_done
.Lleader_look_wanted:
    cmp     dword ptr [esi + SERVICE_ADDRESS], 0
    jne     .Lleader_look_known
    mov     dword ptr [esi + SERVICE_ADDRESS], LEADER_ADDRESS
    lea     eax, [ebx - SERVICE_SILENCE_MS] # nobody is known to hold it: the first in the row takes it
    mov     [esi + SERVICE_HEARD], eax
.Lleader_look_known:
    call    leader_may
    je      .Lleader_look_may
    mov     dword ptr [esi + SERVICE_RECORD], 0
    lea     eax, [ebx + GRACE_MS]
    mov     [esi + SERVICE_HEARD], eax
    mov     eax, JOINING_MS
    jmp     .Lleader_look_done
.Lleader_look_may:
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    jne     .Lleader_look_leads
    call    holder_due
    sub     eax, ebx
    test    eax, eax
    jg      .Lleader_look_done
    mov     dword ptr [esi + SERVICE_RECORD], 1
    mov     dword ptr [esi + SERVICE_GIVEN], 0
    mov     eax, [node + NODE_ID]
    mov     [esi + SERVICE_HOLDER], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [esi + SERVICE_HOLDER + 4], eax
    PRINT   "cluster: this node leads the upgrade\n"
    mov     eax, offset upgrade_event
    call    event_signal
    jmp     .Lleader_look_say
.Lleader_look_leads:
    mov     eax, ebx
    sub     eax, [leader_said]
    cmp     eax, LEASE_MS
    ja      .Lleader_look_lapsed
    sub     eax, HOLD_MS
    neg     eax
    jg      .Lleader_look_done
.Lleader_look_say:
    mov     [leader_said], ebx
    call    leader_say
    mov     eax, HOLD_MS
    jmp     .Lleader_look_done
.Lleader_look_lapsed:
    mov     dword ptr [esi + SERVICE_RECORD], 0 # this node stood still: another may lead
    mov     [esi + SERVICE_HEARD], ebx
    mov     eax, JOINING_MS
.Lleader_look_done:
    pop     esi
    ret

# Whether this node may lead: as it may hold addresses; a cluster of one leads itself, on trial too.
# Out: ZF when it may.
# Clobbers: EAX.
leader_may:
    push    [upgrade_drained]
    cmp     dword ptr [peer_alive], 0
    jne     1f
    mov     dword ptr [upgrade_drained], 0
1:  call    holder_may
    pop     [upgrade_drained]           # the flags stay
    ret

# Tells the group that this node leads. May sleep.
leader_say:
    mov     eax, KIND_HOLD
    call    packet_build
    mov     dword ptr [cluster_out + CLOUD_HELD], LEADER_ADDRESS
    mov     edx, CLUSTER_GROUP
    mov     ecx, CLOUD_HELD + 4
    jmp     packet_send_to

# Another node says that it leads. Of two the one with the lower id goes on.
# In: EBX packet.
# Clobbers: EAX, ECX, EDX.
.global leader_heard
leader_heard:
    push    esi
    mov     esi, offset leader
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      1f
    lea     eax, [ebx + CLOUD_NODE]
    mov     edx, offset node + NODE_ID
    call    node_id_compare
    jb      1f
    call    leader_say                  # it hears so at once
    jmp     9f
1:  xor     eax, eax
    mov     [esi + SERVICE_RECORD], eax
    mov     [esi + SERVICE_GIVEN], eax
    mov     eax, [ebx + CLOUD_NODE]
    mov     [esi + SERVICE_HOLDER], eax
    mov     eax, [ebx + CLOUD_NODE + 4]
    mov     [esi + SERVICE_HOLDER + 4], eax
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
9:  pop     esi
    ret

# This node leaves, or drains: another one leads. May sleep.
.global leader_leave
leader_leave:
    push    esi
    mov     esi, offset leader
    xor     eax, eax
    xchg    eax, [esi + SERVICE_RECORD]
    test    eax, eax
    jz      9f
    call    clock_ms
    mov     [esi + SERVICE_HEARD], eax
    call    holder_next
    jc      9f
    mov     edx, eax
    mov     eax, KIND_RELEASE
    call    service_say
9:  pop     esi
    ret
