# Commands that walk over directories: find, du.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"

.section .rodata
find_help:
    .asciz  "find PATH TEXT shows only the paths whose last name holds TEXT.\n"

SHELL_COMMAND "find", find_command, "PATH [TEXT]", "list all that is below a path", GROUP_FILES, find_help
SHELL_COMMAND "du", du_command, "PATH", "sum up the bytes of all that is below a path", GROUP_FILES

PATH_BYTES      = 1024
DEPTH_MAX       = 24

# What a walk does at each path, and knows: each has its own, because several run at once.
VISIT_ROUTINE   = 0
VISIT_TEXT      = 4                     # find: text to look for, or 0
VISIT_BYTES     = 4                     # du: u64 so far
VISIT_COUNT     = 12                    # du: files so far
VISIT_SIZE_OF   = 16

.text

# Visits all that is below a path, a directory before what is in it.
# In: ESI path in PATH_BYTES of memory that serve for the paths below it; EBX VISIT record, whose routine gets it, ESI
# path, EDI NODE record; EAX depth below the first.
# Out: CF and EAX error.
walk_path:
    FRAME   NODE_SIZE_OF + 8
    push    edi
    # Locals: the NODE record; below it -4 depth, -8 handle
    mov     [ebp - NODE_SIZE_OF - 4], eax
    lea     edi, [ebp - NODE_SIZE_OF]
    call    directory_open
    jc      .Lwalk_path_done
    mov     [ebp - NODE_SIZE_OF - 8], eax
.Lwalk_path_next:
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Lwalk_path_close
    mov     eax, [ebp - NODE_SIZE_OF - 8]
    call    directory_read
    jc      .Lwalk_path_end
    mov     eax, esi
    call    string_length
    push    eax
    lea     edx, [edi + NODE_NAME]
    call    path_append
    jc      .Lwalk_path_cut
    call    [ebx + VISIT_ROUTINE]
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    jne     .Lwalk_path_cut
    mov     eax, [ebp - NODE_SIZE_OF - 4]
    inc     eax
    cmp     eax, DEPTH_MAX              # the stack has room for so many
    jae     .Lwalk_path_deep
    call    walk_path
    jmp     .Lwalk_path_back
.Lwalk_path_deep:
    mov     eax, ERROR_TOO_LONG
    stc
    jmp     .Lwalk_path_back
.Lwalk_path_cut:
    clc
.Lwalk_path_back:
    pop     edx
    mov     byte ptr [esi + edx], 0
    jnc     .Lwalk_path_next
    jmp     .Lwalk_path_close
.Lwalk_path_end:
    cmp     eax, ERROR_NOT_FOUND
    je      .Lwalk_path_close           # CF is clear
    stc
.Lwalk_path_close:
    push    eax
    pushfd
    mov     eax, [ebp - NODE_SIZE_OF - 8]
    call    directory_close
    popfd
    pop     eax
.Lwalk_path_done:
    pop     edi
    ENDFRAME
    ret

# Walks over the path that a command names, and says what went wrong.
# In: EDX argv, EBX VISIT record.
# Out: EAX status.
walk_command:
    push    esi
    push    edi
    mov     edi, [edx + 4]
    call    break_clear
    mov     eax, PATH_BYTES
    call    malloc
    jc      2f
    mov     esi, eax
    mov     edx, edi
    mov     ecx, PATH_BYTES
    call    string_copy
    xor     eax, eax
    call    walk_path
    jc      1f
    xor     eax, eax
    jmp     3f
1:  call    path_complain
3:  push    eax
    mov     eax, esi
    call    mfree
    pop     eax
    jmp     4f
2:  mov     esi, edi
    call    path_complain
4:  pop     edi
    pop     esi
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
find_command:
    xor     ecx, ecx
    sub     eax, 2
    cmp     eax, 1
    ja      command_misused
    FRAME   VISIT_SIZE_OF
    push    ebx
    test    eax, eax
    jz      1f
    mov     ecx, [edx + 8]
1:  lea     ebx, [ebp - VISIT_SIZE_OF]
    mov     dword ptr [ebx + VISIT_ROUTINE], offset find_visit
    mov     [ebx + VISIT_TEXT], ecx
    call    walk_command
    pop     ebx
    ENDFRAME
    ret

# Prints a path, if its last name holds the text.
# In: EBX VISIT record, ESI path, EDI NODE record.
find_visit:
    push    ebx
    push    ebp
    mov     ebp, [ebx + VISIT_TEXT]
    test    ebp, ebp
    jz      2f
    lea     ebx, [edi + NODE_NAME]
1:  mov     eax, ebx
    mov     edx, ebp
    call    string_prefix
    je      2f
    cmp     byte ptr [ebx], 0
    je      3f
    inc     ebx
    jmp     1b
2:  PRINTF  "%s\n", esi
3:  pop     ebp
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
du_command:
    cmp     eax, 2
    jne     command_misused
    FRAME   VISIT_SIZE_OF
    push    ebx
    push    esi
    mov     esi, [edx + 4]
    lea     ebx, [ebp - VISIT_SIZE_OF]
    xor     eax, eax
    mov     [ebx + VISIT_BYTES], eax
    mov     [ebx + VISIT_BYTES + 4], eax
    mov     [ebx + VISIT_COUNT], eax
    mov     dword ptr [ebx + VISIT_ROUTINE], offset du_visit
    call    walk_command
    test    eax, eax
    jnz     1f
    mov     eax, [ebx + VISIT_BYTES]
    mov     edx, [ebx + VISIT_BYTES + 4]
    shrd    eax, edx, 10
    PRINTF  "%u KiB in %u files  %s\n", eax, [ebx + VISIT_COUNT], esi
    xor     eax, eax
1:  pop     esi
    pop     ebx
    ENDFRAME
    ret

# Adds a file.
# In: EBX VISIT record, EDI NODE record.
du_visit:
    cmp     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    je      1f
    mov     eax, [edi + NODE_BYTES]
    add     [ebx + VISIT_BYTES], eax
    mov     eax, [edi + NODE_BYTES + 4]
    adc     [ebx + VISIT_BYTES + 4], eax
    inc     dword ptr [ebx + VISIT_COUNT]
1:  ret
