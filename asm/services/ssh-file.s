# Files over SSH: version 3 of SFTP (draft-ietf-secsh-filexfer-02), which `sftp`, `scp` and `sshfs` speak. A task of the
# channel takes one request after the other. Paths that do not begin with / are below /net, where there is a volume.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "date.inc"
.include "context.inc"
.include "ssh.inc"

FILES_VERSION           = 3
REQUEST_MOST            = 34000         # bytes of a request: 32 KiB of a file, a handle, and what is around them
READ_MOST               = 32768         # bytes of a file that an answer has
ENTRY_MOST              = 1024          # bytes of an entry of a directory in an answer, and more
PATH_MOST               = 1000
HANDLES                 = 16            # files and directories that are open at once

SECONDS_1970_2000       = 946684800

REQUEST_INIT            = 1
ANSWER_VERSION          = 2
ANSWER_STATUS           = 101
ANSWER_HANDLE           = 102
ANSWER_DATA             = 103
ANSWER_NAME             = 104
ANSWER_ATTRS            = 105
REQUEST_FIRST           = 3             # of ssh_files_requests
REQUEST_EXTENDED        = 200

STATUS_OK               = 0
STATUS_END              = 1
STATUS_MISSING          = 2
STATUS_DENIED           = 3
STATUS_FAILURE          = 4
STATUS_WRONG            = 5
STATUS_UNSUPPORTED      = 8

# What a routine says with CF beside the errors of the kernel, and without it instead of 0.
SAYS_END                = 0x1000
SAYS_WRONG              = 0x1001
SAYS_ANSWERED           = 0x1002

ATTR_SIZE               = 1
ATTR_OWNERS             = 2
ATTR_PERMISSIONS        = 4
ATTR_TIMES              = 8
MODE_FILE               = 0x81A4        # a file, rw-r--r--
MODE_DIRECTORY          = 0x41ED        # a directory, rwxr-xr-x

# A handle of the client.
OPEN_KIND               = 0             # 0: free
OPEN_FILE               = 1
OPEN_DIRECTORY          = 2
OPEN_HANDLE             = 4
OPEN_SHIFT              = 3             # 2^OPEN_SHIFT bytes

# What the task has.
FILES_CHANNEL           = 0
FILES_ID                = 4             # of the request
FILES_COUNT             = 8             # of entries in an answer
FILES_OPEN              = 12
FILES_PATH              = FILES_OPEN + (HANDLES << OPEN_SHIFT)
FILES_OTHER             = FILES_PATH + RESOLVED_BYTES   # the second path of a request
FILES_TEXT              = FILES_OTHER + RESOLVED_BYTES  # of an entry of a directory, and the path as it came
FILES_TEXT_BYTES        = 1024
FILES_NODE              = FILES_TEXT + FILES_TEXT_BYTES
FILES_DATE              = FILES_NODE + NODE_SIZE_OF
FILES_CONTEXT           = FILES_DATE + DATE_SIZE
FILES_REQUEST           = FILES_CONTEXT + CONTEXT_SIZE
FILES_ANSWER            = FILES_REQUEST + REQUEST_MOST
FILES_SIZE              = FILES_ANSWER + REQUEST_MOST

.section .rodata
.balign 4
# In: EBP what the task has, ESI fields, EDI their end. Out: CF and EAX error or SAYS_*; else EAX 0 or SAYS_ANSWERED.
# Clobbers: all but EBP.
ssh_files_requests:
    .long   files_open, files_close, files_read, files_write, files_stat, files_stat_open, files_set, files_set_open
    .long   files_list, files_next, files_remove, files_make, files_unmake, files_resolve, files_stat, files_rename
ssh_files_requests_end:
files_no_text:          .byte 0

.text

# The client asks for a subsystem.
# In: EBX channel, ESI its name as a string, EDI the end.
# Out: CF when it is not sftp.
# Clobbers: EAX, ECX, EDX, ESI.
.global ssh_files_start
ssh_files_start:
    call    ssh_take_string
    jc      1f
    LOAD_STRING edx, "sftp"
    call    ssh_is
    stc
    jne     1f
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    stc
    jnz     1f
    mov     dword ptr [ebx + CHANNEL_START], offset ssh_files_go
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    clc
1:  ret

# Starts the task.
# In: EBX channel.
# Out: CF when that cannot be; the connection is over then.
# Clobbers: EAX, ECX, EDX.
ssh_files_go:
    mov     dword ptr [ebx + CHANNEL_TASKS], 1
    mov     eax, offset ssh_files_task
    mov     edx, ebx
    LOAD_STRING ecx, "sftp"
    call    task_create
    jnc     1f
    mov     dword ptr [ebx + CHANNEL_TASKS], 0
    stc
1:  ret

# The task: takes requests until the client sends no more.
# In: EAX channel.
ssh_files_task:
    mov     ebx, eax
    call    task_hold
    mov     eax, FILES_SIZE
    call    malloc
    jc      .Lssh_files_task_end
    mov     ebp, eax
    mov     [ebp + FILES_CHANNEL], ebx
    mov     eax, [task_current]
    lea     ecx, [ebp + FILES_CONTEXT]
    mov     [eax + TASK_CONTEXT], ecx
    mov     word ptr [ecx + CONTEXT_PLACE], 0x002F  # "/"
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      1f
    mov     dword ptr [ebp + FILES_CONTEXT + CONTEXT_PLACE], 0x74656E2F # "/net"
1:  lea     esi, [ebp + FILES_REQUEST]
    mov     edi, 4
    call    files_receive
    jc      2f
    mov     edi, [ebp + FILES_REQUEST]
    bswap   edi
    lea     eax, [edi - 1]
    cmp     eax, REQUEST_MOST
    jae     2f
    lea     esi, [ebp + FILES_REQUEST]
    call    files_receive
    jc      2f
    call    files_take
    jnc     1b
2:  call    files_drop
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_CONTEXT], 0
    mov     ebx, [ebp + FILES_CHANNEL]
    mov     eax, ebp
    call    mfree
.Lssh_files_task_end:
    xor     eax, eax
    call    ssh_channel_end
    jmp     ssh_channel_done

# Closes what is still open.
# In: EBP what the task has.
# Clobbers: all but EBP.
files_drop:
    lea     esi, [ebp + FILES_OPEN]
    mov     edi, HANDLES
1:  call    files_shut
    add     esi, 1 << OPEN_SHIFT
    dec     edi
    jnz     1b
    ret

# Closes what a handle of the client has open, if anything.
# In: ESI handle's entry.
# Out: CF and EAX error.
# Clobbers: EAX, ECX, EDX.
files_shut:
    xor     edx, edx
    xchg    edx, [esi + OPEN_KIND]
    mov     eax, [esi + OPEN_HANDLE]
    cmp     edx, OPEN_FILE
    je      file_close
    cmp     edx, OPEN_DIRECTORY
    je      directory_close
    clc
    ret

# Receives so many bytes.
# In: EBP what the task has, ESI where they go, EDI how many.
# Out: CF when they do not come any more.
# Clobbers: EAX, EBX, ECX, EDX; ESI, EDI are kept.
files_receive:
    push    esi
    push    edi
    mov     ebx, [ebp + FILES_CHANNEL]
1:  mov     ecx, edi
    xchg    esi, edi
    call    ssh_channel_read
    xchg    esi, edi
    jc      2f
    cmp     eax, 1
    jb      2f
    add     esi, eax
    sub     edi, eax
    jnz     1b
2:  pop     edi
    pop     esi
    ret

# Takes a request.
# In: EBP what the task has, ESI request, EDI its bytes.
# Out: CF when the session is over.
# Clobbers: all but EBP.
files_take:
    add     edi, esi
    call    ssh_take_byte
    mov     edx, eax
    call    ssh_take_number             # of INIT the version, else the request's id
    jc      .Lfiles_take_done
    cmp     edx, REQUEST_INIT
    je      .Lfiles_take_init
    mov     [ebp + FILES_ID], eax
    cmp     edx, REQUEST_EXTENDED
    je      .Lfiles_take_extended
    sub     edx, REQUEST_FIRST
    cmp     edx, (ssh_files_requests_end - ssh_files_requests) / 4
    mov     eax, ERROR_NOT_SUPPORTED
    jae     .Lfiles_take_status
    call    [ssh_files_requests + edx*4]
    jc      .Lfiles_take_status
    cmp     eax, SAYS_ANSWERED
    jne     .Lfiles_take_good
    clc
    ret
.Lfiles_take_extended:
    call    files_extended
    jc      .Lfiles_take_status
.Lfiles_take_good:
    xor     eax, eax
.Lfiles_take_status:
    jmp     files_status
.Lfiles_take_init:
    lea     edi, [ebp + FILES_ANSWER + 4]
    mov     al, ANSWER_VERSION
    stosb
    mov     eax, FILES_VERSION
    call    ssh_put_number
    LOAD_STRING edx, "posix-rename@openssh.com"
    call    ssh_put_text
    LOAD_STRING edx, "1"
    call    ssh_put_text
    jmp     files_send
.Lfiles_take_done:
    ret

# Begins an answer.
# In: EBP what the task has, AL ANSWER_*.
# Out: EDI behind the request's id.
# Clobbers: EAX.
files_begin:
    lea     edi, [ebp + FILES_ANSWER + 4]
    stosb
    mov     eax, [ebp + FILES_ID]
    jmp     ssh_put_number

# Sends the answer.
# In: EBP what the task has, EDI its end.
# Out: EAX SAYS_ANSWERED; CF when the session is over, which the next request tells too.
# Clobbers: EBX, ECX, EDX, ESI, EDI.
files_send:
    lea     esi, [ebp + FILES_ANSWER]
    sub     edi, esi
    lea     eax, [edi - 4]
    CHECK   edi, be, REQUEST_MOST, "files_send: an answer is longer than its room"
    bswap   eax
    mov     [esi], eax
    mov     ebx, [ebp + FILES_CHANNEL]
    call    ssh_channel_write
    mov     eax, SAYS_ANSWERED
    ret

# Answers with a status.
# In: EBP what the task has, EAX error, 0 for none, or SAYS_*.
# Out: CF when the session is over.
# Clobbers: all but EBP.
files_status:
    mov     ebx, eax
    mov     al, ANSWER_STATUS
    call    files_begin
    mov     ecx, STATUS_OK
    mov     edx, offset files_no_text
    test    ebx, ebx
    jz      .Lfiles_status_known
    mov     ecx, STATUS_END
    cmp     ebx, SAYS_END
    je      .Lfiles_status_known
    mov     ecx, STATUS_WRONG
    LOAD_STRING edx, "the request is cut off, or its handle is none"
    cmp     ebx, SAYS_WRONG
    je      .Lfiles_status_known
    mov     ecx, STATUS_MISSING
    cmp     ebx, ERROR_NOT_FOUND
    je      .Lfiles_status_text
    cmp     ebx, ERROR_NOT_MOUNTED
    je      .Lfiles_status_text
    mov     ecx, STATUS_DENIED
    cmp     ebx, ERROR_READ_ONLY
    je      .Lfiles_status_text
    cmp     ebx, ERROR_NOT_PERMITTED
    je      .Lfiles_status_text
    mov     ecx, STATUS_UNSUPPORTED
    cmp     ebx, ERROR_NOT_SUPPORTED
    je      .Lfiles_status_text
    mov     ecx, STATUS_FAILURE
.Lfiles_status_text:
    push    ecx
    mov     eax, ebx
    call    error_text
    mov     edx, eax
    pop     ecx
.Lfiles_status_known:
    mov     eax, ecx
    call    ssh_put_number
    call    ssh_put_text
    xor     eax, eax
    stosd                               # no language
    jmp     files_send

# Takes a path, and completes it.
# In: EBP what the task has, ESI fields, EDI their end, EBX where it goes, RESOLVED_BYTES.
# Out: ESI behind it; CF and EAX error.
# Clobbers: ECX, EDX.
files_path:
    call    ssh_take_string
    jc      .Lfiles_path_wrong
    cmp     ecx, PATH_MOST
    mov     edx, ERROR_TOO_LONG
    ja      .Lfiles_path_not
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [ebp + FILES_TEXT]
    mov     edx, ERROR_NOT_FOUND
    jecxz   2f
1:  lodsb
    test    al, al
    jz      .Lfiles_path_nul            # a name has none
    stosb
    loop    1b
    jmp     3f
2:  mov     al, '.'
    stosb
3:  mov     byte ptr [edi], 0
    pop     edi
    pop     esi
    lea     eax, [ebp + FILES_TEXT]
    call    path_complete
    mov     edx, eax
    mov     eax, ebx
    mov     ecx, RESOLVED_BYTES
    call    string_copy
    clc
    ret
.Lfiles_path_nul:
    pop     edi
    pop     esi
.Lfiles_path_not:
    mov     eax, edx
    stc
    ret
.Lfiles_path_wrong:
    mov     eax, SAYS_WRONG
    ret

# Takes the one path of a request.
# In: EBP what the task has, ESI fields, EDI their end.
# Out: EDX behind it in the request, ESI the path; CF and EAX error.
# Clobbers: EBX, ECX.
files_one_path:
    lea     ebx, [ebp + FILES_PATH]
    call    files_path
    mov     edx, esi
    mov     esi, ebx
    ret

# Takes a handle.
# In: EBP what the task has, ESI fields, EDI their end, EDX OPEN_* that it has to be.
# Out: EBX its entry, EAX what it names, ESI behind it; CF and EAX error.
# Clobbers: ECX.
files_handle:
    call    ssh_take_string
    jc      1f
    cmp     ecx, 4
    jne     1f
    mov     ebx, [eax]
    cmp     ebx, HANDLES
    jae     1f
    lea     ebx, [ebp + FILES_OPEN + ebx * (1 << OPEN_SHIFT)]
    mov     eax, [ebx + OPEN_HANDLE]
    test    edx, [ebx + OPEN_KIND]
    jz      1f
    clc
    ret
1:  mov     eax, SAYS_WRONG
    stc
    ret

# Takes a handle of a file and a position in it, and goes there. May sleep.
# In: EBP what the task has, ESI fields, EDI their end.
# Out: EBX what it names, ESI behind both; CF and EAX error.
# Clobbers: ECX, EDX.
files_seek:
    mov     edx, OPEN_FILE
    call    files_handle
    jc      2f
    push    eax
    call    ssh_take_number
    jc      1f
    mov     ecx, eax
    call    ssh_take_number
    jc      1f
    mov     edx, eax
    mov     eax, [esp]
    mov     ebx, SEEK_START
    call    file_seek
    pop     ebx
    ret
1:  pop     ebx
    mov     eax, SAYS_WRONG
    stc
2:  ret

# Gives the client a handle.
# In: EBP what the task has, EAX what it names, EDX OPEN_*.
# Out: as a request's routine.
# Clobbers: all but EBP.
files_answer_handle:
    lea     esi, [ebp + FILES_OPEN]
    xor     ecx, ecx
1:  cmp     dword ptr [esi + OPEN_KIND], 0
    je      2f
    add     esi, 1 << OPEN_SHIFT
    inc     ecx
    cmp     ecx, HANDLES
    jb      1b
    push    eax                         # there are too many: it is closed again
    push    edx
    mov     esi, esp
    call    files_shut
    add     esp, 8
    mov     eax, ERROR_TABLE_FULL
    stc
    ret
2:  mov     [esi + OPEN_KIND], edx
    mov     [esi + OPEN_HANDLE], eax
    mov     al, ANSWER_HANDLE
    call    files_begin
    mov     eax, 4
    call    ssh_put_number
    mov     eax, ecx
    stosd
    jmp     files_send

# OPEN: path, flags, attributes.
files_open:
    call    files_one_path
    jc      1f
    push    esi
    mov     esi, edx
    call    ssh_take_number
    pop     esi
    mov     edx, eax
    mov     eax, SAYS_WRONG
    jc      1f
    mov     ecx, edx                    # READ and WRITE are FILE_READ and FILE_WRITE, TRUNC is FILE_TRUNCATE
    and     ecx, FILE_READ | FILE_WRITE | FILE_TRUNCATE
    mov     eax, edx
    and     eax, 4                      # APPEND
    shl     eax, 3
    or      ecx, eax
    and     edx, 8 | 32                 # CREAT and EXCL
    mov     eax, edx
    shr     eax, 1
    and     eax, FILE_CREATE
    or      ecx, eax
    shr     edx, 2
    and     edx, FILE_EXCLUSIVE
    or      ecx, edx
    call    file_open
    mov     edx, OPEN_FILE
    jnc     files_answer_handle
1:  ret

# CLOSE: handle.
files_close:
    mov     edx, OPEN_FILE | OPEN_DIRECTORY
    call    files_handle
    jc      1f
    cmp     dword ptr [ebx + OPEN_KIND], OPEN_FILE
    jne     2f
    call    file_sync                   # what was written is on stable storage when the client hears so
    jnc     2f
    push    eax
    mov     esi, ebx
    call    files_shut
    pop     eax
    stc
    ret
2:  mov     esi, ebx
    call    files_shut
    jc      1f
    xor     eax, eax
1:  ret

# READ: handle, position, bytes.
files_read:
    call    files_seek
    jc      2f
    call    ssh_take_number
    jc      3f
    cmp     eax, READ_MOST
    jbe     1f
    mov     eax, READ_MOST
1:  push    eax
    mov     al, ANSWER_DATA
    call    files_begin
    pop     ecx
    add     edi, 4
    mov     eax, ebx
    call    file_read
    jc      2f
    test    eax, eax
    jz      4f
    mov     ecx, eax
    bswap   eax
    mov     [edi - 4], eax
    add     edi, ecx
    jmp     files_send
4:  mov     eax, SAYS_END
    stc
    ret
3:  mov     eax, SAYS_WRONG
2:  ret

# WRITE: handle, position, bytes.
files_write:
    call    files_seek
    jc      1f
    call    ssh_take_string
    jc      2f
    mov     esi, eax
    mov     edi, ecx
    jecxz   3f
    mov     eax, ebx
    call    file_write
    jc      1f
    cmp     eax, edi
    mov     eax, ERROR_NO_SPACE
    jb      1f
3:  xor     eax, eax
1:  ret
2:  mov     eax, SAYS_WRONG
    ret

# STAT and LSTAT: path.
files_stat:
    call    files_one_path
    jc      files_no_stat
    lea     edi, [ebp + FILES_NODE]
    call    file_stat
    jc      files_no_stat

# Answers with what is in FILES_NODE.
# In: EBP what the task has.
# Out: as a request's routine.
files_answer_node:
    mov     al, ANSWER_ATTRS
    call    files_begin
    call    files_attributes
    jmp     files_send
files_no_stat:
    ret

# FSTAT: handle.
files_stat_open:
    mov     edx, OPEN_FILE
    call    files_handle
    jc      files_no_stat
    lea     edi, [ebp + FILES_NODE]
    call    file_stat_handle
    jnc     files_answer_node
    ret

# Puts the attributes of FILES_NODE.
# In: EBP what the task has, EDI where they go.
# Out: EDI behind them.
# Clobbers: EAX.
files_attributes:
    mov     eax, ATTR_SIZE | ATTR_PERMISSIONS | ATTR_TIMES
    call    ssh_put_number
    mov     eax, [ebp + FILES_NODE + NODE_BYTES + 4]
    call    ssh_put_number
    mov     eax, [ebp + FILES_NODE + NODE_BYTES]
    call    ssh_put_number
    mov     eax, MODE_DIRECTORY
    cmp     dword ptr [ebp + FILES_NODE + NODE_KIND], NODE_DIRECTORY
    je      1f
    mov     eax, MODE_FILE
1:  call    ssh_put_number
    mov     eax, [ebp + FILES_NODE + NODE_MODIFIED]
    call    ssh_put_number              # read last,
    mov     eax, [ebp + FILES_NODE + NODE_MODIFIED]
    jmp     ssh_put_number              # and written last

# SETSTAT: path, attributes: of them the size counts.
files_set:
    call    files_one_path
    jc      1f
    push    edx
    mov     ecx, FILE_WRITE
    call    file_open
    pop     esi
    jc      2f
    mov     ebx, eax
    call    files_resize
    pushfd
    push    eax
    mov     eax, ebx
    call    file_close
    pop     eax
    popfd
1:  ret
2:  cmp     eax, ERROR_IS_DIRECTORY     # it has nothing that could be set
    stc
    jne     1b
    xor     eax, eax
    ret

# FSETSTAT: handle, attributes.
files_set_open:
    mov     edx, OPEN_FILE
    call    files_handle
    jc      files_no_stat
    mov     ebx, eax

# Gives a file the size that attributes tell, if they do.
# In: EBX file's handle, ESI attributes, EDI the end.
# Out: EAX 0; CF and EAX error.
# Clobbers: ECX, EDX.
files_resize:
    call    ssh_take_number
    jc      1f
    test    eax, ATTR_SIZE
    jz      2f
    call    ssh_take_number
    jc      1f
    mov     ecx, eax
    call    ssh_take_number
    jc      1f
    mov     edx, eax
    mov     eax, ebx
    call    file_truncate
    jc      3f
2:  xor     eax, eax
    ret
1:  mov     eax, SAYS_WRONG
3:  ret

# OPENDIR: path.
files_list:
    call    files_one_path
    jc      1f
    call    directory_open
    mov     edx, OPEN_DIRECTORY
    jnc     files_answer_handle
1:  ret

# READDIR: handle.
files_next:
    mov     edx, OPEN_DIRECTORY
    call    files_handle
    jc      .Lfiles_next_done
    mov     ebx, eax
    mov     dword ptr [ebp + FILES_COUNT], 0
    mov     al, ANSWER_NAME
    call    files_begin
    add     edi, 4
1:  lea     eax, [ebp + FILES_ANSWER + REQUEST_MOST - ENTRY_MOST]
    cmp     edi, eax
    ja      .Lfiles_next_full
    push    edi
    mov     eax, ebx
    lea     edi, [ebp + FILES_NODE]
    call    directory_read
    pop     edi
    jc      .Lfiles_next_last
    inc     dword ptr [ebp + FILES_COUNT]
    call    files_entry
    jmp     1b
.Lfiles_next_last:
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     .Lfiles_next_done
    cmp     dword ptr [ebp + FILES_COUNT], 1
    mov     eax, SAYS_END
    jb      .Lfiles_next_done
.Lfiles_next_full:
    mov     eax, [ebp + FILES_COUNT]
    bswap   eax
    mov     [ebp + FILES_ANSWER + 9], eax
    jmp     files_send
.Lfiles_next_done:
    ret

# Puts an entry of a directory: its name, a line as `ls -l` has it, its attributes.
# In: EBP what the task has with FILES_NODE, EDI where it goes.
# Out: EDI behind it.
# Clobbers: EAX, ECX, EDX, ESI.
files_entry:
    push    ebx
    lea     edx, [ebp + FILES_NODE + NODE_NAME]
    call    ssh_put_text
    mov     eax, [ebp + FILES_NODE + NODE_MODIFIED]
    sub     eax, SECONDS_1970_2000
    jae     2f
    xor     eax, eax                    # it is not known
2:  lea     edx, [ebp + FILES_DATE]
    call    date_from_seconds
    lea     esi, [ebp + FILES_DATE]
    LOAD_STRING edx, "drwxr-xr-x"
    cmp     dword ptr [ebp + FILES_NODE + NODE_KIND], NODE_DIRECTORY
    je      1f
    LOAD_STRING edx, "-rw-r--r--"
1:  lea     ebx, [ebp + FILES_TEXT]
    lea     ecx, [ebp + FILES_NODE + NODE_NAME]
    SNPRINTF ebx, FILES_TEXT_BYTES, "%s 1 qure qure %10u %04u-%02u-%02u %02u:%02u %s", edx, [ebp+FILES_NODE+NODE_BYTES], [esi+DATE_YEAR], [esi+DATE_MONTH], [esi+DATE_DAY], [esi+DATE_HOUR], [esi+DATE_MINUTE], ecx
    mov     edx, ebx
    call    ssh_put_text
    pop     ebx
    jmp     files_attributes

# REMOVE: path.
files_remove:
    call    files_one_path
    jc      1f
    call    file_unlink
    jmp     files_done
1:  ret

# MKDIR: path, attributes.
files_make:
    call    files_one_path
    jc      1f
    call    directory_make

# The end of a request that changes names.
# In: EAX error, CF.
# Out: CF and EAX error, else EAX 0.
files_done:
    jc      1f
    xor     eax, eax
1:  ret

# RMDIR: path.
files_unmake:
    call    files_one_path
    jc      files_done
    call    directory_remove
    jmp     files_done

# REALPATH: path.
files_resolve:
    call    files_one_path
    jc      1f
    mov     al, ANSWER_NAME
    call    files_begin
    mov     eax, 1
    call    ssh_put_number
    mov     edx, esi
    call    ssh_put_text
    mov     edx, esi
    call    ssh_put_text
    xor     eax, eax
    stosd                               # no attributes
    jmp     files_send
1:  ret

# RENAME: path, new path; nothing may be there (section 6.5).
files_rename:
    call    files_two_paths
    jc      1f
    push    esi
    push    edi
    mov     esi, edi
    lea     edi, [ebp + FILES_NODE]
    call    file_stat
    pop     edi
    pop     esi
    jc      files_move
    mov     eax, ERROR_EXISTS
    stc
1:  ret

# EXTENDED: a name, and what belongs to it.
files_extended:
    call    ssh_take_string
    mov     edx, SAYS_WRONG
    jc      1f
    LOAD_STRING edx, "posix-rename@openssh.com"
    call    ssh_is
    mov     edx, ERROR_NOT_SUPPORTED
    stc
    jne     1f
    call    files_two_paths
    jnc     files_move
    ret
1:  mov     eax, edx
    ret

# Renames what the two paths tell.
# In: ESI path, EDI new path.
# Out: CF and EAX error, else EAX 0.
# Clobbers: ECX, EDX.
files_move:
    call    file_rename
    jmp     files_done

# Takes the two paths of a request.
# In: EBP what the task has, ESI fields, EDI their end.
# Out: ESI the first, EDI the second; CF and EAX error.
# Clobbers: EBX, ECX, EDX.
files_two_paths:
    lea     ebx, [ebp + FILES_PATH]
    call    files_path
    jc      1f
    lea     ebx, [ebp + FILES_OTHER]
    call    files_path
    lea     esi, [ebp + FILES_PATH]
    lea     edi, [ebp + FILES_OTHER]
1:  ret
