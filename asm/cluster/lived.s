# The persistent object `node_history`: the eras in which this node has lived, with the ages that it had there. See
# docs/protocols/cluster-history.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

SAVE_SECONDS            = 600           # how often it is saved that the node lives

.bss
.balign 4
.global lived
lived:                  .space LIVED_SIZE

.text

# Takes over what the node's disk holds. May sleep.
.global lived_load
lived_load:
    push    edi
    mov     eax, offset kept_lived
    call    keep_load
    jc      .Llived_load_new
    cmp     dword ptr [edi + LIVED_MAGIC], LIVED_MAGIC_VALUE
    jne     .Llived_load_damaged
    cmp     dword ptr [edi + LIVED_VERSION], LIVED_VERSION_VALUE
    jne     .Llived_load_damaged
    cmp     dword ptr [edi + LIVED_COUNT], LIVED_MAXIMUM
    ja      .Llived_load_damaged
    mov     eax, offset kept_lived
    mov     ecx, LIVED_SIZE
    call    keep_take
    jmp     .Llived_load_done
.Llived_load_damaged:
    PRINT   "cluster: the object node_history on the disk is damaged; it begins anew\n"
.Llived_load_new:
    mov     dword ptr [lived + LIVED_MAGIC], LIVED_MAGIC_VALUE
    mov     dword ptr [lived + LIVED_VERSION], LIVED_VERSION_VALUE
    cmp     dword ptr [lived + LIVED_COUNT], 0
    je      .Llived_load_done
    call    lived_changed               # a diskless node has got its disk
.Llived_load_done:
    pop     edi
    ret

# Has it written.
lived_changed:
    mov     edx, [lived + LIVED_COUNT]
    shl     edx, 5                      # LIFE_SIZE
    add     edx, LIVED_ERAS
    mov     eax, offset kept_lived
    jmp     keep_changed

# The last era.
# Out: EBX life; CF when there is none.
# Clobbers: nothing else.
lived_last:
    mov     ebx, [lived + LIVED_COUNT]
    sub     ebx, 1
    jb      9f
    shl     ebx, 5
    add     ebx, offset lived + LIVED_ERAS
    clc
9:  ret

# Notes in which era this node lives, when that counts.
# Clobbers: EAX, ECX, EDX.
.global lived_look
lived_look:
    push    ebx
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     .Llived_look_done
    cmp     dword ptr [node_alone], 0
    jne     .Llived_look_done
    call    lived_last
    jc      .Llived_look_new
    mov     eax, [node + NODE_ERA]
    cmp     eax, [ebx + LIFE_ERA]
    jne     .Llived_look_new
    mov     eax, [node + NODE_AGE]
    cmp     eax, [ebx + LIFE_LAST_AGE]
    jne     .Llived_look_changed
    lea     eax, [ebx + LIFE_FOUNDER]
    mov     edx, offset node + NODE_FOUNDER
    call    session_same                # two lives have become one
    jne     .Llived_look_changed
    call    clock_seconds
    sub     eax, [ebx + LIFE_UNTIL]
    cmp     eax, SAVE_SECONDS
    jb      .Llived_look_done
    jmp     .Llived_look_changed
.Llived_look_new:
    cmp     dword ptr [lived + LIVED_COUNT], LIVED_MAXIMUM
    jb      1f
    dec     dword ptr [lived + LIVED_COUNT]
    mov     eax, offset lived + LIVED_ERAS
    lea     edx, [eax + LIFE_SIZE]
    mov     ecx, (LIVED_MAXIMUM - 1) * LIFE_SIZE
    call    mem_copy
1:  inc     dword ptr [lived + LIVED_COUNT]
    call    lived_last
    mov     eax, [node + NODE_ERA]
    mov     [ebx + LIFE_ERA], eax
    mov     eax, [node + NODE_AGE]
    mov     [ebx + LIFE_FIRST_AGE], eax
    call    clock_seconds
    mov     [ebx + LIFE_BEGAN], eax
.Llived_look_changed:
    mov     eax, [node + NODE_FOUNDER]
    mov     [ebx + LIFE_FOUNDER], eax
    mov     eax, [node + NODE_FOUNDER + 4]
    mov     [ebx + LIFE_FOUNDER + 4], eax
    mov     eax, [boot_info + bi_revision]
    mov     [ebx + LIFE_REVISION], eax
    call    lived_until
.Llived_look_done:
    pop     ebx
    ret

# Notes that the node lives now.
# In: EBX life.
lived_until:
    mov     eax, [node + NODE_AGE]
    mov     [ebx + LIFE_LAST_AGE], eax
    call    clock_seconds
    mov     [ebx + LIFE_UNTIL], eax
    jmp     lived_changed

# Notes when the node leaves.
.global lived_leave
lived_leave:
    push    ebx
    cmp     dword ptr [node_alone], 0
    jne     9f
    call    lived_last
    jc      9f
    call    lived_until
9:  pop     ebx
    ret
