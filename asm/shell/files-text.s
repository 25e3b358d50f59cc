# Commands that read files: head, tail, wc, grep, hexdump.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "tasks.inc"
.include "cpu.inc"
.include "shell.inc"

READER_BYTES    = 4096
TAIL_BYTES      = 16                    # pages of a stream that tail keeps

# What grep looks for.
GREP_TEXT       = 0
GREP_STATUS     = 4                     # 0 when a line had it

# A file that is read byte by byte.
READER_HANDLE   = 0
READER_AT       = 4                     # next byte in the buffer
READER_END      = 8
READER_ERROR    = 12                    # why there are no more bytes, 0 at the end
READER_STREAM   = 16                    # stream that is read instead of a file, or 0
READER_BUFFER   = 20
READER_TEXT     = READER_BUFFER + READER_BYTES
READER_SIZE     = READER_TEXT + READER_BYTES

.section .rodata
head_help:
    .asciz  "head -20 PATH shows the first 20 lines, head PATH ten; without a path, of its input.\n"
tail_help:
    .ascii  "tail -20 PATH shows the last 20 lines, tail PATH ten; without a path, of its input, of which it keeps\n"
    .asciz  "64 KiB.\n"
wc_help:
    .asciz  "Prints the numbers of lines, words and bytes, without a path of its input.\n"
grep_help:
    .asciz  "Prints the lines that hold TEXT as it is, without a path of its input; of a line longer than 4 KiB its beginning.\n"

SHELL_COMMAND "head", head_command, "[-LINES] [PATH]", "show the beginning of a file", GROUP_FILES, head_help
SHELL_COMMAND "tail", tail_command, "[-LINES] [PATH]", "show the end of a file", GROUP_FILES, tail_help
SHELL_COMMAND "wc", wc_command, "[PATH...]", "count lines, words and bytes", GROUP_FILES, wc_help
SHELL_COMMAND "grep", grep_command, "TEXT [PATH...]", "show the lines that hold a text", GROUP_FILES, grep_help
SHELL_COMMAND "hexdump", hexdump_command, "PATH", "show a file in hexadecimal", GROUP_FILES

.text

# Opens a file to be read byte by byte, and says so when that cannot be.
# In: ESI path, or 0 for what the command's input is.
# Out: EBX reader; CF and EAX the status.
.global reader_open
reader_open:
    call    break_clear
    mov     eax, READER_SIZE
    call    malloc
    jc      .Lreader_open_failed
    mov     ebx, eax
    test    esi, esi
    jz      .Lreader_open_input
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lreader_open_free
    mov     [ebx + READER_HANDLE], eax
    ret
.Lreader_open_input:
    call    reader_input
    mov     [ebx + READER_STREAM], eax
    LOAD_STRING esi, "input"
    jnc     .Lreader_open_done
    mov     eax, ERROR_NOT_FOUND
.Lreader_open_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
.Lreader_open_failed:
    call    path_complain
    stc
.Lreader_open_done:
    ret

# What the running command reads when it is given no path.
# Out: EAX stream; CF and 0 when there is nothing.
# Clobbers: EAX only.
reader_input:
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    mov     eax, [eax + CONTEXT_INPUT]
    cmp     eax, 1
    ret

# Closes it, and says so when it could not be read to its end.
# In: EBX reader, ESI path.
# Out: EAX status.
.global reader_close
reader_close:
    mov     eax, [ebx + READER_HANDLE]
    test    eax, eax
    jz      1f
    call    file_close
1:  push    [ebx + READER_ERROR]
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
    mov     eax, [ebx + READER_STREAM]
    test    eax, eax
    jnz     .Lreader_fill_stream
    mov     eax, [ebx + READER_HANDLE]
    call    file_read
    jmp     .Lreader_fill_read
.Lreader_fill_stream:
    call    stream_read
.Lreader_fill_read:
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

# Calls a routine for each path among the arguments, or once for the command's input when there is none.
# In: EDX address of the first argument, EBX what the routine finds there, ECX routine: ESI path or 0, EDI 1 when there
# are several; EAX status. It may clobber EBX and ESI. May sleep.
# Out: EAX status, 0 when it was for all.
.global each_input
each_input:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    edx
    push    ecx
    xor     ebp, ebp                    # EBP: status
    mov     esi, [edx]
    xor     edi, edi
    test    esi, esi
    jz      2f
    cmp     dword ptr [edx + 4], 0
    setne   al
    movzx   edi, al
1:  push    ebx
    call    [esp + 4]
    pop     ebx
    or      ebp, eax
    add     dword ptr [esp + 4], 4
    mov     edx, [esp + 4]
    mov     esi, [edx]
    test    esi, esi
    jz      3f
    call    break_check
    jnc     1b
    jmp     3f
2:  call    [esp]
    mov     ebp, eax
3:  mov     eax, ebp
    pop     ecx
    pop     edx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes the arguments of head and tail.
# In: EAX argc, EDX argv.
# Out: EDI lines, ESI path; CF when they are wrong, and EAX is the status.
lines_arguments:
    mov     edi, 10
    mov     esi, [edx + 4]              # 0 when there is none: the command's input
    cmp     eax, 2
    jb      2f
    cmp     byte ptr [esi], '-'
    jne     1f
    push    eax
    push    edx
    lea     eax, [esi + 1]
    call    parse_number
    mov     edi, eax
    mov     al, [edx]
    pop     edx
    pop     ecx
    jc      3f
    test    al, al
    jnz     3f
    mov     esi, [edx + 8]
    lea     eax, [ecx - 1]
1:  cmp     eax, 2
    ja      3f
2:  clc
    ret
3:  call    command_misused
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
    cmp     dword ptr [ebx + READER_STREAM], 0
    jne     .Ltail_command_stream
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
.Ltail_command_stream:
    call    tail_stream
.Ltail_command_close:
    call    reader_close
.Ltail_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the last lines of a stream, which is kept in memory until its end.
# In: EBX reader, EDI lines.
# Clobbers: EBP too.
tail_stream:
    push    esi
    push    edi
    xor     ebp, ebp                    # EBP: bytes that were read
    mov     eax, TAIL_BYTES
    call    page_alloc
    jc      .Ltail_stream_failed
    mov     esi, eax
.Ltail_stream_byte:
    call    reader_byte
    jc      .Ltail_stream_read
    mov     ecx, ebp
    and     ecx, TAIL_BYTES * PAGE_SIZE - 1
    mov     [esi + ecx], al
    inc     ebp
    jmp     .Ltail_stream_byte
.Ltail_stream_read:
    mov     edx, ebp                    # EDX: where the lines begin; back from the end, past its line end
    xor     eax, eax
    sub     eax, 1
    add     eax, [esp]                  # a line end more than there are lines
    js      .Ltail_stream_free
    mov     edi, eax
    sub     edx, 1
    jb      .Ltail_stream_free
.Ltail_stream_back:
    mov     eax, ebp
    sub     eax, edx
    cmp     eax, TAIL_BYTES * PAGE_SIZE # what was before is gone
    jae     .Ltail_stream_show
    test    edx, edx
    jz      .Ltail_stream_show
    lea     ecx, [edx - 1]
    and     ecx, TAIL_BYTES * PAGE_SIZE - 1
    cmp     byte ptr [esi + ecx], 10
    jne     .Ltail_stream_further
    sub     edi, 1
    jb      .Ltail_stream_show
.Ltail_stream_further:
    dec     edx
    jmp     .Ltail_stream_back
.Ltail_stream_show:
    cmp     edx, ebp
    jae     .Ltail_stream_free
    mov     ecx, edx
    and     ecx, TAIL_BYTES * PAGE_SIZE - 1
    mov     al, [esi + ecx]
    call    print_char
    inc     edx
    jmp     .Ltail_stream_show
.Ltail_stream_free:
    mov     eax, esi
    mov     edx, TAIL_BYTES
    call    page_free
    jmp     .Ltail_stream_done
.Ltail_stream_failed:
    mov     [ebx + READER_ERROR], eax
.Ltail_stream_done:
    pop     edi
    pop     esi
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
wc_command:
    add     edx, 4
    mov     ecx, offset wc_path
    jmp     each_input

# Counts one file.
# In: ESI path or 0.
# Out: EAX status.
wc_path:
    FRAME   12
    push    edi
    # Locals: -4 lines, -8 words, -12 bytes
    push    esi
    call    reader_open
    pop     edx
    jc      .Lwc_path_done
    push    edx
    xor     eax, eax
    mov     [ebp - 4], eax
    mov     [ebp - 8], eax
    mov     [ebp - 12], eax
    xor     edi, edi                    # EDI: 1 in a word
.Lwc_path_next:
    call    reader_byte
    jc      .Lwc_path_end
    inc     dword ptr [ebp - 12]
    cmp     al, 10
    jne     .Lwc_path_blank
    inc     dword ptr [ebp - 4]
.Lwc_path_blank:
    cmp     al, ' '
    ja      .Lwc_path_word
    xor     edi, edi
    jmp     .Lwc_path_next
.Lwc_path_word:
    test    edi, edi
    jnz     .Lwc_path_next
    inc     edi
    inc     dword ptr [ebp - 8]
    jmp     .Lwc_path_next
.Lwc_path_end:
    call    reader_close
    pop     esi
    test    eax, eax
    jnz     .Lwc_path_done
    PRINTF  "%7u %7u %7u", [ebp-4], [ebp-8], [ebp-12]
    test    esi, esi
    jz      .Lwc_path_line
    PRINTF  " %s", esi
.Lwc_path_line:
    PRINT   "\n"
.Lwc_path_done:
    pop     edi
    ENDFRAME
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status: 1 when no line has it, or a file could not be read.
grep_command:
    cmp     eax, 2
    jb      command_misused
    push    ebx
    push    1                           # GREP record: no line has it so far
    push    [edx + 4]
    mov     ebx, esp
    add     edx, 8
    mov     ecx, offset grep_path
    call    each_input
    pop     ecx
    pop     ecx
    or      eax, ecx
    pop     ebx
    ret

# Prints the lines of a file that hold a text.
# In: ESI path or 0, EBX GREP record, EDI 1 when the path goes before each line.
# Out: EAX status.
grep_path:
    FRAME   8
    # Locals: -4 the record, -8 path before the lines or 0
    mov     [ebp - 4], ebx
    mov     [ebp - 8], esi
    test    edi, edi
    jnz     .Lgrep_path_open
    mov     [ebp - 8], edi
.Lgrep_path_open:
    call    reader_open
    jc      .Lgrep_path_done
.Lgrep_path_line:
    xor     ecx, ecx
.Lgrep_path_byte:
    call    reader_byte
    jc      .Lgrep_path_last
    cmp     al, 10
    je      .Lgrep_path_look
    cmp     ecx, READER_BYTES - 1
    jae     .Lgrep_path_byte
    mov     [ebx + READER_TEXT + ecx], al
    inc     ecx
    jmp     .Lgrep_path_byte
.Lgrep_path_look:
    call    grep_line
    jmp     .Lgrep_path_line
.Lgrep_path_last:
    jecxz   .Lgrep_path_close
    call    grep_line
.Lgrep_path_close:
    call    reader_close
.Lgrep_path_done:
    ENDFRAME
    ret

# Prints a line when it holds the text.
# In: EBX reader with the line, ECX its bytes, EBP frame of grep_path.
grep_line:
    push    esi
    push    edi
    mov     byte ptr [ebx + READER_TEXT + ecx], 0
    lea     esi, [ebx + READER_TEXT]
    mov     edi, [ebp - 4]
1:  mov     eax, esi
    mov     edx, [edi + GREP_TEXT]
    call    string_prefix
    je      2f
    cmp     byte ptr [esi], 0
    je      4f
    inc     esi
    jmp     1b
2:  mov     dword ptr [edi + GREP_STATUS], 0
    mov     eax, [ebp - 8]
    test    eax, eax
    jz      3f
    PRINTF  "%s: ", eax
3:  lea     eax, [ebx + READER_TEXT]
    PRINTF  "%s\n", eax
4:  pop     edi
    pop     esi
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
