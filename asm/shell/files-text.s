# Commands that read files: head, tail, wc, grep, hexdump.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"

READER_BYTES    = 4096

# A file that is read byte by byte.
READER_HANDLE   = 0
READER_AT       = 4                     # next byte in the buffer
READER_END      = 8
READER_ERROR    = 12                    # why there are no more bytes, 0 at the end
READER_BUFFER   = 16
READER_TEXT     = READER_BUFFER + READER_BYTES
READER_SIZE     = READER_TEXT + READER_BYTES

.section .rodata
head_help:
    .asciz  "head -20 PATH shows the first 20 lines, head PATH ten.\n"
tail_help:
    .asciz  "tail -20 PATH shows the last 20 lines, tail PATH ten.\n"
wc_help:
    .asciz  "Prints the numbers of lines, words and bytes.\n"
grep_help:
    .asciz  "Prints the lines that hold TEXT as it is; of a line longer than 4 KiB its beginning.\n"

SHELL_COMMAND "head", head_command, "[-LINES] PATH", "show the beginning of a file", GROUP_FILES, head_help
SHELL_COMMAND "tail", tail_command, "[-LINES] PATH", "show the end of a file", GROUP_FILES, tail_help
SHELL_COMMAND "wc", wc_command, "PATH", "count lines, words and bytes", GROUP_FILES, wc_help
SHELL_COMMAND "grep", grep_command, "TEXT PATH", "show the lines that hold a text", GROUP_FILES, grep_help
SHELL_COMMAND "hexdump", hexdump_command, "PATH", "show a file in hexadecimal", GROUP_FILES

.text

# Opens a file to be read byte by byte, and says so when that cannot be.
# In: ESI path.
# Out: EBX reader; CF.
reader_open:
    call    break_clear
    mov     eax, READER_SIZE
    call    malloc
    jc      1f
    mov     ebx, eax
    mov     ecx, FILE_READ
    call    file_open
    jc      2f
    mov     [ebx + READER_HANDLE], eax
    ret
2:  push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
1:  call    path_complain
    stc
    ret

# Closes it, and says so when it could not be read to its end.
# In: EBX reader, ESI path.
# Out: EAX status.
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
reader_byte:
    push    edx
    mov     edx, [ebx + READER_AT]
    cmp     edx, [ebx + READER_END]
    jae     2f
1:  mov     al, [ebx + READER_BUFFER + edx]
    inc     dword ptr [ebx + READER_AT]
    pop     edx
    clc
    ret
2:  push    ecx
    push    edi
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      3f
    mov     eax, [ebx + READER_HANDLE]
    lea     edi, [ebx + READER_BUFFER]
    mov     ecx, READER_BYTES
    call    file_read
    jc      3f
    mov     [ebx + READER_END], eax
    mov     dword ptr [ebx + READER_AT], 0
    cmp     eax, 1                      # CF at the end
    pop     edi
    pop     ecx
    mov     edx, 0
    jnc     1b
    pop     edx
    ret
3:  mov     [ebx + READER_ERROR], eax
    pop     edi
    pop     ecx
    pop     edx
    ret

# Takes the arguments of head and tail.
# In: EAX argc, EDX argv.
# Out: EDI lines, ESI path; CF when they are wrong, and EAX is the status.
lines_arguments:
    mov     edi, 10
    mov     esi, [edx + 4]
    cmp     eax, 2
    je      1f
    cmp     eax, 3
    jne     2f
    cmp     byte ptr [esi], '-'
    jne     2f
    push    edx
    lea     eax, [esi + 1]
    call    parse_number
    mov     ecx, edx
    pop     edx
    jc      2f
    cmp     byte ptr [ecx], 0
    jne     2f
    mov     edi, eax
    mov     esi, [edx + 8]
1:  clc
    ret
2:  call    command_misused
    stc
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
head_command:
    push    ebx
    push    esi
    push    edi
    call    lines_arguments
    jc      9f
    call    reader_open
    jc      9f
1:  test    edi, edi
    jz      3f
    call    reader_byte
    jc      3f
    call    print_char
    cmp     al, 10
    jne     1b
    dec     edi
    jmp     1b
3:  call    reader_close
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
tail_command:
    push    ebx
    push    esi
    push    edi
    push    ebp
    call    lines_arguments
    jc      .Ltail_command_done
    call    reader_open
    jc      .Ltail_command_done
    xor     ebp, ebp                    # EBP: lines of the file
.Ltail_command_count:
    call    reader_byte
    jc      .Ltail_command_counted
    cmp     al, 10
    jne     .Ltail_command_count
    inc     ebp
    jmp     .Ltail_command_count
.Ltail_command_counted:
    cmp     dword ptr [ebx + READER_ERROR], 0
    jne     .Ltail_command_close
    push    ebx
    mov     eax, [ebx + READER_HANDLE]  # again from the start, and past the first lines
    xor     edx, edx
    xor     ecx, ecx
    mov     ebx, SEEK_START
    call    file_seek
    pop     ebx
    mov     dword ptr [ebx + READER_AT], 0
    mov     dword ptr [ebx + READER_END], 0
    sub     ebp, edi
    jbe     .Ltail_command_show
.Ltail_command_skip:
    call    reader_byte
    jc      .Ltail_command_close
    cmp     al, 10
    jne     .Ltail_command_skip
    dec     ebp
    jnz     .Ltail_command_skip
.Ltail_command_show:
    call    reader_byte
    jc      .Ltail_command_close
    call    print_char
    jmp     .Ltail_command_show
.Ltail_command_close:
    call    reader_close
.Ltail_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
wc_command:
    FRAME   12
    push    ebx
    push    esi
    push    edi
    # Locals: -4 lines, -8 words, -12 bytes
    cmp     eax, 2
    je      .Lwc_command_path
    call    command_misused
    jmp     .Lwc_command_done
.Lwc_command_path:
    mov     esi, [edx + 4]
    call    reader_open
    jc      .Lwc_command_done
    xor     eax, eax
    mov     [ebp - 4], eax
    mov     [ebp - 8], eax
    mov     [ebp - 12], eax
    xor     edi, edi                    # EDI: 1 in a word
.Lwc_command_next:
    call    reader_byte
    jc      .Lwc_command_end
    inc     dword ptr [ebp - 12]
    cmp     al, 10
    jne     .Lwc_command_blank
    inc     dword ptr [ebp - 4]
.Lwc_command_blank:
    cmp     al, ' '
    ja      .Lwc_command_word
    xor     edi, edi
    jmp     .Lwc_command_next
.Lwc_command_word:
    test    edi, edi
    jnz     .Lwc_command_next
    inc     edi
    inc     dword ptr [ebp - 8]
    jmp     .Lwc_command_next
.Lwc_command_end:
    call    reader_close
    test    eax, eax
    jnz     .Lwc_command_done
    PRINTF  "%7u %7u %7u %s\n", [ebp-4], [ebp-8], [ebp-12], esi
.Lwc_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status: 1 when no line has it.
grep_command:
    push    ebx
    push    esi
    push    edi
    push    ebp
    cmp     eax, 3
    je      .Lgrep_command_path
    call    command_misused
    jmp     .Lgrep_command_done
.Lgrep_command_path:
    mov     edi, [edx + 4]              # EDI: text
    mov     esi, [edx + 8]
    call    reader_open
    jc      .Lgrep_command_done
    mov     ebp, 1                      # EBP: status
.Lgrep_command_line:
    xor     ecx, ecx
.Lgrep_command_byte:
    call    reader_byte
    jc      .Lgrep_command_last
    cmp     al, 10
    je      .Lgrep_command_look
    cmp     ecx, READER_BYTES - 1
    jae     .Lgrep_command_byte
    mov     [ebx + READER_TEXT + ecx], al
    inc     ecx
    jmp     .Lgrep_command_byte
.Lgrep_command_look:
    call    grep_line
    jmp     .Lgrep_command_line
.Lgrep_command_last:
    jecxz   .Lgrep_command_close
    call    grep_line
.Lgrep_command_close:
    call    reader_close
    or      eax, ebp
.Lgrep_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints a line when it holds the text.
# In: EBX reader with the line, ECX its bytes, EDI text.
# Out: EBP = 0 when it does.
grep_line:
    push    esi
    mov     byte ptr [ebx + READER_TEXT + ecx], 0
    lea     esi, [ebx + READER_TEXT]
1:  mov     eax, esi
    mov     edx, edi
    call    string_prefix
    je      2f
    cmp     byte ptr [esi], 0
    je      3f
    inc     esi
    jmp     1b
2:  lea     eax, [ebx + READER_TEXT]
    PRINTF  "%s\n", eax
    xor     ebp, ebp
3:  pop     esi
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
hexdump_command:
    push    ebx
    push    esi
    push    edi
    cmp     eax, 2
    je      1f
    call    command_misused
    jmp     9f
1:  mov     esi, [edx + 4]
    call    reader_open
    jc      9f
    xor     edi, edi
2:  call    reader_byte
    jc      8f
    mov     eax, ebx
    mov     edx, [ebx + READER_END]
    lea     eax, [ebx + READER_BUFFER]
    mov     ecx, edi
    add     edi, edx
    mov     [ebx + READER_AT], edx      # the whole buffer at once
    call    cat_hex
    jmp     2b
8:  call    reader_close
9:  pop     edi
    pop     esi
    pop     ebx
    ret
