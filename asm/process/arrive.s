# A process is made of what another machine says of it (asm/process/leave.s). All that comes is a stranger's: a thread
# gets the program's own segments, and of its flags those alone that mean something there. Its threads stand until it
# may go on (halt.s).

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "file.inc"
.include "fs.inc"
.include "net.inc"
.include "process.inc"
.include "job.inc"

EFLAGS_ALWAYS       = 0x202                 # interrupts on, and the bit that is always set

.section .rodata
.balign 4
# By CARRIED_KIND. In: EBX process, ESI CARRIED_*, ECX bytes of CARRIED_DATA. Out: EAX stream; CF and EAX JOB_NOT_*.
arrive_kinds:
    .long   arrive_console, arrive_file, arrive_pipe_in, arrive_pipe_out, arrive_not, arrive_socket, arrive_datagram
    .long   arrive_not, arrive_not, arrive_not, arrive_not, arrive_not, arrive_not, arrive_not, arrive_not, arrive_not
    .long   arrive_same, arrive_lost
ARRIVE_KINDS        = (. - arrive_kinds) / 4

.text

# Begins a process. May sleep.
# In: ESI JOB_*, ECX bytes.
# Out: EBX process, which is the caller's to give up with process_undo, or to let go on; CF and EAX JOB_NOT_*.
# Clobbers: ECX, EDX.
.global process_arrive
process_arrive:
    mov     eax, JOB_NOT_SENSE
    cmp     ecx, JOB_SIZE
    stc
    jne     .Lprocess_arrive_done
    cmp     byte ptr [esi + JOB_LABEL + TASK_NAME_SIZE - 1], 0
    jne     .Lprocess_arrive_failed
    cmp     byte ptr [esi + JOB_PLACE + PLACE_BYTES - 1], 0
    jne     .Lprocess_arrive_failed
    cmp     byte ptr [esi + JOB_PLACE], '/'
    jne     .Lprocess_arrive_failed
    cmp     dword ptr [esi + JOB_PRIORITY], PRIORITY_PROGRAM
    ja      .Lprocess_arrive_failed
    mov     eax, JOB_NOT_IMAGE
    mov     edx, [esi + JOB_IMAGE]
    cmp     edx, [running_checksum]
    jne     .Lprocess_arrive_failed
    call    machine_features
    mov     eax, JOB_NOT_PROCESSOR
    not     ecx
    test    [esi + JOB_FEATURES], ecx
    jnz     .Lprocess_arrive_failed
    not     edx
    test    [esi + JOB_FEATURES + 4], edx
    jnz     .Lprocess_arrive_failed
    call    process_new
    mov     eax, JOB_NOT_MORE
    jc      .Lprocess_arrive_done
    lea     eax, [ebx + PROCESS_LABEL]
    lea     edx, [esi + JOB_LABEL]
    mov     ecx, TASK_NAME_SIZE
    call    mem_copy
    lea     eax, [ebx + PROCESS_PLACE]
    lea     edx, [esi + JOB_PLACE]
    mov     ecx, PLACE_BYTES
    call    mem_copy
    mov     eax, [esi + JOB_PRIORITY]
    mov     [ebx + PROCESS_PRIORITY], eax
    mov     dword ptr [ebx + PROCESS_ASIDE], 1
    mov     dword ptr [ebx + PROCESS_HALTED], HALTED_HELD
    mov     eax, ebx
    call    space_make
    mov     eax, JOB_NOT_MEMORY
    jnc     .Lprocess_arrive_done
    call    process_undo
    mov     eax, JOB_NOT_MEMORY
.Lprocess_arrive_failed:
    stc
.Lprocess_arrive_done:
    ret

# Gives up a process that has not gone on. May sleep.
# In: EBX process.
.global process_undo
process_undo:
    mov     eax, ebx
    cmp     dword ptr [ebx + PROCESS_THREADS], 0
    je      1f
    call    process_loosen
    mov     eax, ebx
    call    process_kill                # the last thread gives back what it has
    jmp     2f
1:  call    process_clean
2:  mov     eax, ebx
    jmp     process_release

# Gives it a region.
# In: EBX process, EDX REGION_* flags, ESI its first address and that after its last, ECX bytes.
# Out: CF and EAX JOB_NOT_*.
# Clobbers: ECX, EDX.
.global arrive_region
arrive_region:
    cmp     ecx, 8
    jne     8f
    test    edx, ~(REGION_WRITABLE | REGION_MAPPED)
    jnz     8f
    mov     ecx, edx
    mov     eax, [esi]
    mov     edx, [esi + 4]
    test    eax, PAGE_SIZE - 1
    jnz     8f
    test    edx, PAGE_SIZE - 1
    jnz     8f
    call    region_add
    jnc     9f
    cmp     eax, ERROR_NO_MEMORY
    mov     eax, JOB_NOT_MEMORY
    stc
    je      9f
8:  mov     eax, JOB_NOT_SENSE
    stc
9:  ret

# Gives it a page.
# In: EBX process, EDX its address, ESI its content, ECX bytes.
# Out: CF and EAX JOB_NOT_*.
# Clobbers: ECX, EDX.
.global arrive_page
arrive_page:
    push    esi
    push    ebp
    cmp     ecx, PAGE_SIZE
    jne     8f
    test    edx, PAGE_SIZE - 1
    jnz     8f
    cmp     edx, STACK_END
    jae     8f
    push    esi
    mov     esi, edx
    lea     eax, [edx + 1]
    call    region_between
    mov     ebp, edx
    pop     edx
    jc      8f
    call    space_take
    jnc     9f
    cmp     eax, ERROR_EXISTS
    je      8f
    mov     eax, JOB_NOT_MEMORY
    stc
    jmp     9f
8:  mov     eax, JOB_NOT_SENSE
    stc
9:  pop     ebp
    pop     esi
    ret

# Gives it a thread, which stands.
# In: EBX process, ESI MOVED_*, ECX bytes.
# Out: CF and EAX JOB_NOT_*.
# Clobbers: ECX, EDX.
.global arrive_thread
arrive_thread:
    push    edi
    cmp     ecx, MOVED_SIZE
    jne     .Larrive_thread_senseless
    test    dword ptr [esi + MOVED_EFLAGS], ~EFLAGS_CARRIED
    jnz     .Larrive_thread_senseless
    cmp     dword ptr [esi + MOVED_EIP], STACK_END
    jae     .Larrive_thread_senseless
    cmp     dword ptr [esi + MOVED_ESP], STACK_END
    ja      .Larrive_thread_senseless
    cmp     dword ptr [esi + MOVED_PRIORITY], PRIORITY_PROGRAM
    ja      .Larrive_thread_senseless
    cmp     dword ptr [esi + MOVED_HAS_FPU], 1
    ja      .Larrive_thread_senseless
    mov     eax, offset thread_arrive
    call    thread_new
    jc      .Larrive_thread_memory
    mov     edi, eax
    mov     eax, [esi + MOVED_PRIORITY]
    mov     [edi + TASK_PRIORITY], eax
    mov     [edi + TASK_BASE], eax
    mov     eax, [edi + TASK_BUFFER]
    mov     edx, esi
    mov     ecx, MOVED_SIZE
    call    mem_copy
    mov     eax, edi
    cmp     dword ptr [esi + MOVED_HAS_FPU], 1
    jne     .Larrive_thread_start
    mov     eax, FPU_BYTES
    call    malloc
    jc      .Larrive_thread_started
    mov     [edi + TASK_FPU], eax
    lea     edx, [esi + MOVED_FPU]
    mov     ecx, FPU_BYTES
    call    mem_copy
.Larrive_thread_start:
    clc
.Larrive_thread_started:
    pushfd
    mov     eax, edi
    call    thread_start                # it is ended with the others when there is no memory
    popfd
    jnc     .Larrive_thread_done
.Larrive_thread_memory:
    mov     eax, JOB_NOT_MEMORY
    stc
    jmp     .Larrive_thread_done
.Larrive_thread_senseless:
    mov     eax, JOB_NOT_SENSE
    stc
.Larrive_thread_done:
    pop     edi
    ret

# Where the task of such a thread begins: it stands as if it had come out of the program. Does not return.
thread_arrive:
    cli
    mov     ebx, [task_current]
    mov     esi, [ebx + TASK_BUFFER]
    mov     edi, [ebx + TASK_STACK_TOP]
    sub     edi, PROGRAM_FRAME
    mov     esp, edi
    mov     eax, SELECTOR_USER_DATA
    mov     ecx, SEGMENTS_SIZE / 4
    rep stosd
    mov     edx, esi
    mov     ecx, 8
    rep movsd
    xor     eax, eax
    stosd                               # vector
    stosd                               # error
    mov     eax, [edx + MOVED_EIP]
    stosd
    mov     eax, SELECTOR_USER_CODE
    stosd
    mov     eax, [edx + MOVED_EFLAGS]
    or      eax, EFLAGS_ALWAYS
    stosd
    mov     eax, [edx + MOVED_ESP]
    stosd
    mov     eax, SELECTOR_USER_DATA
    stosd
    jmp     thread_stand

# Gives it a handle. May sleep.
# In: EBX process, EDX handle, ESI CARRIED_*, ECX bytes.
# Out: CF and EAX JOB_NOT_*.
# Clobbers: ECX, EDX.
.global arrive_handle
arrive_handle:
    push    edx
    cmp     edx, STREAMS
    jae     8f
    cmp     dword ptr [ebx + PROCESS_STREAMS + edx*4], 0
    jne     8f
    sub     ecx, CARRIED_SIZE
    jb      8f
    mov     eax, [esi + CARRIED_KIND]
    cmp     eax, ARRIVE_KINDS
    jae     8f
    call    [arrive_kinds + eax*4]
    pop     edx
    jc      7f
    mov     [ebx + PROCESS_STREAMS + edx*4], eax
    ret
7:  shl     edx, JOB_HANDLE_SHIFT
    or      eax, edx
    stc
    ret
8:  pop     edx
arrive_not:
    mov     eax, JOB_NOT_SENSE
    stc
    ret

arrive_console:
    mov     eax, offset console_stream
arrive_share:
    inc     dword ptr [eax + STREAM_REFS]
    clc
    ret

arrive_same:
    mov     eax, [esi + CARRIED_FLAGS]
    cmp     eax, STREAMS
    jae     arrive_not
    mov     eax, [ebx + PROCESS_STREAMS + eax*4]
    test    eax, eax
    jz      arrive_not
    jmp     arrive_share

# A file: the one of this path here, which has to reach as far as the program had come.
arrive_file:
    test    ecx, ecx
    jz      arrive_not
    cmp     ecx, RESOLVED_BYTES
    ja      arrive_not
    cmp     byte ptr [esi + CARRIED_DATA], '/'
    jne     arrive_not
    cmp     byte ptr [esi + CARRIED_DATA + ecx - 1], 0
    jne     arrive_not
    mov     ecx, [esi + CARRIED_FLAGS]
    test    ecx, ~(FILE_READ | FILE_WRITE | FILE_APPEND)
    jnz     arrive_not
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, esi
    add     esi, CARRIED_DATA
    call    file_stream
    jc      .Larrive_file_none
    mov     edi, eax
    mov     eax, [edi + STREAM_OBJECT]
    xor     ecx, ecx
    xor     edx, edx
    mov     ebx, SEEK_END
    call    file_seek
    jc      .Larrive_file_close
    cmp     eax, [ebp + CARRIED_OFFSET]
    sbb     edx, [ebp + CARRIED_OFFSET + 4]
    jb      .Larrive_file_close
    mov     eax, [edi + STREAM_OBJECT]
    mov     edx, [ebp + CARRIED_OFFSET]
    mov     ecx, [ebp + CARRIED_OFFSET + 4]
    mov     ebx, SEEK_START
    call    file_seek
    mov     eax, edi
    jnc     .Larrive_file_done
.Larrive_file_close:
    mov     eax, edi
    call    stream_release
.Larrive_file_none:
    mov     eax, JOB_NOT_FILE
    stc
.Larrive_file_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends of pipes whose other end nobody has.
arrive_pipe_out:
    xor     ecx, ecx
arrive_pipe_in:
    push    edi
    push    esi
    push    ecx
    call    pipe_make
    pop     ecx
    jc      .Larrive_pipe_memory
    push    eax
    push    edx
    mov     edi, edx
    jecxz   1f
    add     esi, CARRIED_DATA
    mov     eax, edi
    call    stream_write
1:  pop     edx
    pop     eax
    pop     esi
    cmp     dword ptr [esi + CARRIED_KIND], STREAM_PIPE_IN
    je      2f
    xchg    eax, edx
2:  push    eax
    mov     eax, edx
    call    stream_release
    pop     eax
    clc
    jmp     3f
.Larrive_pipe_memory:
    pop     esi
    mov     eax, JOB_NOT_MEMORY
3:  pop     edi
    ret

# A socket that listens at its port, as it did.
arrive_socket:
    push    ebx
    mov     ebx, offset stream_open
    call    owned_by_system
    pop     ebx
    jc      arrive_full
    push    eax
    xor     edx, edx
    mov     ecx, [esi + CARRIED_FLAGS]
    call    stream_bind
    jc      1f
    mov     eax, [esp]
    mov     edx, [esi + CARRIED_OFFSET]
    call    stream_listen
    jc      1f
    mov     edx, STREAM_SOCKET
    call    arrive_stream
    jc      2f
    mov     edx, [esi + CARRIED_OFFSET]
    mov     [eax + STREAM_FLAGS], edx
    pop     edx
    ret
1:  mov     eax, JOB_NOT_PORT
2:  xchg    eax, [esp]
    call    stream_close
    pop     eax
    stc
    ret

# A socket without the connection that it had.
arrive_lost:
    push    ebx
    mov     ebx, offset stream_open
    call    owned_by_system
    pop     ebx
    jc      arrive_full
    push    eax
    mov     edx, STREAM_SOCKET
    call    arrive_stream
    jc      2b
    pop     edx
    ret

# A socket for datagrams to its port.
arrive_datagram:
    push    ebx
    mov     eax, [esi + CARRIED_FLAGS]
    mov     ebx, offset udp_open
    call    owned_by_system
    pop     ebx
    jc      3f
    push    eax
    mov     edx, STREAM_DATAGRAM
    call    arrive_stream
    jc      1f
    pop     edx
    ret
1:  xchg    eax, [esp]
    call    udp_close
    pop     eax
    stc
    ret
3:  mov     eax, JOB_NOT_PORT
    stc
    ret

# Makes the stream of what was opened.
# In: on the stack: return address, handle in the kernel; EDX STREAM_*.
# Out: EAX stream; CF and EAX JOB_NOT_MEMORY.
arrive_stream:
    mov     eax, edx
    mov     edx, [esp + 4]
    call    stream_make
    jnc     9f
arrive_full:
    mov     eax, JOB_NOT_MEMORY
    stc
9:  ret
