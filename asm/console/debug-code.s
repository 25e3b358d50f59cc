# What the debugger shows of code, and of locks.

.include "macros.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "debug.inc"
.include "instruction.inc"

LINES_BEFORE        = 5                     # of code, before the one where the kernel stopped,
LINES_MORE          = 10                    # and from it on
LINES_MOST          = 4096
BACK_MOST           = 4096                  # bytes of a routine that are gone through to find its instructions
BYTES_TEXT          = INSTRUCTION_BYTES*2 + 1

.text

# Prints the instruction at an address in a line: address, bytes, text, and what it names.
# In: EAX address.
# Out: EAX address of the next one.
.global code_line
code_line:
    push    ebx
    push    esi
    push    edi
    FRAME   INSTRUCTION_TEXT_BYTES + BYTES_TEXT + 1
    mov     esi, eax
    call    instruction_decode
    mov     ebx, eax
    jnc     1f
    lea     eax, [ebp - INSTRUCTION_TEXT_BYTES]
    LOAD_STRING edx, "(bad)"
    mov     ecx, INSTRUCTION_TEXT_BYTES
    call    string_copy
    mov     dword ptr [ebx + DECODED_LENGTH], 1
    cmp     dword ptr [ebx + DECODED_COUNT], 0
    jne     2f
    PRINTF  "  %08x  --\n", esi
    inc     esi
    jmp     4f
1:  lea     edx, [ebp - INSTRUCTION_TEXT_BYTES]
    call    instruction_text
2:  lea     edi, [ebp - INSTRUCTION_TEXT_BYTES - BYTES_TEXT]
    xor     esi, esi
3:  movzx   eax, byte ptr [ebx + DECODED_BYTES + esi]
    SNPRINTF edi, 3, "%02x", eax
    add     edi, 2
    inc     esi
    cmp     esi, [ebx + DECODED_LENGTH]
    jb      3b
    lea     ecx, [ebp - INSTRUCTION_TEXT_BYTES]
    lea     edx, [ebp - INSTRUCTION_TEXT_BYTES - BYTES_TEXT]
    PRINTF  "  %08x  %-14s  %s", [ebx+DECODED_ADDRESS], edx, ecx
    mov     eax, [ebx + DECODED_TARGET]
    call    symbol_find
    jc      .Lcode_line_end
    PRINTF  "  <%s+0x%x>", eax, edx
.Lcode_line_end:
    PRINT   "\n"
    add     esi, [ebx + DECODED_ADDRESS]
4:  mov     eax, esi
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints code: from an address on, or around the place where the kernel has stopped.
# In: EBX registers.
# Out: CF clear.
.global debug_code
debug_code:
    push    esi
    push    edi
    mov     edi, LINES_MORE
    mov     eax, [debug_second]
    cmp     byte ptr [eax], 0
    je      1f
    call    parse_number
    jc      .Ldebug_code_wrong
    mov     edi, eax
    cmp     edi, LINES_MOST
    ja      .Ldebug_code_wrong
1:  mov     eax, [debug_first]
    cmp     byte ptr [eax], 0
    je      .Ldebug_code_around
    call    debug_address
    jc      .Ldebug_code_wrong
    mov     esi, eax
.Ldebug_code_next:
    sub     edi, 1
    jb      .Ldebug_code_done
    mov     eax, esi
    call    code_line
    mov     esi, eax
    jmp     .Ldebug_code_next
.Ldebug_code_around:
    mov     eax, [ebx + REGS_EIP]
    call    code_before
    mov     esi, eax
.Ldebug_code_before:
    cmp     esi, [ebx + REGS_EIP]
    jae     .Ldebug_code_here
    mov     eax, esi
    call    code_line
    mov     esi, eax
    jmp     .Ldebug_code_before
.Ldebug_code_here:
    PRINT   "->\n"
    jmp     .Ldebug_code_next
.Ldebug_code_wrong:
    PRINT   "u [ADDRESS [COUNT]]\n"
.Ldebug_code_done:
    pop     edi
    pop     esi
    clc
    ret

# Where the instructions before another one begin: its routine is gone through from its name on.
# In: EAX address.
# Out: EAX address of the one that is LINES_BEFORE before it, or less; its own when nothing is known.
code_before:
    push    ebx
    push    esi
    push    edi
    FRAME   LINES_BEFORE*4
    mov     ebx, eax                    # EBX: the place
    lea     edi, [ebp - LINES_BEFORE*4]
    mov     ecx, LINES_BEFORE
    rep stosd                           # for the latest beginnings, the last on top
    call    symbol_find
    jc      2f
    cmp     edx, BACK_MOST
    ja      2f
    mov     esi, ebx
    sub     esi, edx                    # ESI: an instruction
1:  cmp     esi, ebx
    jae     3f
    lea     edi, [ebp - LINES_BEFORE*4]
    xchg    esi, edi                    # all one down
    push    edi
    lea     edi, [esi]
    add     esi, 4
    mov     ecx, LINES_BEFORE - 1
    rep movsd
    pop     esi
    mov     [edi], esi
    mov     eax, esi
    call    instruction_decode
    jc      2f
    add     esi, [eax + DECODED_LENGTH]
    jmp     1b
2:  mov     eax, ebx
    jmp     4f
3:  jne     2b                          # it goes past the place: the name is of something else
    mov     eax, [ebp - LINES_BEFORE*4]
    cmp     eax, ebx
    jne     4f
    lea     edi, [ebp - LINES_BEFORE*4]
.Lcode_before_first:
    add     edi, 4                      # fewer are before it
    cmp     edi, ebp
    jae     4f
    mov     eax, [edi]
    cmp     eax, ebx
    je      .Lcode_before_first
4:  ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the mutexes that are held: by whom, and who waits.
# Out: CF clear.
.global debug_locks
debug_locks:
    push    ebx
    push    esi
    push    edi
    mov     edi, MUTEX_SLOTS
1:  mov     esi, [mutexes_held - 4 + edi*4]     # ESI: mutex
    test    esi, esi
    jz      4f
    mov     ebx, [esi + MUTEX_OWNER]
    mov     eax, esi
    call    debug_name
    lea     ecx, [ebx + TASK_LABEL]
    PRINTF  "  held by %u %s", [ebx+TASK_ID], ecx
    mov     ebx, [task_all]
2:  test    ebx, ebx
    jz      3f
    cmp     [ebx + TASK_EVENT], esi
    mov     eax, ebx
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jne     2b
    lea     ecx, [eax + TASK_LABEL]
    PRINTF  ", %u %s waits", [eax+TASK_ID], ecx
    jmp     2b
3:  PRINT   "\n"
4:  dec     edi
    jnz     1b
    pop     edi
    pop     esi
    pop     ebx
    clc
    ret
