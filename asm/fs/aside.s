# Files that are replaced as a whole: what is written lies beside the old file, under a name that nobody had, and takes
# that one's place when it is on stable storage. So the file is the old one or the new one at each moment, and nothing
# of the user's is taken for what is only half written. asm/programs/lib/part.s is the same for programs.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"

ASIDE_TRIES     = 1000                  # names, one after the other

.bss
.balign 4
aside_number:   .skip 4                 # what the last name was made of

.text

# Makes a new file that is to replace another. May sleep.
# In: ESI path of that, EDI where the new one's path goes: FILE_ASIDE_BYTES more than that has.
# Out: EAX handle; CF and EAX error.
.global file_open_aside
file_open_aside:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, edi                    # EBX: where the last name goes
    mov     eax, esi
    mov     edx, edi
1:  mov     cl, [eax]
    mov     [edx], cl
    inc     eax
    inc     edx
    cmp     cl, '/'
    jne     2f
    mov     ebx, edx
2:  test    cl, cl
    jnz     1b
    mov     esi, edi
    mov     ebp, ASIDE_TRIES
.Lfile_open_aside_next:
    inc     dword ptr [aside_number]
    mov     ecx, [aside_number]
    SNPRINTF ebx, FILE_ASIDE_BYTES, ".%08x.part", ecx
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE
    call    file_open
    jnc     .Lfile_open_aside_done
    cmp     eax, ERROR_EXISTS
    jne     .Lfile_open_aside_failed
    dec     ebp
    jnz     .Lfile_open_aside_next
.Lfile_open_aside_failed:
    stc
.Lfile_open_aside_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Ends what file_open_aside began: the file takes the other's place when all of it is on stable storage. May sleep.
# In: EAX handle, which is closed, ESI its path, EDI path of the other; EDX error, if it was not written well (then it
# is removed), or 0.
# Out: CF and EAX error; then the other is as it was.
.global file_close_aside
file_close_aside:
    push    ebx
    mov     ebx, eax
    mov     eax, edx
    test    edx, edx
    jnz     2f
    mov     eax, ebx
    call    file_sync
    jnc     1f
2:  push    eax
    mov     eax, ebx
    call    file_close
    jmp     3f
1:  mov     eax, ebx
    call    file_close
    call    file_rename
    jnc     4f
    push    eax
3:  call    file_unlink
    pop     eax
    pop     ebx
    stc
    ret
4:  xor     eax, eax
    pop     ebx
    jmp     file_sync
