# What a process is made of, as records from which another machine makes it (asm/process/arrive.s), and what keeps one
# where it is. Its threads stand meanwhile (halt.s), and stay as they are.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "pages.inc"
.include "file.inc"
.include "fs.inc"
.include "net.inc"
.include "tcp.inc"
.include "process.inc"
.include "job.inc"

.bss
.balign 4
leave_say:          .space 4                # routine that takes a record
leave_room:         .space 4                # a page
.global leave_pages
leave_pages:        .space 4                # how many have been said

.section .rodata
.balign 4
# By kind. In: EBX process, EDI room of a page with CARRIED_*, all zero, ESI stream. Out: ECX bytes of CARRIED_DATA; CF
# and EAX text.
leave_streams:
    .long   0, leave_file, leave_pipe, leave_pipe, leave_directory, leave_socket, leave_datagram

.text

# Says what a process is made of. May sleep. One task at a time.
# In: EBX process, EAX routine that takes a record: EAX kind, EDX value, ESI data, ECX bytes -> CF and EAX text.
# Out: CF and EAX text of what keeps it here, or of what the routine says.
.global process_leave
process_leave:
    push    esi
    push    edi
    mov     [leave_say], eax
    mov     dword ptr [leave_pages], 0
    mov     eax, 1
    call    page_alloc
    LOAD_STRING edx, "there is no memory here"
    jc      2f
    mov     [leave_room], eax
    call    leave_description
    jc      1f
    call    leave_handles
    jc      1f
    call    leave_regions
    jc      1f
    call    leave_threads
1:  pushfd
    push    eax
    mov     eax, [leave_room]
    mov     edx, 1
    call    page_free
    pop     edx
    popfd
2:  mov     eax, edx
    pop     edi
    pop     esi
    ret

# Says what the process is, apart from what follows.
# In: EBX process.
# Out: CF and EAX text.
leave_description:
    LOAD_STRING eax, "it runs for a service"
    cmp     dword ptr [ebx + PROCESS_SERVICE], 0
    jne     8f
    LOAD_STRING eax, "it waits for programs that it has started"
    cmp     dword ptr [ebx + PROCESS_OWNER + OWNER_FIRST], 0
    jne     8f
    mov     esi, [leave_room]
    mov     eax, [running_checksum]
    mov     [esi + JOB_IMAGE], eax
    mov     eax, [ebx + PROCESS_PRIORITY]
    mov     [esi + JOB_PRIORITY], eax
    call    machine_features
    mov     [esi + JOB_FEATURES], ecx
    mov     [esi + JOB_FEATURES + 4], edx
    lea     eax, [esi + JOB_LABEL]
    lea     edx, [ebx + PROCESS_LABEL]
    mov     ecx, TASK_NAME_SIZE
    call    mem_copy
    lea     eax, [esi + JOB_PLACE]
    lea     edx, [ebx + PROCESS_PLACE]
    mov     ecx, PLACE_BYTES
    call    mem_copy
    mov     eax, JOB_DESCRIBE
    xor     edx, edx
    mov     ecx, JOB_SIZE
    jmp     [leave_say]
8:  stc
    ret

# Says the handles, in order.
# In: EBX process.
# Out: CF and EAX text.
leave_handles:
    push    ebp
    xor     ebp, ebp
.Lleave_handles_next:
    mov     esi, [ebx + PROCESS_STREAMS + ebp*4]
    test    esi, esi
    jz      .Lleave_handles_other
    mov     edi, [leave_room]
    push    edi
    xor     eax, eax
    mov     ecx, PAGE_SIZE / 4
    rep stosd
    pop     edi
    xor     ecx, ecx
    cmp     dword ptr [esi + STREAM_KIND], STREAM_CONSOLE
    je      .Lleave_handles_console
    call    leave_same
    je      .Lleave_handles_say
    mov     eax, [esi + STREAM_KIND]
    mov     [edi + CARRIED_KIND], eax
    call    [leave_streams + eax*4]
    jc      .Lleave_handles_done
    jmp     .Lleave_handles_say
.Lleave_handles_console:
    cmp     ebp, STANDARD_INPUT         # nobody types for it there, as for a job of the shell
    je      .Lleave_handles_other
.Lleave_handles_say:
    mov     eax, JOB_STREAM
    mov     edx, ebp
    add     ecx, CARRIED_SIZE
    mov     esi, edi
    call    [leave_say]
    jc      .Lleave_handles_done
.Lleave_handles_other:
    inc     ebp
    cmp     ebp, STREAMS
    jb      .Lleave_handles_next
    clc
.Lleave_handles_done:
    pop     ebp
    ret

# Whether a stream has been said as that of a lower handle.
# In: EBX process, EBP handle, ESI stream, EDI CARRIED_*.
# Out: ZF when so, ECX 0.
leave_same:
    xor     ecx, ecx
1:  cmp     ecx, ebp
    jae     2f
    cmp     [ebx + PROCESS_STREAMS + ecx*4], esi
    je      3f
    inc     ecx
    jmp     1b
2:  test    esp, esp                    # ZF is clear
    ret
3:  mov     dword ptr [edi + CARRIED_KIND], CARRIED_SAME
    mov     [edi + CARRIED_FLAGS], ecx
    xor     ecx, ecx                    # ZF is set
    ret

leave_directory:
    LOAD_STRING eax, "it reads a directory"
    stc
    ret

# Both ends: nobody may have the other one.
leave_pipe:
    push    edi
    add     edi, CARRIED_DATA
    mov     eax, esi
    mov     ecx, PAGE_SIZE - CARRIED_SIZE
    call    pipe_left
    LOAD_STRING eax, "it has a pipe of which somebody has the other end, or which is full"
    pop     edi
    ret

# A file, which its path has to name still.
leave_file:
    push    ebp
    mov     ebp, esi
    sub     esp, 2 * NODE_SIZE_OF
    push    edi
    mov     eax, [ebp + STREAM_FLAGS]
    and     eax, FILE_READ | FILE_WRITE | FILE_APPEND
    mov     [edi + CARRIED_FLAGS], eax
    mov     esi, [ebp + STREAM_PATH]
    test    esi, esi
    jz      .Lleave_file_nameless
    lea     edi, [esp + 4]
    call    file_stat
    jc      .Lleave_file_nameless
    mov     eax, [ebp + STREAM_OBJECT]
    lea     edi, [esp + 4 + NODE_SIZE_OF]
    call    file_stat_handle
    jc      .Lleave_file_nameless
    mov     eax, [esp + 4 + NODE_ID]
    cmp     eax, [esp + 4 + NODE_SIZE_OF + NODE_ID]
    jne     .Lleave_file_nameless
    push    ebx
    mov     eax, [ebp + STREAM_OBJECT]
    xor     ecx, ecx
    xor     edx, edx
    mov     ebx, SEEK_POSITION
    call    file_seek
    pop     ebx
    jc      .Lleave_file_nameless
    mov     edi, [esp]
    mov     [edi + CARRIED_OFFSET], eax
    mov     [edi + CARRIED_OFFSET + 4], edx
    lea     eax, [edi + CARRIED_DATA]
    mov     edx, esi
    mov     ecx, RESOLVED_BYTES
    call    string_copy
    lea     ecx, [eax + 1]
    clc
    jmp     .Lleave_file_done
.Lleave_file_nameless:
    LOAD_STRING eax, "a file that it has open has no name any more, or another one"
    stc
.Lleave_file_done:
    pop     edi
    lea     esp, [esp + 2 * NODE_SIZE_OF]   # keeps CF
    mov     esi, ebp
    pop     ebp
    ret

# A socket for connections: one that listens, or a client's connection of a program that listens.
leave_socket:
    sub     esp, STATUS_SIZE
    call    leave_status
    jc      .Lleave_socket_done
    xor     ecx, ecx
    cmp     dword ptr [esp + STATUS_STATE], TCP_LISTEN
    je      .Lleave_socket_listens
    mov     dword ptr [edi + CARRIED_KIND], CARRIED_LOST
    call    leave_listens
    LOAD_STRING eax, "it has an open connection"
    jmp     .Lleave_socket_done
.Lleave_socket_listens:
    mov     eax, [esp + STATUS_LOCAL_PORT]
    mov     [edi + CARRIED_FLAGS], eax
    mov     eax, [esi + STREAM_FLAGS]
    mov     [edi + CARRIED_OFFSET], eax # CF is clear
.Lleave_socket_done:
    lea     esp, [esp + STATUS_SIZE]    # keeps CF
    ret

# Describes a socket.
# In: ESI its stream; on the stack: return address, STATUS_SIZE bytes.
# Out: they are filled; CF and EAX text.
# Clobbers: ECX, EDX.
leave_status:
    lea     edx, [esp + 4]
    mov     eax, [esi + STREAM_OBJECT]
    cmp     dword ptr [esi + STREAM_KIND], STREAM_DATAGRAM
    je      1f
    call    stream_status
    jmp     2f
1:  call    udp_status
2:  LOAD_STRING eax, "a socket of it is gone"
    ret

# Whether a process listens.
# In: EBX process.
# Out: CF when not; ECX 0.
# Clobbers: EAX, EDX.
leave_listens:
    push    esi
    push    edi
    sub     esp, STATUS_SIZE
    xor     edi, edi
1:  mov     esi, [ebx + PROCESS_STREAMS + edi*4]
    test    esi, esi
    jz      2f
    cmp     dword ptr [esi + STREAM_KIND], STREAM_SOCKET
    jne     2f
    call    leave_status
    jc      2f
    cmp     dword ptr [esp + STATUS_STATE], TCP_LISTEN
    je      3f                          # CF is clear
2:  inc     edi
    cmp     edi, STREAMS
    jb      1b
    stc
3:  lea     esp, [esp + STATUS_SIZE]    # keeps CF
    mov     ecx, 0
    pop     edi
    pop     esi
    ret

# A socket for datagrams, which has a port alone.
leave_datagram:
    sub     esp, STATUS_SIZE
    call    leave_status
    jc      1f
    LOAD_STRING eax, "it has a socket for datagrams of one other side"
    cmp     dword ptr [esp + STATUS_REMOTE_PORT], 1
    cmc
    jc      1f
    mov     eax, [esp + STATUS_LOCAL_PORT]
    mov     [edi + CARRIED_FLAGS], eax
    xor     ecx, ecx                    # CF is clear
1:  lea     esp, [esp + STATUS_SIZE]    # keeps CF
    ret

# Says the regions, each with those of its pages that are not all zeros.
# In: EBX process.
# Out: CF and EAX text.
leave_regions:
    push    ebp
    mov     ebp, [ebx + PROCESS_REGIONS]
.Lleave_regions_next:
    test    ebp, ebp
    jz      .Lleave_regions_done        # CF is clear
    push    [ebp + REGION_END]
    push    [ebp + REGION_START]
    mov     esi, esp
    mov     eax, JOB_REGION
    mov     edx, [ebp + REGION_FLAGS]
    mov     ecx, 8
    call    [leave_say]
    pop     esi
    pop     ecx
    jc      .Lleave_regions_done
.Lleave_regions_page:
    mov     edi, [leave_room]
    call    space_give
    jc      .Lleave_regions_unread
    jz      .Lleave_regions_other
    push    esi
    mov     edx, esi
    mov     esi, edi
    mov     eax, JOB_PAGE
    mov     ecx, PAGE_SIZE
    call    [leave_say]
    pop     esi
    jc      .Lleave_regions_done
    inc     dword ptr [leave_pages]
.Lleave_regions_other:
    add     esi, PAGE_SIZE
    cmp     esi, [ebp + REGION_END]
    jb      .Lleave_regions_page
    mov     ebp, [ebp + REGION_NEXT]
    jmp     .Lleave_regions_next
.Lleave_regions_unread:
    LOAD_STRING eax, "its file cannot be read"
    stc
.Lleave_regions_done:
    pop     ebp
    ret

# Says the threads, by age.
# In: EBX process.
# Out: CF and EAX text.
leave_threads:
    push    ebp
    or      ebp, -1                     # id of the last one
.Lleave_threads_next:
    mov     edi, [leave_room]
    INTERRUPTS_OFF
    mov     esi, [task_all]
.Lleave_threads_look:
    test    esi, esi
    jz      .Lleave_threads_end
    cmp     [esi + TASK_PROCESS], ebx
    jne     .Lleave_threads_other
    cmp     [esi + TASK_ID], ebp
    jg      .Lleave_threads_found
.Lleave_threads_other:
    mov     esi, [esi + TASK_ALL_NEXT]
    jmp     .Lleave_threads_look
.Lleave_threads_found:
    mov     ebp, [esi + TASK_ID]
    cmp     dword ptr [esi + TASK_HALT], HALT_STANDS
    jne     .Lleave_threads_moved
    call    leave_registers
    INTERRUPTS_RESTORE
    mov     esi, edi
    mov     eax, JOB_THREAD
    xor     edx, edx
    mov     ecx, MOVED_SIZE
    call    [leave_say]
    jnc     .Lleave_threads_next
    jmp     .Lleave_threads_done
.Lleave_threads_moved:
    INTERRUPTS_RESTORE
    LOAD_STRING eax, "it is being ended"
    stc
    jmp     .Lleave_threads_done
.Lleave_threads_end:
    INTERRUPTS_RESTORE
    clc
.Lleave_threads_done:
    pop     ebp
    ret

# Says what a thread has in its registers.
# In: ESI thread that stands, EDI MOVED_*; interrupts off.
# Clobbers: EAX, ECX, EDX, ESI.
leave_registers:
    push    edi
    call    fpu_aside
    mov     edx, esi
    mov     esi, [edx + TASK_STACK_TOP]
    sub     esi, PROGRAM_FRAME - SEGMENTS_SIZE
    mov     eax, [esi + REGS_EIP]
    mov     [edi + MOVED_EIP], eax
    mov     eax, [esi + REGS_EFLAGS]
    and     eax, EFLAGS_CARRIED
    mov     [edi + MOVED_EFLAGS], eax
    mov     eax, [esi + REGS_USER_ESP]
    mov     [edi + MOVED_ESP], eax
    mov     eax, [edx + TASK_BASE]
    mov     [edi + MOVED_PRIORITY], eax
    push    edi
    mov     ecx, 8
    rep movsd
    pop     edi
    mov     dword ptr [edi + REGS_ESP], 0
    add     edi, MOVED_FPU
    xor     eax, eax
    mov     ecx, FPU_BYTES / 4
    mov     esi, [edx + TASK_FPU]
    test    esi, esi
    setnz   al
    mov     [edi - 4], eax              # MOVED_HAS_FPU
    jz      1f
    rep movsd
    jmp     2f
1:  rep stosd
2:  pop     edi
    ret
