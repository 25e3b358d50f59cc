# Files that are read byte by byte.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "tasks.inc"

READER_BYTES    = 4096

# A file that is read.
READER_HANDLE   = 0
READER_AT       = 4                     # next byte in the buffer
READER_END      = 8
READER_ERROR    = 12                    # why there are no more bytes, 0 at the end
READER_BUFFER   = 16
READER_SIZE     = READER_BUFFER + READER_BYTES

.text

# Opens a file to be read byte by byte, and says so when that cannot be.
# In: ESI path.
# Out: EBX reader; CF and EAX the status.
.global reader_open
reader_open:
    call    break_clear
    mov     eax, READER_SIZE
    call    malloc
    jc      .Lreader_open_failed
    mov     ebx, eax
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lreader_open_free
    mov     [ebx + READER_HANDLE], eax
    ret
.Lreader_open_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
.Lreader_open_failed:
    call    path_complain
    stc
    ret

# Closes it, and says so when it could not be read to its end.
# In: EBX reader, ESI path.
# Out: EAX status.
.global reader_close
reader_close:
    mov     eax, [ebx + READER_HANDLE]
    call    file_close
    push    [ebx + READER_ERROR]
    mov     eax, ebx
    call    mfree
    pop     eax
    test    eax, eax
    jnz     path_complain
    ret

# The next byte.
# In: EBX reader.
# Out: AL; CF at the end, or when it cannot be read.
# Clobbers: EAX only.
.global reader_byte
reader_byte:
    push    edx
    mov     edx, [ebx + READER_AT]
    cmp     edx, [ebx + READER_END]
    jb      1f
    call    reader_fill
    jc      2f
    xor     edx, edx
1:  mov     al, [ebx + READER_BUFFER + edx]
    inc     dword ptr [ebx + READER_AT]
    clc
2:  pop     edx
    ret

# Reads the next bytes.
# In: EBX reader.
# Out: CF at the end, or when it cannot be read.
# Clobbers: EAX, EDX.
reader_fill:
    push    ecx
    push    edi
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Lreader_fill_failed
    lea     edi, [ebx + READER_BUFFER]
    mov     ecx, READER_BYTES
    mov     eax, [ebx + READER_HANDLE]
    call    file_read
    jc      .Lreader_fill_failed
    mov     [ebx + READER_END], eax
    mov     dword ptr [ebx + READER_AT], 0
    cmp     eax, 1                      # CF at the end
    jmp     .Lreader_fill_done
.Lreader_fill_failed:
    mov     [ebx + READER_ERROR], eax
.Lreader_fill_done:
    pop     edi
    pop     ecx
    ret
