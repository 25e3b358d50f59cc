# Modules and programs that were pushed into this machine: docs/protocols/push.md. A module takes the place of a service
# of the kernel (asm/services/replace-part.s), a program that of its name in /bin (asm/services/pushed-program.s), and
# the desired state on the volume at /net names it, so it is there after a start. The state is changed last, by one
# write: before that the old one goes on, also after a power cut.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "file.inc"
.include "fs.inc"
.include "log.inc"
.include "memory.inc"
.include "service.inc"
.include "module.inc"
.include "pushed.inc"

RETIRED_PAGES           = 1 << (20 - 12)    # of modules that were replaced: connections may still run in them
PATH_SIZE               = 64
ELF_MAGIC               = 0x464C457F
ELF_TYPE                = 16            # a word
ELF_EXECUTABLE          = 2

.global pushed_class
STRING pushed_class, "pushed_modules"
.global pushed_folder
STRING pushed_folder, "/net/modules"

.bss
.balign 4
.global pushed_mutex
pushed_mutex:           .space MUTEX_SIZE   # held while a module is pushed, undone or loaded at the start
.global pushed_state
pushed_state:           .space PUSHED_SIZE  # the desired state, as it is on the volume; changes with interrupts off
.global pushed_next
pushed_next:            .space PUSHED_SIZE  # what it is to be
pushed_before:          .space PUSHED_SIZE  # what it was before a program is tried by its services
pushed_undone:          .space PUSH_SIZE    # its name
pushed_path:            .space PATH_SIZE
pushed_label:           .space TASK_NAME_SIZE

.text

# Pushes a module or a program. May sleep, for more than a second.
# In: EAX record PUSH_*.
# Out: CF and EDX why the old part goes on. part_away_us says how long the service was away; 0: nothing was to be done.
.global pushed_push
pushed_push:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax                    # EBP: record
    mov     eax, offset pushed_mutex
    call    mutex_lock
    call    pushed_matches
    jc      pushed_unlock
    call    pushed_kind
    call    pushed_service
    jc      pushed_unlock
    call    pushed_room
    jc      pushed_unlock
    LOAD_STRING eax, "/net"
    call    mount_find
    LOAD_STRING edx, "nothing is mounted at /net, where it would be kept"
    jc      pushed_unlock
    mov     eax, [ebp + PUSH_NAME]
    call    pushed_find
    call    pushed_change
    jc      pushed_unlock
    jz      pushed_unlock               # it is there: CF is clear
    lea     edx, [ebp + PUSH_SHA256]
    mov     eax, [ebp + PUSH_NAME]
    call    pushed_names
    call    pushed_write
    jc      pushed_unlock
    call    pushed_settle
    jmp     pushed_over

# Ends a change: removes what nobody needs, and unlocks.
# In: the flags and EDX of an answer, ESI and so on as pushed_push has left them.
pushed_over:
    pushfd
    push    edx
    call    pushed_sweep
    pop     edx
    popfd

# In: the flags and EDX of an answer; EBP, EDI, ESI and EBX on the stack.
pushed_unlock:
    pushfd
    push    edx
    mov     eax, offset pushed_mutex
    call    mutex_unlock
    pop     edx
    popfd
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Undoes the last push of a name. May sleep, for more than a second.
# In: EAX name.
# Out: CF and EDX why all is as it was.
.global pushed_undo
pushed_undo:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, offset pushed_undone
    mov     [ebp + PUSH_NAME], eax
    mov     eax, offset pushed_mutex
    call    mutex_lock
    mov     eax, [ebp + PUSH_NAME]
    call    pushed_find
    LOAD_STRING edx, "nothing of this name was pushed"
    jc      pushed_unlock
    mov     eax, [edi + DESIRED_FLAGS]
    mov     [ebp + PUSH_FLAGS], eax
    call    pushed_service
    jc      pushed_unlock
    call    pushed_copy
    cmp     dword ptr [esi + DESIRED_BEFORE_BYTES], 0
    je      .Lpushed_undo_own
    call    pushed_step_back
    mov     eax, [ebp + PUSH_NAME]
    lea     edx, [esi + DESIRED_SHA256]
    call    pushed_names
    call    pushed_prove
    jc      pushed_unlock
    call    pushed_settle
    jmp     pushed_over
.Lpushed_undo_own:
    mov     eax, edi
    call    pushed_remove
    mov     byte ptr [pushed_path], 0
    call    pushed_settle
    jmp     pushed_over

# Has what was prepared take the place of the running part, and then the desired state name it. A program has to be one
# that can be loaded; services that run by it take it then. May sleep.
# In: EBX service, or 0 for a program; pushed_path of its file, or empty for the image's own, pushed_label; pushed_next.
# Out: CF and EDX why what was there before goes on.
# Clobbers: ESI, EDI too.
pushed_settle:
    test    ebx, ebx
    jz      .Lpushed_settle_program
    mov     esi, [ebx + SERVICE_PART]   # ESI: the part before
    call    pushed_take
    jc      .Lpushed_settle_done
    call    pushed_save
    jnc     pushed_unload
    push    eax                         # it would be gone after a start: it does not stay now either
    mov     edx, esi
    call    part_back
    pop     eax
    jmp     .Lpushed_settle_error
.Lpushed_settle_program:
    mov     eax, offset pushed_path
    cmp     byte ptr [eax], 0
    je      1f
    call    process_check
    jc      .Lpushed_settle_error
1:  mov     eax, offset pushed_before
    mov     edx, offset pushed_state
    mov     ecx, PUSHED_SIZE
    call    mem_copy
    call    pushed_save
    jc      .Lpushed_settle_error
    or      ecx, -1
    call    pushed_serve
    jc      pushed_revert
    ret
.Lpushed_settle_error:
    call    error_text
    mov     edx, eax
    stc
.Lpushed_settle_done:
    ret

# Goes back to the program before, because a service that runs by it does not take the new one. May sleep.
# In: EBP record, EDI how many services have taken it, EDX why.
# Out: CF and EDX.
# Clobbers: EAX, ECX, ESI, EDI.
pushed_revert:
    push    edx
    mov     eax, offset pushed_next
    mov     edx, offset pushed_before
    mov     ecx, PUSHED_SIZE
    call    mem_copy
    call    pushed_save
    mov     ecx, edi
    call    pushed_serve
    pop     edx
    stc
    ret

# Has services that run by a program take the one that is in its place in /bin now, with their state. May sleep, for
# seconds each.
# In: EBP record, ECX how many at most.
# Out: EDI how many have; CF and EDX why one has not.
# Clobbers: EAX, ECX, ESI.
pushed_serve:
    push    ecx
    mov     eax, [ebp + PUSH_NAME]
    mov     edx, offset pushed_path
    SNPRINTF edx, PATH_SIZE, "/bin/%s", eax
    xor     edi, edi
    mov     esi, [service_records]
.Lpushed_serve_service:
    test    esi, esi
    jz      .Lpushed_serve_done         # CF is clear
    cmp     edi, [esp]
    je      .Lpushed_serve_done         # CF is clear
    call    pushed_serves
    jne     .Lpushed_serve_next
    lea     eax, [esi + SERVICE_LABEL]
    mov     edx, offset pushed_path
    call    service_replace
    mov     edx, offset replace_reason
    jc      .Lpushed_serve_done
    inc     edi
.Lpushed_serve_next:
    mov     esi, [esi + SERVICE_NEXT]
    jmp     .Lpushed_serve_service
.Lpushed_serve_done:
    pop     ecx
    ret

# Whether a service runs by a program of /bin that gives its state. Others go on in their file.
# In: ESI service, pushed_path of the program.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX.
pushed_serves:
    cmp     dword ptr [esi + SERVICE_STATE], SERVICE_RUNNING
    jne     1f
    mov     eax, [esi + SERVICE_GIVER]
    cmp     eax, [esi + SERVICE_PROCESS]
    jne     1f
    cmp     eax, 1
    jb      2f                          # a part of the kernel has none
    mov     eax, offset pushed_path
    call    string_length
    mov     ecx, eax
    push    ecx
    lea     eax, [esi + SERVICE_LINE]
    mov     edx, offset pushed_path
    call    mem_compare
    pop     ecx
    jne     1f
    mov     al, [esi + SERVICE_LINE + ecx]
    test    al, al
    jz      1f
    cmp     al, ' '
1:  ret
2:  test    esp, esp                    # ZF is clear
    ret

# Takes the module out of memory that was replaced, unless a connection still runs in it. May sleep.
# In: ESI its part.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX.
pushed_unload:
    mov     eax, esi
    call    module_of
    jc      1f
    lea     eax, [edx + MODULE_LABEL]
    call    module_unload
1:  clc
    ret

# Has a module, or the kernel's own part, take the place of the running part. May sleep.
# In: EBX service, pushed_path, pushed_label.
# Out: CF and EDX why not.
.global pushed_take
pushed_take:
    cmp     byte ptr [pushed_path], 0
    je      .Lpushed_take_own
    mov     eax, offset pushed_label
    call    module_find
    jc      .Lpushed_take_load
    mov     eax, edx                    # it was replaced, and is still in memory
    mov     edx, offset pushed_path
    jmp     part_again
.Lpushed_take_load:
    mov     edx, offset pushed_path
    jmp     part_try
.Lpushed_take_own:
    lea     eax, [ebx + SERVICE_LABEL]
    call    part_find
    LOAD_STRING edx, "the kernel has no part of this name"
    jc      1f
    mov     edx, eax
    jmp     part_back
1:  ret

# The part by which a service of the kernel is to run: that of the module that was pushed for it, once that is loaded,
# else the kernel's own.
# In: EAX name.
# Out: EAX part; CF when there is none.
# Clobbers: ECX, EDX.
.global pushed_part
pushed_part:
    FRAME   TASK_NAME_SIZE
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    pushed_find
    jc      .Lpushed_part_own
    mov     edx, [edi + DESIRED_SHA256]
    bswap   edx
    lea     ecx, [ebp - TASK_NAME_SIZE]
    SNPRINTF ecx, TASK_NAME_SIZE, "%s-%08x.o", ebx, edx
    mov     eax, ecx
    call    module_find
    jc      .Lpushed_part_own
    mov     eax, edx
    mov     edx, ebx
    call    module_part
    jnc     .Lpushed_part_done
.Lpushed_part_own:
    mov     eax, ebx
    call    part_find
.Lpushed_part_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Whether the content is what was announced.
# In: EBP record.
# Out: CF and EDX when it is another.
# Clobbers: EAX, ECX.
pushed_matches:
    push    esi
    mov     esi, ebp
    FRAME   SHA256_BYTES
    lea     eax, [ebp - SHA256_BYTES]
    mov     edx, [esi + PUSH_CONTENT]
    mov     ecx, [esi + PUSH_BYTES]
    call    sha256
    lea     eax, [ebp - SHA256_BYTES]
    lea     edx, [esi + PUSH_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_compare
    ENDFRAME
    pop     esi
    LOAD_STRING edx, "its content is not what was announced"
    je      1f                          # CF is clear
    stc
1:  ret

# Finds out whether a program or a module is pushed: that is an executable file, this is one to be linked (ELF, System V
# ABI, chapter 4: e_type).
# In: EBP record.
# Out: PUSHED_PROGRAM of its flags.
# Clobbers: EAX.
pushed_kind:
    and     dword ptr [ebp + PUSH_FLAGS], PUSHED_KEPT
    mov     eax, [ebp + PUSH_CONTENT]
    cmp     dword ptr [ebp + PUSH_BYTES], ELF_TYPE + 2
    jb      1f
    cmp     dword ptr [eax], ELF_MAGIC
    jne     1f
    cmp     word ptr [eax + ELF_TYPE], ELF_EXECUTABLE
    jne     1f
    or      dword ptr [ebp + PUSH_FLAGS], PUSHED_PROGRAM
1:  ret

# Finds the service of a name, which a module can replace.
# In: EBP record.
# Out: EBX service, or 0 for a program; CF and EDX why nothing can be replaced.
# Clobbers: EAX, ECX.
pushed_service:
    mov     dword ptr [part_away_us], 0
    mov     eax, [ebp + PUSH_NAME]
    call    service_find
    mov     ebx, eax                    # 0: there is none
    test    dword ptr [ebp + PUSH_FLAGS], PUSHED_PROGRAM
    jnz     .Lpushed_service_program
    LOAD_STRING edx, "no service of the kernel has this name (service list)"
    cmp     ebx, 1
    jc      1f
    cmp     dword ptr [ebx + SERVICE_PART], 1
    jc      1f
    LOAD_STRING edx, "the service does not run"
    cmp     dword ptr [ebx + SERVICE_STATE], SERVICE_RUNNING
    je      1f                          # CF is clear
    stc
1:  ret
.Lpushed_service_program:
    test    ebx, ebx
    jz      1b                          # CF is clear
    LOAD_STRING edx, "it is a program, and a service of the kernel has this name"
    cmp     dword ptr [ebx + SERVICE_PART], 1
    mov     ebx, 0
    cmc
    ret

# Whether there is memory for one more module beside those that were replaced.
# In: EBX service, or 0 for a program, which takes none.
# Out: CF and EDX why not.
# Clobbers: EAX, ECX.
pushed_room:
    test    ebx, ebx
    jz      1f                          # CF is clear
    call    modules_pages
    LOAD_STRING edx, "the modules that were replaced take too much memory; restart the machine"
    cmp     eax, RETIRED_PAGES
    cmc
1:  ret

# Prepares the entry of what is pushed.
# In: EBP record; pushed_find's EDI, CF.
# Out: pushed_next; ZF when nothing is to be done, as it is there; CF and EDX what is wrong.
# Clobbers: EAX, ECX, ESI, EDI.
pushed_change:
    jc      .Lpushed_change_new
    lea     eax, [edi + DESIRED_SHA256]
    lea     edx, [ebp + PUSH_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_compare
    jne     .Lpushed_change_other
    call    pushed_copy                 # it runs; only what is to become of it later may be another
    mov     eax, [ebp + PUSH_FLAGS]
    mov     [esi + DESIRED_FLAGS], eax
    call    pushed_save
    jc      .Lpushed_change_lost
    cmp     eax, eax                    # ZF
    ret
.Lpushed_change_lost:
    call    error_text
    mov     edx, eax
    stc
    ret
.Lpushed_change_other:
    call    pushed_copy
    jmp     .Lpushed_change_fill
.Lpushed_change_new:
    LOAD_STRING edx, "no more than 16 modules and programs can be pushed"
    cmp     dword ptr [pushed_state + PUSHED_COUNT], PUSHED_MODULES
    cmc
    jc      .Lpushed_change_done
    call    pushed_copy
    imul    esi, [pushed_next + PUSHED_COUNT], DESIRED_SIZE
    add     esi, offset pushed_next + PUSHED_ENTRIES
    inc     dword ptr [pushed_next + PUSHED_COUNT]
    mov     edi, esi
    mov     ecx, DESIRED_SIZE / 4
    xor     eax, eax
    rep stosd
    mov     eax, esi
    mov     edx, [ebp + PUSH_NAME]
    mov     ecx, PUSHED_NAME_BYTES
    call    string_copy
.Lpushed_change_fill:
    mov     eax, [esi + DESIRED_BYTES]
    mov     [esi + DESIRED_BEFORE_BYTES], eax
    lea     eax, [esi + DESIRED_BEFORE]
    lea     edx, [esi + DESIRED_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_copy
    lea     eax, [esi + DESIRED_SHA256]
    lea     edx, [ebp + PUSH_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_copy
    mov     eax, [ebp + PUSH_BYTES]
    mov     [esi + DESIRED_BYTES], eax
    mov     eax, [ebp + PUSH_FLAGS]
    mov     [esi + DESIRED_FLAGS], eax
    mov     eax, [boot_info + bi_revision]
    mov     [esi + DESIRED_REVISION], eax
    mov     eax, [running_checksum]
    mov     [esi + DESIRED_CHECKSUM], eax
    call    clock_seconds
    mov     [esi + DESIRED_SINCE], eax
    or      esp, esp                    # ZF and CF are clear
.Lpushed_change_done:
    ret

# Copies the desired state, to change the copy.
# In: EDI entry of pushed_state, or anything.
# Out: ESI the same entry of pushed_next.
# Clobbers: EAX, ECX, EDX.
.global pushed_copy
pushed_copy:
    mov     eax, offset pushed_next
    mov     edx, offset pushed_state
    mov     ecx, PUSHED_SIZE
    call    mem_copy
    lea     esi, [edi + pushed_next - pushed_state]
    ret

# Takes an entry back to the module before it, before which none is known.
# In: ESI entry.
# Clobbers: EAX, ECX, EDX.
pushed_step_back:
    lea     eax, [esi + DESIRED_SHA256]
    lea     edx, [esi + DESIRED_BEFORE]
    mov     ecx, SHA256_BYTES
    call    mem_copy
    xor     eax, eax
    xchg    eax, [esi + DESIRED_BEFORE_BYTES]
    mov     [esi + DESIRED_BYTES], eax
    call    clock_seconds
    mov     [esi + DESIRED_SINCE], eax
    ret

# Takes an entry out of pushed_next.
# In: EAX the same entry of pushed_state.
# Clobbers: EAX, ECX, EDX.
.global pushed_remove
pushed_remove:
    push    esi
    push    edi
    lea     edi, [eax + pushed_next - pushed_state]
    lea     esi, [edi + DESIRED_SIZE]
    mov     ecx, offset pushed_next + PUSHED_SIZE
    sub     ecx, esi
    shr     ecx, 2
    rep movsd
    mov     ecx, DESIRED_SIZE / 4
    xor     eax, eax
    rep stosd
    dec     dword ptr [pushed_next + PUSHED_COUNT]
    pop     edi
    pop     esi
    ret

# Finds the entry of a name.
# In: EAX name.
# Out: EDI entry of pushed_state; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global pushed_find
pushed_find:
    push    esi
    mov     esi, eax
    mov     edi, offset pushed_state + PUSHED_ENTRIES
    mov     ecx, [pushed_state + PUSHED_COUNT]
1:  sub     ecx, 1
    jc      2f
    push    ecx
    mov     eax, esi
    mov     edx, edi
    call    string_compare
    pop     ecx
    je      2f                          # CF is clear
    add     edi, DESIRED_SIZE
    jmp     1b
2:  pop     esi
    ret

# Makes the names of a module: its label, and the path of its file.
# In: EAX name, EDX SHA-256.
# Out: pushed_label, pushed_path.
# Clobbers: EAX, ECX, EDX.
.global pushed_names
pushed_names:
    mov     edx, [edx]
    bswap   edx
    mov     ecx, offset pushed_label
    SNPRINTF ecx, TASK_NAME_SIZE, "%s-%08x.o", eax, edx
    mov     eax, offset pushed_path
    mov     edx, offset pushed_folder
    SNPRINTF eax, PATH_SIZE, "%s/%s", edx, ecx
    ret

# Writes the module's file: it is on stable storage when this returns. May sleep.
# In: EBP record, pushed_path.
# Out: CF and EDX what is wrong; then there is none.
# Clobbers: EAX, ECX, ESI, EDI.
pushed_write:
    FRAME   PATH_SIZE + FILE_ASIDE_BYTES
    push    ebx
    mov     esi, offset pushed_folder
    call    directory_make              # it may be there
    mov     esi, offset pushed_path
    lea     edi, [ebp - PATH_SIZE - FILE_ASIDE_BYTES]
    call    file_open_aside
    jc      .Lpushed_write_failed
    mov     ebx, eax
    mov     eax, [ebp]                  # of the caller
    mov     esi, [eax + PUSH_CONTENT]
    mov     ecx, [eax + PUSH_BYTES]
    push    ecx
    mov     eax, ebx
    call    file_write
    pop     ecx
    jc      1f
    sub     eax, ecx
    jz      1f
    mov     eax, ERROR_NO_SPACE
1:  mov     edx, eax                    # 0: all was written
    mov     eax, ebx
    lea     esi, [ebp - PATH_SIZE - FILE_ASIDE_BYTES]
    mov     edi, offset pushed_path
    call    file_close_aside
    jnc     .Lpushed_write_done
.Lpushed_write_failed:
    call    error_text
    mov     edx, eax
    stc
.Lpushed_write_done:
    pop     ebx
    ENDFRAME
    ret

# Whether the file of a module is what its entry says. May sleep.
# In: ESI entry, pushed_path.
# Out: CF and EDX what is wrong.
# Clobbers: EAX, ECX, EDI.
.global pushed_prove
pushed_prove:
    push    ebx
    push    ebp
    mov     ebp, esp
    sub     esp, SHA256_BYTES + 4
    mov     eax, [esi + DESIRED_BYTES]
    add     eax, PAGE_SIZE              # a longer one is another
    shr     eax, 12
    mov     [ebp - 4], eax
    call    page_alloc
    jc      .Lpushed_prove_failed
    mov     ebx, eax                    # EBX: content
    push    esi
    mov     esi, offset pushed_path
    mov     ecx, FILE_READ
    call    file_open
    pop     esi
    jc      .Lpushed_prove_free
    push    eax
    mov     edi, ebx
    mov     ecx, [esi + DESIRED_BYTES]
    inc     ecx
    call    pushed_read
    pop     edx
    pushfd
    push    eax
    mov     eax, edx
    call    file_close
    pop     eax
    popfd
    jc      .Lpushed_prove_free
    cmp     eax, [esi + DESIRED_BYTES]
    jne     .Lpushed_prove_other
    mov     ecx, eax
    lea     eax, [ebp - 4 - SHA256_BYTES]
    mov     edx, ebx
    call    sha256
    lea     eax, [ebp - 4 - SHA256_BYTES]
    lea     edx, [esi + DESIRED_SHA256]
    mov     ecx, SHA256_BYTES
    call    mem_compare
    clc
    je      .Lpushed_prove_free
.Lpushed_prove_other:
    mov     eax, ERROR_CORRUPT
    stc
.Lpushed_prove_free:
    pushfd
    push    eax
    mov     eax, ebx
    mov     edx, [ebp - 4]
    call    page_free
    pop     eax
    popfd
    jnc     .Lpushed_prove_done
.Lpushed_prove_failed:
    call    error_text
    mov     edx, eax
    stc
.Lpushed_prove_done:
    mov     esp, ebp
    pop     ebp
    pop     ebx
    ret

# Reads a file up to its end. May sleep.
# In: EAX handle, EDI room, ECX bytes of it.
# Out: EAX bytes that came; CF and EAX error.
# Clobbers: ECX, EDX, EDI.
pushed_read:
    push    esi
    push    eax
    mov     esi, ecx                    # ESI: bytes of room
    push    ecx
1:  mov     eax, [esp + 4]
    mov     ecx, esi
    jecxz   2f
    call    file_read
    jc      3f
    add     edi, eax
    sub     esi, eax
    test    eax, eax
    jnz     1b
2:  mov     eax, [esp]
    sub     eax, esi                    # CF is clear
3:  lea     esp, [esp + 8]
    pop     esi
    ret

# Makes pushed_next the desired state, by one write. May sleep.
# Out: CF and EAX error; then it is as it was.
# Clobbers: ECX, EDX.
.global pushed_save
pushed_save:
    push    esi
    mov     dword ptr [pushed_next + PUSHED_MAGIC], PUSHED_MAGIC_VALUE
    mov     dword ptr [pushed_next + PUSHED_VERSION], PUSHED_VERSION_VALUE
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      1f
    mov     edx, offset pushed_class
    mov     ecx, offset pushed_next
    mov     esi, PUSHED_SIZE
    call    object_save
    jc      1f
    call    pushed_settled
    clc
1:  pop     esi
    ret

# Has the desired state be pushed_next, at once: whoever tells of it takes no mutex that is held for seconds.
# Clobbers: EAX, ECX, EDX.
.global pushed_settled
pushed_settled:
    mov     eax, offset pushed_state
    mov     edx, offset pushed_next
    mov     ecx, PUSHED_SIZE
    INTERRUPTS_OFF
    call    mem_copy
    INTERRUPTS_RESTORE
    ret

# Removes the files of modules that the desired state does not name, as far as that works. May sleep.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global pushed_sweep
pushed_sweep:
    FRAME   NODE_SIZE_OF
    push    ebx
1:  mov     esi, offset pushed_folder
    call    directory_open
    jc      .Lpushed_sweep_done
    mov     ebx, eax
2:  mov     eax, ebx
    lea     edi, [ebp - NODE_SIZE_OF]
    call    directory_read
    jc      3f
    lea     esi, [ebp - NODE_SIZE_OF + NODE_NAME]
    call    pushed_is_named
    jnc     2b
    mov     eax, ebx
    call    directory_close
    mov     eax, offset pushed_path
    mov     edx, offset pushed_folder
    SNPRINTF eax, PATH_SIZE, "%s/%s", edx, esi
    mov     esi, offset pushed_path
    call    file_unlink
    jnc     1b                          # the directory is another one now
    jmp     .Lpushed_sweep_done
3:  mov     eax, ebx
    call    directory_close
.Lpushed_sweep_done:
    pop     ebx
    ENDFRAME
    ret

# Whether the desired state names a file.
# In: ESI its name.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX, pushed_label, pushed_path.
pushed_is_named:
    push    ebx
    push    edi
    mov     ebx, [pushed_state + PUSHED_COUNT]
    mov     edi, offset pushed_state + PUSHED_ENTRIES
1:  sub     ebx, 1
    jc      3f
    lea     edx, [edi + DESIRED_SHA256]
    call    2f
    je      3f                          # CF is clear
    lea     edx, [edi + DESIRED_BEFORE]
    call    2f
    je      3f
    add     edi, DESIRED_SIZE
    jmp     1b
2:  mov     eax, edi
    call    pushed_names
    mov     eax, esi
    mov     edx, offset pushed_label
    jmp     string_compare
3:  pop     edi
    pop     ebx
    ret
