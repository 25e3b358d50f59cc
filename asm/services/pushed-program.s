# Programs that were pushed into this machine: each takes the place of the one of its name in /bin, or is one more
# there. It is run from the file of docs/protocols/push.md. What runs while another is pushed goes on in its own file.

.include "macros.inc"
.include "process.inc"
.include "pushed.inc"

.bss
.balign 4
pushed_ready:           .space 4        # 1: the programs of the desired state are those that this kernel may run

.text

# Looks through the desired state at the start, before anything of it is run: programs whose file is another one, or
# that were pushed for another kernel, are dropped. May sleep; pushed_mutex is held.
# Clobbers: all but EBP.
.global pushed_programs_begin
pushed_programs_begin:
    push    ebp
    mov     edi, offset pushed_state + PUSHED_ENTRIES
    xor     ebp, ebp                    # EBP: entry, counted from 0; EDI: where it is
.Lpushed_programs_begin_next:
    cmp     ebp, [pushed_state + PUSHED_COUNT]
    jae     .Lpushed_programs_begin_over
    test    dword ptr [edi + DESIRED_FLAGS], PUSHED_PROGRAM
    jz      1f
    call    pushed_start_proved
    jnc     1f
    call    pushed_drop
    jnc     .Lpushed_programs_begin_next
    jmp     .Lpushed_programs_begin_done    # the volume cannot be written: /bin is the image's own
1:  inc     ebp
    add     edi, DESIRED_SIZE
    jmp     .Lpushed_programs_begin_next
.Lpushed_programs_begin_over:
    mov     dword ptr [pushed_ready], 1
.Lpushed_programs_begin_done:
    pop     ebp
    ret

# Names the programs that were pushed one by one.
# In: EAX index from 0.
# Out: EAX name, EDX bytes of its file; CF after the last.
# Clobbers: ECX.
pushed_program_name:
    cmp     dword ptr [pushed_ready], 1
    jc      3f
    mov     edx, offset pushed_state + PUSHED_ENTRIES - DESIRED_SIZE
    mov     ecx, [pushed_state + PUSHED_COUNT]
1:  add     edx, DESIRED_SIZE
    sub     ecx, 1
    jc      3f
    test    dword ptr [edx + DESIRED_FLAGS], PUSHED_PROGRAM
    jz      1b
    sub     eax, 1
    jnc     1b
    mov     eax, edx
    mov     edx, [edx + DESIRED_BYTES]
    clc
3:  ret

ON_HOOK programs_pushed, pushed_program_name

# Makes the path of a program that was pushed.
# In: EAX name, EDI room of PATH_BYTES.
# Out: the path; CF when none was.
# Clobbers: EAX, ECX, EDX.
pushed_program_path:
    push    ebx
    push    esi
    mov     ebx, edi
    mov     esi, eax
    INTERRUPTS_OFF                      # a push changes the state
    cmp     dword ptr [pushed_ready], 1
    jc      1f
    call    pushed_find
    jc      1f
    test    dword ptr [edi + DESIRED_FLAGS], PUSHED_PROGRAM
    jz      1f
    mov     edx, [edi + DESIRED_SHA256]
    INTERRUPTS_RESTORE
    bswap   edx
    mov     eax, offset pushed_folder
    SNPRINTF ebx, PATH_BYTES, "%s/%s-%08x.o", eax, esi, edx
    clc
    jmp     2f
1:  INTERRUPTS_RESTORE
    stc
2:  mov     edi, ebx
    pop     esi
    pop     ebx
    ret

ON_HOOK program_pushed, pushed_program_path
