# Prints the lines that hold a text.

.include "program.inc"

LINE_BYTES      = 4096

DESCRIPTION "TEXT [PATH...]", "show the lines that hold a text"
DETAIL "Prints the lines that hold TEXT as it is, without a path of its input; of a line longer than 4 KiB its beginning."

.text

# Takes the text and paths. The status is 1 when no line has it, or a file could not be read.
.global _start
_start:
    cmp     dword ptr [esp], 2
    jb      misused
    mov     eax, [esp + 8]
    mov     [wanted], eax
    lea     eax, [esp + 12]
    mov     edx, offset search
    call    each_input
    cmp     dword ptr [shown], 0
    jne     finish
    mov     dword ptr [output_status], 1
    jmp     finish

# Looks through one file.
# In: EAX path or 0, EDX 1 when the path goes before each line.
search:
    push    ebx
    push    edi
    xor     ebx, ebx
    test    edx, edx
    jz      .Lsearch_open
    mov     ebx, eax                    # EBX: path before the lines, or 0
.Lsearch_open:
    call    input_open
    jc      .Lsearch_done
.Lsearch_line:
    xor     edi, edi                    # EDI: bytes of the line
.Lsearch_byte:
    call    input_byte
    jc      .Lsearch_last
    cmp     al, 10
    je      .Lsearch_look
    cmp     edi, LINE_BYTES - 1
    jae     .Lsearch_byte
    mov     [line + edi], al
    inc     edi
    jmp     .Lsearch_byte
.Lsearch_look:
    call    show_if_wanted
    jmp     .Lsearch_line
.Lsearch_last:
    test    edi, edi
    jz      .Lsearch_close
    call    show_if_wanted
.Lsearch_close:
    call    input_close
.Lsearch_done:
    pop     edi
    pop     ebx
    ret

# Prints a line when it holds the text.
# In: EDI its bytes, EBX path before it, or 0.
show_if_wanted:
    mov     byte ptr [line + edi], 0
    mov     eax, offset line
    mov     edx, [wanted]
    call    text_holds
    jc      2f
    mov     dword ptr [shown], 1
    test    ebx, ebx
    jz      1f
    mov     eax, ebx
    call    out_text
    mov     eax, offset text_colon
    call    out_text
1:  mov     eax, offset line
    call    out_text
    mov     al, 10
    call    out_byte
2:  ret

.section .rodata
text_colon:     .asciz ": "

.bss
.balign 4
wanted:         .space 4                # the text
shown:          .space 4                # 1 when a line had it
line:           .space LINE_BYTES
