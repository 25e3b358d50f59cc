# Copies a file.

.include "program.inc"

DESCRIPTION "PATH NEW", "copy a file"
DETAIL "When NEW is a directory, the copy goes into it. It is called NEW.part until it is whole."

.text

# Takes a path and the new one.
.global _start
_start:
    mov     eax, esp
    mov     edx, offset copy
    jmp     two_paths

# Copies it. The copy has another name until it is whole: what was there before stays until then, and may be what is
# copied, by another spelling.
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
    mov     eax, ebp
    call    part_name
    jc      .Lcopy_done
    SYSTEM  open, esi, FILE_READ
    test    eax, eax
    js      .Lcopy_done
    mov     esi, eax                    # ESI: handle of the file, EDI: of the copy
    SYSTEM  open, "offset part", OPEN_NEW
    test    eax, eax
    js      .Lcopy_done
    mov     edi, eax
.Lcopy_next:
    SYSTEM  read, esi, "offset input_buffer", INPUT_BYTES
    test    eax, eax
    js      .Lcopy_failed
    jz      .Lcopy_whole
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
    pop     eax
.Lcopy_remove:
    push    eax
    SYSTEM  unlink, "offset part"
    pop     eax
.Lcopy_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Lcopy_whole:
    SYSTEM  close, esi                  # not every file system renames what is open
    SYSTEM  close, edi
    SYSTEM  rename, "offset part", ebp
    test    eax, eax
    jns     .Lcopy_done
    jmp     .Lcopy_remove

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
