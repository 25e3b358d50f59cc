# Redirection: what a command of the shell prints goes to a file instead of the console. What it says about its own
# mistakes does not.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"

BUFFER_BYTES    = 8192

.bss
.balign 4
redirect_task:      .skip 4             # task whose output goes to the file, 0: none
redirect_active:    .skip 4             # 1 during one of its prints
redirect_buffer:    .skip 4
redirect_fill:      .skip 4
redirect_file:      .skip 4             # handle
redirect_error:     .skip 4             # the first

.text

# Sends the output of the running task to a file from here on.
# In: ESI path, ECX FILE_* flags.
# Out: CF and EAX error.
.global redirect_open
redirect_open:
    call    file_open
    jc      1f
    mov     [redirect_file], eax
    mov     eax, BUFFER_BYTES
    call    malloc
    jc      2f
    mov     [redirect_buffer], eax
    xor     eax, eax
    mov     [redirect_fill], eax
    mov     [redirect_error], eax
    mov     eax, [task_current]
    mov     [redirect_task], eax
    clc
1:  ret
2:  push    eax
    mov     eax, [redirect_file]
    call    file_close
    pop     eax
    stc
    ret

# Ends it: what is left goes to the file.
# Out: CF and EAX the first error.
.global redirect_close
redirect_close:
    call    redirect_flush
    mov     dword ptr [redirect_task], 0
    mov     eax, [redirect_file]
    call    file_close
    mov     eax, [redirect_buffer]
    call    mfree
    mov     eax, [redirect_error]
    cmp     eax, 1
    cmc
    ret

# Writes what has gathered.
redirect_flush:
    push    esi
    xor     eax, eax
    xchg    eax, [redirect_task]        # what is said meanwhile is for the console
    push    eax
    mov     esi, [redirect_buffer]
    xor     ecx, ecx
    xchg    ecx, [redirect_fill]
    cmp     dword ptr [redirect_error], 0
    jne     2f
    jecxz   2f
    push    ecx
    mov     eax, [redirect_file]
    call    file_write
    pop     ecx
    jc      1f
    cmp     eax, ecx
    mov     eax, ERROR_NO_SPACE
    je      2f
1:  mov     [redirect_error], eax
2:  pop     [redirect_task]
    pop     esi
    ret

# Before a print: makes room, if the output of the running task goes to a file. May sleep.
# Out: ZF clear when so.
# Clobbers: EAX, ECX, EDX only.
.global redirect_begin
redirect_begin:
    mov     eax, [redirect_task]
    test    eax, eax
    jz      2f
    cmp     eax, [task_current]
    jne     1f
    cmp     dword ptr [redirect_fill], BUFFER_BYTES / 2
    jb      3f
    call    redirect_flush
3:  cli
    mov     dword ptr [redirect_active], 1
    test    esp, esp
    ret
1:  xor     eax, eax
2:  ret

# After a print.
# Out: ZF clear when it went to the file.
# Clobbers: EAX only.
.global redirect_end
redirect_end:
    xor     eax, eax
    xchg    eax, [redirect_active]
    test    eax, eax
    ret

# Takes a character, if the print goes to a file. Interrupts off.
# In: AL.
# Out: ZF clear when so.
# Clobbers: ECX, EDX only.
.global redirect_put
redirect_put:
    cmp     dword ptr [redirect_active], 0
    je      1f
    mov     ecx, [redirect_fill]
    cmp     ecx, BUFFER_BYTES
    jae     2f
    mov     edx, [redirect_buffer]
    mov     [edx + ecx], al
    inc     dword ptr [redirect_fill]
    test    esp, esp
1:  ret
2:  mov     dword ptr [redirect_error], ERROR_TOO_LONG  # one print was longer than the buffer
    test    esp, esp
    ret

# Prints what follows on the console, whatever was redirected, until redirect_resume.
# Out: EAX what redirect_resume takes.
# Clobbers: EAX only.
.global redirect_suspend
redirect_suspend:
    xor     eax, eax
    xchg    eax, [redirect_task]
    ret

# Ends redirect_suspend.
# In: EAX.
# Clobbers: none.
.global redirect_resume
redirect_resume:
    mov     [redirect_task], eax
    ret
