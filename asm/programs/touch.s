# Makes empty files.

.include "program.inc"

DESCRIPTION "PATH...", "make empty files"
DETAIL "Of a file that is there it sets the time of the last change."

.text

# Takes paths.
.global _start
_start:
    lea     eax, [esp + 8]
    mov     edx, offset touch
    jmp     each_path

# Makes an empty file, or sets the time of one that is there by writing nothing to it: a new one has its time.
# In: EAX path.
# Out: EAX negated error code, EDX path.
touch:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    xor     edi, edi                    # EDI: how it went
    SYSTEM  open, esi, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE
    test    eax, eax
    jns     .Ltouch_close
    cmp     eax, -ERROR_EXISTS
    jne     .Ltouch_done
    SYSTEM  open, esi, FILE_WRITE
    test    eax, eax
    js      .Ltouch_done
    push    eax
    SYSTEM  write, eax, 0, 0
    mov     edi, eax
    pop     eax
.Ltouch_close:
    SYSTEM  close, eax
    mov     eax, edi
.Ltouch_done:
    mov     edx, esi
    pop     edi
    pop     esi
    pop     ebx
    ret
