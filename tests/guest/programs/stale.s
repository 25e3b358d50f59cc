# Tests of what each class of resource does when its owner goes, that run inside a machine with a volume at /a which has
# the file /a/file: link this object with those of asm/ and type `staletest`. A task opens one and ends, is ended while
# it waits, or closes it: the handle is refused from then on, by what opens next too, and nothing is left.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "file.inc"
.include "fs.inc"
.include "tasks.inc"
.include "process.inc"

# A class.
CLASS_OPEN      = 0                     # Out: EAX handle; CF and EAX error
CLASS_USE       = 4                     # In: EAX handle. Out: CF and EAX error. Closes nothing
CLASS_WAIT      = 8                     # In: EAX handle. Waits for ever
CLASS_CLOSE     = 12                    # In: EAX handle, EDX 0

# How a task ends.
ENDS            = 0
WAITS           = 1
CLOSES          = 2
WAYS            = 3

.text

SELFTEST staletest, stale_tests, "test what becomes of handles"

# Tries a class.
# In: ESI class.
try_class:
    mov     [class], esi
    mov     dword ptr [way], ENDS
.Ltry_class_way:
    mov     dword ptr [opened], 0
    mov     eax, [handles_open]
    mov     [before], eax
    mov     eax, offset class_task
    xor     edx, edx
    LOAD_STRING ecx, "class"
    call    task_create
    jc      .Ltry_class_done
    mov     edi, [eax + TASK_ID]
    mov     eax, 100
    call    task_sleep
    cmp     dword ptr [opened], 0
    je      .Ltry_class_failed          # it could not be opened or used
    cmp     dword ptr [way], WAITS
    jne     .Ltry_class_gone
    mov     eax, [opened]               # it is there while its owner waits
    call    class_use
    jc      .Ltry_class_done
    mov     eax, edi
    call    task_kill
    jc      .Ltry_class_done
    mov     eax, 100
    call    task_sleep
.Ltry_class_gone:
    mov     eax, edi
    call    task_lives
    jnc     .Ltry_class_failed
    call    class_refused
    jc      .Ltry_class_done
    mov     eax, [handles_open]
    cmp     eax, [before]
    jne     .Ltry_class_failed
    call    [esi + CLASS_OPEN]          # likely in the same place, by another name
    jc      .Ltry_class_done
    mov     ebx, eax
    cmp     eax, [opened]
    je      .Ltry_class_failed
    call    class_refused
    jc      .Ltry_class_done
    mov     eax, [opened]               # nor is the new one closed by the old name
    xor     edx, edx
    call    handle_close
    jnc     .Ltry_class_failed
    mov     eax, ebx
    call    class_use
    jc      .Ltry_class_done
    mov     eax, ebx
    xor     edx, edx
    call    [esi + CLASS_CLOSE]
    jc      .Ltry_class_done
    mov     eax, [handles_open]
    cmp     eax, [before]
    jne     .Ltry_class_failed
    inc     dword ptr [way]
    cmp     dword ptr [way], WAYS
    jb      .Ltry_class_way
    clc
    ret
.Ltry_class_failed:
    stc
.Ltry_class_done:
    ret

# Uses a handle: any error but ERROR_STALE says that it is one.
# In: EAX handle.
# Out: CF when it is stale.
class_use:
    push    ebx
    push    esi
    push    edi
    mov     edx, [class]
    call    [edx + CLASS_USE]
    jnc     1f
    cmp     eax, ERROR_STALE
    je      2f
1:  clc
    jmp     3f
2:  stc
3:  pop     edi
    pop     esi
    pop     ebx
    ret

# Whether the handle of the task is refused.
# Out: CF when not.
class_refused:
    mov     eax, [opened]
    call    class_use
    cmc
    ret

# A task: opens, uses, and ends in its way.
class_task:
    mov     esi, [class]
    call    [esi + CLASS_OPEN]
    jc      2f
    mov     ebx, eax
    call    class_use
    jc      2f
    mov     [opened], ebx
    mov     eax, ebx
    cmp     dword ptr [way], WAITS
    jne     1f
    jmp     [esi + CLASS_WAIT]
1:  cmp     dword ptr [way], CLOSES
    jne     2f
    xor     edx, edx
    jmp     [esi + CLASS_CLOSE]
2:  ret

# Waits for ever.
wait_event:
    mov     eax, offset event
    or      edx, -1
    jmp     event_wait

# Whether a handle of any type is one.
use_any:
    push    eax
    xor     edx, edx
    call    handle_hold
    pop     edx
    jc      1f
    mov     eax, edx
    call    handle_release
    clc
1:  ret

.macro CLASS label:req, open:req, use:req, wait=wait_event, close=handle_close
test_\label:
    mov     esi, offset class_\label
    jmp     try_class
    .pushsection .rodata
    .balign 4
class_\label:
    .long   \open, \use, \wait, \close
    .popsection
.endm

open_memory:
    mov     eax, 500
    call    malloc
    jc      1f
    jmp     memory_own
1:  ret

CLASS   memory, open_memory, use_any

open_file:
    push    esi
    mov     esi, offset file_path
    mov     ecx, FILE_READ | FILE_WRITE
    call    file_open
    pop     esi
    ret
use_file:
    mov     edi, offset node
    jmp     file_stat_handle
close_file:
    jmp     file_close

CLASS   file, open_file, use_file, wait_event, close_file

open_directory:
    push    esi
    mov     esi, offset directory_path
    call    directory_open
    pop     esi
    ret
use_directory:
    mov     edi, offset node
    jmp     directory_read

CLASS   directory, open_directory, use_directory

open_mount_use:
    mov     eax, offset directory_path
    call    mount_find
    jc      1f
    xor     edx, edx
    jmp     mount_open
1:  ret

CLASS   mount_use, open_mount_use, mount_class, wait_event, mount_close

open_datagram:
    mov     eax, 5000
    jmp     udp_open
use_datagram:
    xor     edx, edx
    jmp     receive_datagram
wait_datagram:
    or      edx, -1
receive_datagram:
    mov     esi, offset node
    mov     edi, 100
    jmp     udp_receive

CLASS   datagram, open_datagram, use_datagram, wait_datagram, udp_close

open_stream:
    call    stream_open
    jc      1f
    push    eax
    mov     edx, 4
    call    stream_listen
    pop     eax
1:  ret
use_stream:
    mov     edx, 4
    jmp     stream_listen
wait_stream:
    mov     edx, 1000000
    jmp     stream_accept

CLASS   stream, open_stream, use_stream, wait_stream, stream_close

open_tap:
    mov     eax, [net_interfaces]
    jmp     tap_open

CLASS   tap, open_tap, use_any

# A program that runs for some milliseconds, whoever has a handle of it.
open_process:
    mov     eax, program_words_end - program_words
    call    malloc
    jc      1f
    mov     [spawn + SPAWN_ARGUMENTS], eax
    mov     edx, offset program_words
    mov     ecx, program_words_end - program_words
    call    mem_copy
    mov     dword ptr [spawn + SPAWN_PATH], offset program_words
    mov     dword ptr [spawn + SPAWN_BYTES], program_words_end - program_words
    mov     dword ptr [spawn + SPAWN_ARGUMENT_COUNT], 2
    mov     eax, offset spawn
    call    process_spawn
    jc      1f
    jmp     process_handle
1:  ret
wait_process:
    jmp     wait_event

CLASS   process, open_process, process_find, wait_process, process_close

# A task that waits for a lock is ended while it waits; the lock goes on, and what it had is closed.
test_lock:
    mov     eax, [handles_open]
    mov     [before], eax
    mov     eax, offset mutex
    call    mutex_lock
    mov     eax, offset lock_task
    xor     edx, edx
    LOAD_STRING ecx, "lock"
    call    task_create
    jc      9f
    mov     edi, [eax + TASK_ID]
    mov     eax, 50
    call    task_sleep
    mov     eax, edi
    call    task_kill
    jc      9f
    mov     eax, 50
    call    task_sleep
    mov     eax, edi
    call    task_lives
    jnc     8f
    mov     eax, [handles_open]
    cmp     eax, [before]
    jne     8f
    mov     eax, offset mutex
    call    mutex_unlock
    cmp     dword ptr [mutex], 0
    jne     8f
    clc
    ret
8:  stc
9:  ret

lock_task:
    call    open_memory
    mov     eax, offset mutex
    jmp     mutex_lock

.section .rodata
.balign 4
stale_tests:
    CASE    "memory", test_memory
    CASE    "file", test_file
    CASE    "directory", test_directory
    CASE    "mount in use", test_mount_use
    CASE    "datagram socket", test_datagram
    CASE    "stream socket", test_stream
    CASE    "tap", test_tap
    CASE    "process", test_process
    CASE    "lock", test_lock
    .long   0
file_path:
    .asciz  "/a/file"
directory_path:
    .asciz  "/a"
program_words:
    .asciz  "/bin/sleep"
    .asciz  "20"
program_words_end:

.bss
.balign 4
class:          .space 4
way:            .space 4
opened:         .space 4                    # the task's handle; 0: it could not
before:         .space 4                    # handles that were open
event:          .space 4
mutex:          .space MUTEX_SIZE
spawn:          .space SPAWN_SIZE
node:           .space NODE_SIZE_OF
