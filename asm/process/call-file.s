# System calls about what a process reads and writes: files, directories, pipes, and its table of streams.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "file.inc"
.include "fs.inc"
.include "process.inc"

FLAGS_ALL           = FILE_READ | FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE | FILE_TRUNCATE | FILE_APPEND

STAT_AT             = 2048                  # where it is made in the thread's buffer, after the kernel's record
SECOND_PATH         = 1024                  # there; and so long a path may be

.text

# Takes the stream of a handle for the time of a call: others of the process may close it meanwhile.
# In: EAX handle, EBX process, EBP task.
# Out: EAX stream; CF and EAX error.
# Clobbers: EAX only.
.global stream_take
stream_take:
    cmp     eax, STREAMS
    jae     2f
    INTERRUPTS_OFF
    mov     eax, [ebx + PROCESS_STREAMS + eax*4]
    test    eax, eax
    jz      1f
    inc     dword ptr [eax + STREAM_REFS]
    mov     [ebp + TASK_STREAM], eax
    INTERRUPTS_RESTORE
    clc
    ret
1:  INTERRUPTS_RESTORE
2:  mov     eax, ERROR_HANDLE
    stc
    ret

# Gives the stream back that the running thread has taken, if it has. May sleep.
.global stream_drop
stream_drop:
    mov     ecx, [task_current]
    xor     eax, eax
    xchg    eax, [ecx + TASK_STREAM]
    test    eax, eax
    jnz     stream_release
    ret

# Takes the stream of a file.
# In: EAX handle, EBX process, EBP task.
# Out: EAX the file's handle in the kernel; CF and EAX error.
# Clobbers: EAX only.
stream_file:
    call    stream_take
    jc      1f
    cmp     dword ptr [eax + STREAM_KIND], STREAM_FILE
    jne     2f
    mov     eax, [eax + STREAM_OBJECT]
    clc
1:  ret
2:  mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# Puts a stream into the first free place of a process's table. When there is none, the stream is given up.
# In: EAX stream, EBX process.
# Out: EAX handle; CF and EAX error.
stream_enter:
    xor     ecx, ecx
    INTERRUPTS_OFF
1:  cmp     dword ptr [ebx + PROCESS_STREAMS + ecx*4], 0
    je      2f
    inc     ecx
    cmp     ecx, STREAMS
    jb      1b
    INTERRUPTS_RESTORE
    call    stream_release
    mov     eax, ERROR_TABLE_FULL
    stc
    ret
2:  mov     [ebx + PROCESS_STREAMS + ecx*4], eax
    INTERRUPTS_RESTORE
    mov     eax, ecx
    clc
    ret

# Fetches a path into the thread's buffer.
# In: EAX the program's address, EBP task.
# Out: ESI path; CF and EAX error.
call_path:
    mov     esi, [ebp + TASK_BUFFER]
    mov     edx, eax
    mov     eax, esi
    mov     ecx, SECOND_PATH
    jmp     copy_string

# A number of bytes that goes through the thread's buffer at once.
# In: ECX bytes.
# Out: ECX bytes.
.global call_piece
call_piece:
    cmp     ecx, PAGE_SIZE
    jbe     1f
    mov     ecx, PAGE_SIZE
1:  ret

# System call: reads bytes: what is there, and no more than 4096 at once. At the console, a line.
# In: EAX handle, EDX address, ECX bytes.
.global call_read
call_read:
    call    stream_take
    jc      .Lcall_read_done
    call    call_piece
    xor     eax, eax
    jecxz   .Lcall_read_done            # nothing is wanted
    mov     eax, [ebp + TASK_STREAM]
    cmp     dword ptr [eax + STREAM_KIND], STREAM_FILE
    jne     .Lcall_read_buffer
    call    space_hold                  # a file is read to where it goes, if that is there
    jc      .Lcall_read_buffer
    mov     eax, [ebp + TASK_STREAM]
    call    stream_read
    push    eax
    pushfd
    call    space_let_go
    popfd
    pop     eax
    ret
.Lcall_read_buffer:
    call    copy_would_go               # before what is read is gone
    jc      .Lcall_read_done
    mov     eax, [ebp + TASK_STREAM]
    push    edx
    mov     edi, [ebp + TASK_BUFFER]
    call    stream_read
    pop     edx
    jc      .Lcall_read_done
    push    eax
    mov     ecx, eax
    mov     eax, edx
    mov     edx, [ebp + TASK_BUFFER]
    call    copy_to_program
    pop     edx
    jc      .Lcall_read_done
    mov     eax, edx
.Lcall_read_done:
    ret

# System call: writes bytes, no more than 4096 at once. To write none to a file sets the time of its change.
# In: EAX handle, EDX address, ECX bytes.
.global call_write
call_write:
    call    stream_take
    jc      2f
    call    call_piece
    push    eax
    push    ecx
    mov     eax, [ebp + TASK_BUFFER]
    call    copy_from_program
    pop     ecx
    pop     edx
    jc      2f
    test    ecx, ecx
    jnz     1f
    cmp     dword ptr [edx + STREAM_KIND], STREAM_FILE
    je      1f
    xor     eax, eax
    ret
1:  mov     eax, edx
    mov     esi, [ebp + TASK_BUFFER]
    call    stream_write
2:  ret

# System call: says what a handle leads to.
# In: EAX handle.
.global call_handle_kind
call_handle_kind:
    call    stream_take
    jc      1f
    mov     eax, [eax + STREAM_KIND]
1:  ret

# System call: opens a file.
# In: EAX path, EDX FILE_*.
.global call_open
call_open:
    mov     edi, edx
    test    edi, ~FLAGS_ALL
    jnz     2f
    call    call_path
    jc      1f
    mov     ecx, edi
    call    file_stream
    jnc     stream_enter
1:  ret
2:  mov     eax, ERROR_INVALID
    stc
    ret

# System call: opens a directory.
# In: EAX path.
.global call_directory_open
call_directory_open:
    call    call_path
    jc      stream_failed
    call    directory_open_shared
    jc      stream_failed
    mov     edi, offset directory_close
    mov     edx, eax
    mov     eax, STREAM_DIRECTORY

# Makes a stream of what was opened, and enters it.
# In: EAX STREAM_*, EDX handle in the kernel, EDI routine that closes it, EBX process.
# Out: EAX handle; CF and EAX error, and it is closed.
.global stream_new
stream_new:
    push    edx
    call    stream_make
    pop     edx
    jnc     stream_enter
    push    eax
    mov     eax, edx
    call    edi
    pop     eax
    stc
stream_failed:
    ret

# System call: closes a handle.
# In: EAX handle.
.global call_close
call_close:
    cmp     eax, STREAMS
    jae     1f
    xor     edx, edx
    xchg    edx, [ebx + PROCESS_STREAMS + eax*4]
    test    edx, edx
    jz      1f
    mov     eax, edx
    call    stream_release
    xor     eax, eax
    ret
1:  mov     eax, ERROR_HANDLE
    stc
    ret

# System call: moves to another position.
# In: EAX handle, EDX offset, ECX SEEK_*.
.global call_seek
call_seek:
    call    stream_file
    jc      1f
    mov     esi, ecx
    mov     edi, eax
    mov     eax, edx
    cdq
    mov     ecx, edx
    mov     edx, eax
    mov     eax, ERROR_INVALID
    cmp     esi, SEEK_END
    ja      2f
    mov     eax, edi
    push    ebx
    mov     ebx, esi
    call    file_seek
    pop     ebx
    jc      1f
    test    edx, edx
    mov     edx, ERROR_OUT_OF_RANGE
    jnz     3f
    test    eax, eax
    jns     1f
3:  mov     eax, edx
2:  stc
1:  ret

# System call: makes a file shorter or longer.
# In: EAX handle, EDX bytes.
.global call_truncate
call_truncate:
    call    stream_file
    jc      1f
    xor     ecx, ecx
    call    file_truncate
    jc      1f
    xor     eax, eax
1:  ret

# System call: moves to another position, of 64 bits.
# In: EAX handle, EDX address of the offset, where the new position goes, ECX SEEK_*.
.global call_seek_far
call_seek_far:
    push    ebx
    sub     esp, 8
    mov     esi, ecx
    mov     edi, edx
    call    stream_file
    jc      .Lcall_seek_far_done
    mov     ebx, eax
    mov     ecx, 8
    call    copy_would_go               # the position does not change when it cannot be told
    jc      .Lcall_seek_far_done
    mov     eax, esp
    mov     ecx, 8
    call    copy_from_program
    jc      .Lcall_seek_far_done
    mov     eax, ERROR_INVALID
    cmp     esi, SEEK_END + 1
    cmc
    jc      .Lcall_seek_far_done
    mov     eax, ebx
    mov     ebx, esi
    mov     edx, [esp]
    mov     ecx, [esp + 4]
    call    file_seek
    jc      .Lcall_seek_far_done
    mov     [esp], eax
    mov     [esp + 4], edx
    mov     eax, edi
    mov     edx, esp
    mov     ecx, 8
    call    copy_to_program
    jc      .Lcall_seek_far_done
    xor     eax, eax
.Lcall_seek_far_done:
    lea     esp, [esp + 8]              # keeps CF
    pop     ebx
    ret

# System call: makes a file shorter or longer, by a size of 64 bits.
# In: EAX handle, EDX address of the size.
.global call_truncate_far
call_truncate_far:
    sub     esp, 8
    call    stream_file
    jc      1f
    mov     esi, eax
    mov     eax, esp
    mov     ecx, 8
    call    copy_from_program
    jc      1f
    mov     eax, esi
    mov     edx, [esp]
    mov     ecx, [esp + 4]
    call    file_truncate
    jc      1f
    xor     eax, eax
1:  lea     esp, [esp + 8]              # keeps CF
    ret

# System call: returns when what was written is on stable storage.
# In: EAX handle, or -1 for all volumes.
.global call_sync
call_sync:
    inc     eax
    jz      2f
    dec     eax
    call    stream_file
    jc      1f
2:  call    file_sync
    jc      1f
    xor     eax, eax
1:  ret

# System call: describes the volume that something is on.
# In: EAX path, EDX address of the record.
.global call_volume
call_volume:
    push    edx
    call    call_path
    jc      1f
    mov     eax, esi
    call    mount_find
    jc      1f
    mov     edi, esi
    call    mount_about
    jc      1f
    mov     eax, [esp]
    mov     edx, edi
    mov     ecx, ABOUT_SIZE
    call    copy_to_program
    jc      1f
    xor     eax, eax
1:  pop     ecx
    ret

# System call: describes a file or directory.
# In: EAX path, EDX address of the record.
.global call_stat
call_stat:
    push    edx
    call    call_path
    pop     edx
    jc      1f
    push    edx
    mov     edi, [ebp + TASK_BUFFER]
    add     edi, SECOND_PATH
    call    file_stat
    pop     edx
    jnc     call_info
1:  ret

# System call: describes the next entry.
# In: EAX handle, EDX address of the record.
.global call_directory_read
call_directory_read:
    call    stream_take
    jc      1f
    cmp     dword ptr [eax + STREAM_KIND], STREAM_DIRECTORY
    jne     stream_not_directory
    push    edx
    mov     eax, [eax + STREAM_OBJECT]
    mov     edi, [ebp + TASK_BUFFER]
    add     edi, SECOND_PATH
    call    directory_read
    pop     edx
    jnc     call_info
1:  ret
stream_not_directory:
    mov     eax, ERROR_NOT_DIRECTORY
    stc
    ret

# Gives a program what is known of a file.
# In: EDX address of the program's record; the kernel's is in the thread's buffer at SECOND_PATH.
# Out: EAX 0; CF and EAX error.
call_info:
    mov     esi, [ebp + TASK_BUFFER]
    lea     edi, [esi + STAT_AT]
    add     esi, SECOND_PATH
    push    edx
    mov     eax, [esi + NODE_KIND]
    mov     [edi + STAT_KIND], eax
    mov     eax, [esi + NODE_BYTES]
    mov     [edi + STAT_BYTES], eax
    mov     eax, [esi + NODE_BYTES + 4]
    mov     [edi + STAT_BYTES + 4], eax
    mov     eax, [esi + NODE_MODIFIED]
    mov     [edi + STAT_MODIFIED], eax
    push    edi
    add     edi, STAT_NAME
    mov     ecx, (STAT_NAME_BYTES + STAT_CLASS_BYTES) / 4
    xor     eax, eax
    rep stosd
    pop     edi
    lea     eax, [edi + STAT_NAME]
    lea     edx, [esi + NODE_NAME]
    mov     ecx, STAT_NAME_BYTES
    call    string_copy
    lea     eax, [edi + STAT_CLASS]
    lea     edx, [esi + NODE_CLASS]
    mov     ecx, STAT_CLASS_BYTES
    call    string_copy
    pop     eax
    mov     edx, edi
    mov     ecx, STAT_SIZE
    call    copy_to_program
    jc      1f
    xor     eax, eax
1:  ret

# System call: removes a file.
# In: EAX path.
.global call_unlink
call_unlink:
    mov     edi, offset file_unlink
    jmp     1f

# System call: makes a directory.
# In: EAX path.
.global call_directory_make
call_directory_make:
    mov     edi, offset directory_make
    jmp     1f

# System call: removes an empty directory.
# In: EAX path.
.global call_directory_remove
call_directory_remove:
    mov     edi, offset directory_remove
1:  call    call_path
    jc      2f
    call    edi
    jc      2f
    xor     eax, eax
2:  ret

# System call: gives a file another name; replaces what has it.
# In: EAX path, EDX new path.
.global call_rename
call_rename:
    mov     edi, edx
    call    call_path
    jc      1f
    mov     edx, edi
    lea     edi, [esi + SECOND_PATH]
    mov     eax, edi
    mov     ecx, SECOND_PATH
    call    copy_string
    jc      1f
    call    file_rename
    jc      1f
    xor     eax, eax
1:  ret

# System call: makes a pipe: the first handle reads what is written to the second.
# In: EAX address of two dwords, for the handle to read and the handle to write.
.global call_pipe
call_pipe:
    mov     edi, eax
    call    pipe_make
    jc      .Lcall_pipe_done
    mov     esi, edx
    call    stream_enter
    jc      .Lcall_pipe_unmade
    push    eax
    mov     eax, esi
    call    stream_enter
    jc      .Lcall_pipe_unentered
    push    eax
    mov     eax, edi
    lea     edx, [esp + 4]              # they stand the wrong way round
    mov     ecx, [esp]
    xchg    ecx, [edx]
    mov     [esp], ecx
    mov     edx, esp
    mov     ecx, 8
    call    copy_to_program
    pop     ecx
    pop     edx
    jc      .Lcall_pipe_undelivered
    xor     eax, eax
    ret
.Lcall_pipe_unentered:
    pop     ecx
    push    eax
    mov     eax, ecx
    call    call_close
    pop     eax
    stc
    ret
.Lcall_pipe_unmade:
    push    eax
    mov     eax, esi
    call    stream_release
    pop     eax
    stc
.Lcall_pipe_done:
    ret
.Lcall_pipe_undelivered:
    push    eax
    push    edx
    mov     eax, ecx
    call    call_close
    pop     eax
    call    call_close
    pop     eax
    stc
    ret

# System call: has another handle mean the same; what that meant is closed.
# In: EAX handle, EDX the handle that is to mean the same.
.global call_duplicate
call_duplicate:
    cmp     edx, STREAMS
    jae     1f
    mov     edi, edx
    call    stream_take
    jc      2f
    mov     esi, eax
    inc     dword ptr [esi + STREAM_REFS]
    xchg    esi, [ebx + PROCESS_STREAMS + edi*4]
    test    esi, esi
    jz      3f
    mov     eax, esi
    call    stream_release
3:  mov     eax, edi
    clc
    ret
1:  mov     eax, ERROR_HANDLE
    stc
2:  ret
