# Commands about the machine as a whole: screen, time, memory.

.include "macros.inc"
.include "pages.inc"
.include "tasks.inc"

ECHO_PIECE      = 2048                  # characters; a print that is redirected must fit into a buffer

.text

# Shell command: clears the screen.
# Out: EAX status 0.
command_cls:
    call    console_clear
    xor     eax, eax
    ret

# Shell command: prints its arguments, in one piece if they are not very many.
# In: EAX argc, EDX argv.
# Out: EAX status 0.
command_echo:
    push    ebx
    push    esi
    push    edi
    push    ebp
    lea     ebx, [edx + 4]
    mov     ebp, 1                      # EBP: 1 when a new line is to begin after the last
    mov     esi, [ebx]
    test    esi, esi
    jz      .Lcommand_echo_piece
    mov     eax, esi
    LOAD_STRING edx, "-n"
    call    string_compare
    je      1f
    mov     eax, esi
    LOAD_STRING edx, "--n"
    call    string_compare
    jne     .Lcommand_echo_piece
1:  dec     ebp
    add     ebx, 4
.Lcommand_echo_piece:
    mov     edi, ECHO_PIECE
    pushfd
    call    console_begin
.Lcommand_echo_word:
    mov     esi, [ebx]
    test    esi, esi
    jz      .Lcommand_echo_end
.Lcommand_echo_letter:
    lodsb
    test    al, al
    jz      .Lcommand_echo_next
    call    console_put
    dec     edi
    jns     .Lcommand_echo_letter
    call    console_end                 # a long word is printed in pieces, too
    popfd
    mov     edi, ECHO_PIECE
    pushfd
    call    console_begin
    jmp     .Lcommand_echo_letter
.Lcommand_echo_next:
    add     ebx, 4
    cmp     dword ptr [ebx], 0
    je      .Lcommand_echo_end
    mov     al, ' '
    call    console_put
    test    edi, edi
    jns     .Lcommand_echo_word
    call    console_end
    popfd
    jmp     .Lcommand_echo_piece
.Lcommand_echo_end:
    test    ebp, ebp
    jz      2f
    mov     al, 10
    call    console_put
2:  call    console_end
    popfd
    xor     eax, eax
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Shell command: succeeds.
# Out: EAX status 0.
command_true:
    xor     eax, eax
    ret

# Shell command: fails.
# Out: EAX status 1.
command_false:
    mov     eax, 1
    ret

# Shell command: prints the time since boot.
# Out: EAX status 0.
command_uptime:
    PRINT   "up "
    call    uptime_print
    PRINT   "\n"
    xor     eax, eax
    ret

# Mem [check].
command_mem:
    cmp     eax, 1
    je      .Lcommand_mem_show
    cmp     eax, 3
    je      .Lcommand_mem_fail
    cmp     eax, 2
    jne     .Lcommand_mem_usage
    push    ebx
    push    esi
    mov     ebx, [edx + 4]
    mov     esi, offset mem_words
1:  mov     edx, [esi]
    cmp     edx, 1
    jc      2f
    mov     eax, ebx
    call    string_compare
    je      2f                          # CF is clear
    add     esi, 8
    jmp     1b
2:  mov     ecx, [esi + 4]
    pop     esi
    pop     ebx
    jc      .Lcommand_mem_usage
    call    ecx
    xor     eax, eax
    ret
.Lcommand_mem_show:
    push    ebx
    mov     eax, [pages_total]
    mov     ecx, [pages_free]
    mov     edx, eax
    sub     edx, ecx
    shl     eax, 2                      # KiB
    shl     ecx, 2
    shl     edx, 2
    PRINTF  "pages   %8u KiB  used %8u KiB  free %8u KiB\n", eax, edx, ecx
    xor     ebx, ebx
    PRINT   "of these"
1:  mov     eax, [pages_used_for + ebx*4]
    shl     eax, 2
    PRINTF  "  %s %u KiB", [page_use_names+ebx*4], eax
    inc     ebx
    cmp     ebx, PAGES_USES
    jb      1b
    PRINT   "\n"
    call    heap_stats
    mov     ebx, eax
    sub     ebx, edx
    shr     eax, 10
    PRINTF  "heap    %8u KiB  used %8u bytes in %u blocks  free %u bytes\n", eax, edx, ecx, ebx
    mov     eax, offset kernel_text
    mov     edx, offset kernel_end
    mov     ecx, offset kernel_text_end
    sub     ecx, eax
    mov     ebx, edx
    sub     ebx, eax
    PRINTF  "kernel  %08x-%08x  code %u bytes  all %u bytes\n", eax, edx, ecx, ebx
    xor     eax, eax
    pop     ebx
    ret
.Lcommand_mem_fail:
    push    edx
    mov     eax, [edx + 4]
    mov     edx, offset mem_word_fail
    call    string_compare
    pop     edx
    jne     .Lcommand_mem_usage
    mov     eax, [edx + 8]
    call    parse_number
    jc      .Lcommand_mem_usage
    call    refuse_begin
    xor     eax, eax
    ret
.Lcommand_mem_usage:
    PRINT   "usage: mem [owners|check|callers|mark|leaks|fail [NUMBER]]\n"
    mov     eax, 2
    ret

# Verifies the heap.
mem_check:
    call    heap_check
    PRINTF  "heap: %u blocks, all headers agree\n", eax
    ret

SHELL_COMMAND "cls", command_cls, "", "clear the screen", GROUP_SHELL
SHELL_COMMAND "echo", command_echo, "[-n] [WORD...]", "print words", GROUP_SHELL
SHELL_COMMAND "true", command_true, "", "succeed", GROUP_SHELL
SHELL_COMMAND "false", command_false, "", "fail", GROUP_SHELL
SHELL_COMMAND "uptime", command_uptime, "", "show the time since boot", GROUP_SYSTEM
SHELL_COMMAND "mem", command_mem, "[owners|check|callers|mark|leaks|fail [NUMBER]]", "show the use of memory", GROUP_SYSTEM, mem_text

.macro PAGE_USE name:req
    .pushsection .rodata.str, "a", @progbits
.Luse\@: .asciz "\name"
    .popsection
    .long   .Luse\@
.endm

.section .rodata
.balign 4
mem_words:                                  # word, routine; the last has neither
    .long   mem_word_check, mem_check, mem_word_callers, callers_show, mem_word_mark, callers_mark
    .long   mem_word_leaks, callers_leaks, mem_word_fail, refuse_show, mem_word_owners, accounts_show, 0, 0
STRING mem_word_owners, "owners"
STRING mem_word_fail, "fail"
STRING mem_word_check, "check"
STRING mem_word_callers, "callers"
STRING mem_word_mark, "mark"
STRING mem_word_leaks, "leaks"
page_use_names:                             # in the order of pages.inc
    PAGE_USE "other"
    PAGE_USE "heap"
    PAGE_USE "stacks"
    PAGE_USE "tables"
    PAGE_USE "programs"
    PAGE_USE "drivers"
    PAGE_USE "file systems"
mem_text:
    .ascii  "mem owners lists who has how many pages, and has had at most: parts of the kernel, tasks, programs,\n"
    .ascii  "services, modules. One that has ended is listed until its last page has gone back.\n"
    .ascii  "mem check verifies the headers of all blocks of the heap; a damaged one stops the machine.\n"
    .ascii  "mem callers lists who asked for the blocks that are in use. mem mark remembers them, and\n"
    .ascii  "mem leaks shows whose have become more since then. mem fail 3 lets the third allocation from now on\n"
    .asciz  "fail, to try what its caller does; mem fail says which one that was.\n"
