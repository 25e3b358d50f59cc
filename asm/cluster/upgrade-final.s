# What makes the formats of a revision final (docs/protocols/upgrade.md, "Formats"): a person does, or the coordinator
# once all members have run it for a day after the upgrade. Routines run with the cluster's mutex held.

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "cluster.inc"

.section .rodata
.balign 4
final_ms:               .long 24 * 60 * 60 * 1000   # so long all run it

.bss
.balign 4
final_since:            .space 4        # clock_ms, never 0, from which this node knows it so; 0: it does not

.text

# Finds a member that runs another revision than this node.
# Out: ECX its peer; CF when there is one.
# Clobbers: EAX.
.global final_odd
final_odd:
    mov     ecx, [peer_first]
1:  jecxz   9f
    cmp     dword ptr [ecx + PEER_VIEWED], 0
    je      2f
    mov     eax, [ecx + PEER_REVISION]
    cmp     eax, [boot_info + bi_revision]
    stc
    jne     8f
2:  mov     ecx, [ecx + PEER_NEXT]
    jmp     1b
9:  clc
8:  ret

# Makes the running revision final when it is time. All members count that, and the coordinator acts, so another one
# that follows it does not begin anew. The plan has been read.
# In: EBX now.
# Clobbers: EAX, ECX, EDX.
.global final_look
final_look:
    cmp     dword ptr [plan + PLAN_STATE], PLAN_DONE
    jne     .Lfinal_look_not
    mov     eax, [boot_info + bi_revision]
    cmp     eax, [plan + PLAN_REVISION]
    jne     .Lfinal_look_not
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     .Lfinal_look_not
    call    plan_final
    cmp     eax, [boot_info + bi_revision]
    jae     .Lfinal_look_not
    call    final_odd
    jc      .Lfinal_look_not
    mov     eax, [final_since]
    test    eax, eax
    jnz     1f
    mov     eax, ebx
    or      eax, 1
    mov     [final_since], eax
1:  mov     ecx, ebx
    sub     ecx, eax
    jb      9f                          # it is odd, and now is not
    cmp     ecx, [final_ms]
    jb      9f
    cmp     dword ptr [coordinator_self], 0
    je      9f
    mov     dword ptr [proposal_quiet], 1
    mov     eax, [boot_info + bi_revision]
    call    plan_finalise
    mov     dword ptr [proposal_quiet], 0
9:  ret
.Lfinal_look_not:
    mov     dword ptr [final_since], 0
    ret
