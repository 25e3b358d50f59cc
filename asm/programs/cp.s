# Copies a file.

.include "program.inc"

DESCRIPTION "PATH NEW", "copy a file"
DETAIL "When NEW is a directory, the copy goes into it. A copy that fails is removed."

.text

# Takes a path and the new one.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset copy
    jmp     two_paths

# Copies it.
# In: EAX path, EDX path of the copy.
# Out: EAX negated error code.
copy:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    call    same_text
    mov     eax, -ERROR_EXISTS
    je      .Lcopy_done
    SYSTEM  open, esi, OPEN_READ
    test    eax, eax
    js      .Lcopy_done
    mov     esi, eax                    # ESI: handle of the file, EDI: of the copy
    SYSTEM  open, ebp, OPEN_NEW
    test    eax, eax
    js      .Lcopy_done
    mov     edi, eax
.Lcopy_next:
    SYSTEM  read, esi, "offset input_buffer", INPUT_BYTES
    test    eax, eax
    js      .Lcopy_failed
    jz      .Lcopy_done
    mov     ecx, eax
    mov     edx, offset input_buffer
    mov     eax, edi
    call    write_all
    jnc     .Lcopy_next
    test    eax, eax
    js      .Lcopy_failed
    mov     eax, -ERROR_NO_SPACE        # nothing more was taken
.Lcopy_failed:
    push    eax
    SYSTEM  close, edi
    SYSTEM  unlink, ebp
    pop     eax
.Lcopy_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether two strings are equal.
# In: EAX and EDX strings.
# Out: ZF set when they are.
same_text:
    mov     cl, [eax]
    cmp     cl, [edx]
    jne     1f
    inc     eax
    inc     edx
    test    cl, cl
    jnz     same_text
1:  ret
