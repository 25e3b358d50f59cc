# Shows the end of a file or of input.

.include "program.inc"
.include "file.inc"

KEPT_BYTES      = 0x10000               # of input

FOLLOW_MS       = 200                   # between looks at a file that is followed

DESCRIPTION "[-f] [-LINES] [PATH]", "show the end of a file"
DETAIL "tail -20 PATH, or tail -n 20 PATH, shows the last 20 lines, tail PATH ten; without a path, of its input, of"
DETAIL "which it keeps 64 KiB. -f shows what is written to the file from then on, too, until Ctrl-C."

.text

# Takes how many lines, and a path.
.global _start
_start:
    lea     eax, [esp + 4]
    call    take_follow
    call    lines_arguments
    mov     edi, edx                    # EDI: lines
    mov     esi, eax
    call    input_open
    jc      finish
    test    esi, esi
    jz      .Linput
    mov     [path_followed], esi
    mov     eax, offset position        # of a file only the end is read, block by block backwards
    mov     edx, SEEK_END
    call    input_seek
    jc      finish
    test    edi, edi
    jz      finish
    mov     ebp, 1                      # EBP: 1 before the last byte, which ends its line, not one before it
.Lblock:
    mov     esi, [position]             # ESI: bytes of the block
    cmp     dword ptr [position + 4], 0
    jne     1f
    test    esi, esi
    jz      .Lfound                     # there are no more lines
    cmp     esi, INPUT_BYTES
    jbe     2f
1:  mov     esi, INPUT_BYTES
2:  sub     [position], esi
    sbb     dword ptr [position + 4], 0
    call    .Lgo
    jc      finish
    call    input_fill
    jc      finish
    cmp     eax, esi
    jb      finish                      # it has become shorter
.Lbefore:
    cmp     byte ptr [input_buffer + esi - 1], 10
    jne     3f
    test    ebp, ebp
    jnz     3f
    dec     edi
    jz      .Lfound_here
3:  xor     ebp, ebp
    dec     esi
    jnz     .Lbefore
    jmp     .Lblock
.Lfound_here:
    add     [position], esi
    adc     dword ptr [position + 4], 0
.Lfound:
    call    .Lgo
    jc      finish
.Lshow_rest:
    call    input_byte
    jc      .Lfollow
    call    out_byte
    jmp     .Lshow_rest

# The file that is followed: what is written at its end is shown; when it has become shorter, all of it.
.Lfollow:
    cmp     dword ptr [follows], 0
    je      finish
    cmp     dword ptr [output_status], 0
    jne     finish                      # it could not be read
    call    out_flush
    mov     dword ptr [position], 0
    mov     dword ptr [position + 4], 0
    mov     eax, offset position
    mov     edx, SEEK_POSITION
    call    input_seek
    jc      finish
    SYSTEM  sleep, FOLLOW_MS
    mov     ebx, [path_followed]
    SYSTEM  stat, ebx, "offset about"
    test    eax, eax
    js      .Lshow_rest                          # it has another name, or none
    mov     eax, [about + STAT_BYTES]
    mov     edx, [about + STAT_BYTES + 4]
    sub     eax, [position]
    sbb     edx, [position + 4]
    jnc     .Lshow_rest
    mov     dword ptr [position], 0
    mov     dword ptr [position + 4], 0
    call    .Lgo
    jc      finish
    jmp     .Lshow_rest

# Goes to `position`.
# Out: CF when that cannot be.
.Lgo:
    mov     eax, offset position
    mov     edx, SEEK_START
    jmp     input_seek

# Takes -f away, wherever it stands before the path.
# In: EAX address of the address of the program's name.
# Out: EAX the same.
# Clobbers: ECX, EDX.
take_follow:
    lea     edx, [eax + 4]
1:  mov     ecx, [edx]
    jecxz   3f
    add     edx, 4
    cmp     word ptr [ecx], '-' + ('f' << 8)
    jne     1b
    cmp     byte ptr [ecx + 2], 0
    jne     1b
    mov     dword ptr [follows], 1
2:  mov     ecx, [edx]
    mov     [edx - 4], ecx
    add     edx, 4
    test    ecx, ecx
    jnz     2b
3:  ret

# Input, which is kept until its end.
.Linput:
    xor     ebp, ebp                    # EBP: bytes that were read
.Lkeep:
    call    input_byte
    jc      .Lkept
    mov     ecx, ebp
    and     ecx, KEPT_BYTES - 1
    mov     [kept + ecx], al
    inc     ebp
    jmp     .Lkeep
.Lkept:
    mov     edx, ebp                    # EDX: where the lines begin; back from the end, past its line end
    sub     edi, 1
    jb      finish
    sub     edx, 1
    jb      finish
.Lback:
    mov     eax, ebp
    sub     eax, edx
    cmp     eax, KEPT_BYTES             # what was before is gone
    jae     .Lshow
    test    edx, edx
    jz      .Lshow
    lea     ecx, [edx - 1]
    and     ecx, KEPT_BYTES - 1
    cmp     byte ptr [kept + ecx], 10
    jne     .Lfurther
    sub     edi, 1
    jb      .Lshow
.Lfurther:
    dec     edx
    jmp     .Lback
.Lshow:
    cmp     edx, ebp
    jae     finish
    mov     ecx, edx
    and     ecx, KEPT_BYTES - 1
    mov     al, [kept + ecx]
    call    out_byte
    inc     edx
    jmp     .Lshow

.bss
.balign 4
position:       .space 8                # in a file
follows:        .space 4                # 1: -f
path_followed:  .space 4
about:          .space STAT_SIZE
kept:           .space KEPT_BYTES       # the latest of them, in a ring
