# The debugger: what stops the kernel, and the loop of its commands. It runs in the place of what it has stopped, with
# interrupts off; keys come by asking keyboard and COM1. INT3, a debug exception, an NMI, the key F12, the command
# `debug` and, when `debug on` has said so, a panic begin it.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "keys.inc"
.include "tasks.inc"
.include "debug.inc"
.include "instruction.inc"

DR6_BREAKPOINTS     = 15
STEP_SWITCHES       = 0xF00000C0            # of DR7, for breakpoint 3

ON_HOOK on_stop, debug_enter
ON_HOOK on_panic, debug_panic

.text

# Stops the kernel for the person at the console.
# In: EBX registers (cpu.inc, REGS_ESP as before); interrupts off.
# Out: when the person says so.
# Clobbers: all but EBX and EBP.
debug_enter:
    push    ebp
    inc     dword ptr [debug_active]
    call    trial_watch_end
    call    console_seize
    push    edx
    push    eax
    mov     eax, dr7
    and     eax, ~STEP_SWITCHES         # where a step over a call was to end
    mov     [debug_switches], eax
    xor     eax, eax                    # nothing stops the debugger itself
    mov     dr7, eax
    call    debug_say_why
    and     dword ptr [ebx + REGS_EFLAGS], ~EFLAGS_TF
    mov     eax, [ebx + REGS_EIP]
    xor     edx, edx
    call    trace_address
    mov     eax, [ebx + REGS_EIP]
    call    code_line
.Ldebug_enter_next:
    call    debug_line
    mov     eax, offset debug_text
    call    debug_words
    mov     eax, [debug_word]
    cmp     byte ptr [eax], 0
    je      .Ldebug_enter_next
    mov     esi, offset debug_commands
.Ldebug_enter_look:
    mov     eax, [esi]
    test    eax, eax
    jz      .Ldebug_enter_unknown
    mov     edx, [debug_word]
    call    string_compare
    je      .Ldebug_enter_found
    add     esi, 8
    jmp     .Ldebug_enter_look
.Ldebug_enter_found:
    call    [esi + 4]
    jnc     .Ldebug_enter_next
    mov     eax, [debug_switches]
    mov     dr7, eax
    or      dword ptr [ebx + REGS_EFLAGS], EFLAGS_RF
    pop     eax
    pop     edx
    call    console_give
    dec     dword ptr [debug_active]
    pop     ebp
    ret
.Ldebug_enter_unknown:
    mov     eax, offset debug_help
    call    print
    jmp     .Ldebug_enter_next

# Says what has stopped the kernel.
# In: EBX registers.
debug_say_why:
    LOAD_STRING eax, "breakpoint"
    mov     ecx, [ebx + REGS_VECTOR]
    cmp     ecx, VECTOR_BREAKPOINT
    je      2f
    LOAD_STRING eax, "non-maskable interrupt"
    cmp     ecx, VECTOR_NMI
    je      2f
    LOAD_STRING eax, "after a panic"
    cmp     ecx, VECTOR_DEBUG
    jne     2f
    mov     ecx, dr6
    xor     eax, eax
    mov     dr6, eax
    LOAD_STRING eax, "step"
    and     ecx, DR6_BREAKPOINTS
    jz      2f
    bsf     ecx, ecx
    PRINTF  "\nDEBUG: hardware breakpoint %u\n", ecx
    ret
2:  PRINTF  "\nDEBUG: %s\n", eax
    ret

# Reads a line, with echo and Backspace.
# Out: debug_text.
# Clobbers: ESI.
debug_line:
    PRINT   "debug> "
    xor     esi, esi
1:  call    printer_flush
    call    debug_key
    cmp     eax, KEY_ENTER
    je      4f
    cmp     eax, KEY_BACKSPACE
    je      3f
    cmp     eax, ' '
    jb      1b
    cmp     eax, 126
    ja      1b
    cmp     esi, DEBUG_LINE_BYTES - 1
    jae     1b
    mov     [debug_text + esi], al
    inc     esi
2:  call    print_char
    jmp     1b
3:  sub     esi, 1
    adc     esi, 0
    jmp     2b
4:  mov     byte ptr [debug_text + esi], 0
    mov     al, 10
    jmp     print_char

# Waits for a key by asking the devices.
# Out: EAX key.
debug_key:
    call    keyboard_interrupt
    call    serial_ask
    call    key_poll
    jc      debug_key
    ret

# Splits a line into a word and its two arguments.
# In: EAX line.
# Out: debug_word, debug_first, debug_second; absent ones are empty.
# Clobbers: ESI, EDI.
debug_words:
    mov     esi, eax
    mov     edi, offset debug_word
.Ldebug_words_next:
    lodsb
    cmp     al, ' '
    je      .Ldebug_words_next
    dec     esi
    mov     [edi], esi
    add     edi, 4
.Ldebug_words_byte:
    lodsb
    test    al, al
    jz      .Ldebug_words_last
    cmp     al, ' '
    jne     .Ldebug_words_byte
    mov     byte ptr [esi - 1], 0
    cmp     edi, offset debug_word + 12
    jb      .Ldebug_words_next
    ret
.Ldebug_words_last:
    dec     esi
.Ldebug_words_absent:
    cmp     edi, offset debug_word + 12
    jae     .Ldebug_words_done
    mov     [edi], esi
    add     edi, 4
    jmp     .Ldebug_words_absent
.Ldebug_words_done:
    ret

# Goes on.
# Out: CF: the debugger ends.
debug_continue:
    stc
    ret

# Executes one instruction.
# In: EBX registers.
# Out: CF.
debug_step:
    or      dword ptr [ebx + REGS_EFLAGS], EFLAGS_TF
    stc
    ret

# Executes one instruction, or what it calls or repeats too: up to the instruction after it.
# In: EBX registers.
# Out: CF.
debug_step_over:
    mov     eax, [ebx + REGS_EIP]
    call    instruction_decode
    jc      debug_step
    mov     ecx, [eax + DECODED_FORM]
    test    byte ptr [ecx + FORM_SHAPE], SHAPE_REP
    jz      1f
    cmp     dword ptr [eax + DECODED_LAST + PREFIX_REP*4], 0
    jne     2f
1:  mov     ecx, [eax + DECODED_OPCODE]
    cmp     byte ptr [ecx], 0xE8        # call rel32
    je      2f
    cmp     byte ptr [ecx], 0xFF        # and FF /2, call r/m32
    jne     debug_step
    mov     ecx, [eax + DECODED_MODRM]
    and     ecx, 0x38
    cmp     ecx, 0x10
    jne     debug_step
2:  mov     ecx, [eax + DECODED_LENGTH]
    add     ecx, [ebx + REGS_EIP]
    mov     dr3, ecx                    # breakpoint 3 is the debugger's own
    or      dword ptr [debug_switches], 0x80
    stc
    ret

# Restarts the machine.
debug_reset:
    jmp     power_reset

# Shell command: begins the debugger, or says whether a panic begins it.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_debug:
    cmp     eax, 2
    ja      command_misused
    jb      1f
    push    ebx
    mov     ebx, edx
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "on"
    call    string_compare
    mov     ecx, 1
    je      2f
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "off"
    call    string_compare
    mov     ecx, 0
    je      2f
    mov     edx, ebx
    pop     ebx
    jmp     command_misused
2:  mov     [debug_panics], ecx
    pop     ebx
    xor     eax, eax
    ret
1:  int3
    xor     eax, eax
    ret

# After the report of a panic: the debugger, if the person wants it. The machine cannot go on.
# In: EBX registers.
debug_panic:
    cmp     dword ptr [debug_panics], 0
    je      1f
    call    debug_enter
    jmp     debug_panic
1:  ret

# Shell command: hardware breakpoints, with the first system's letters.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_breakpoint:
    cmp     eax, 1
    je      1f
    cmp     eax, 3
    jne     command_misused
    mov     eax, [edx + 4]
    mov     edx, [edx + 8]
    mov     ecx, dr7
    call    debug_set
    jc      2f
    mov     dr7, ecx
    PRINTF  "breakpoint %u\n", eax
    xor     eax, eax
    ret
1:  int3
    xor     eax, eax
    ret
2:  PRINTF  "breakpoint: %s\n", eax
    mov     eax, 1
    ret

SHELL_COMMAND "debug", command_debug, "[on|off]", "begin the debugger, now or after a panic", GROUP_DEBUG, debug_text_shell
SHELL_COMMAND "breakpoint", command_breakpoint, "[b|w|d|c ADDRESS]", "stop at a write to an address, or at code", GROUP_DEBUG, breakpoint_text

.section .rodata
debug_help:
    .ascii  "r registers  b stack  u [ADDRESS [COUNT]] code  t tasks  l locks  h [mark|leaks] heap by caller  m ADDRESS [BYTES] memory\n"
    .ascii  "w ADDRESS stop at a write  x ADDRESS stop at code  d forget breakpoints  s step  n step over  c continue\n"
    .asciz  "reset. An address is hexadecimal, or a name of the kernel.\n"
debug_text_shell:
    .asciz  "The key F12 and a non-maskable interrupt begin it too; help in it lists its commands.\n"
breakpoint_text:
    .ascii  "b, w and d stop at a write of a byte, word or dword, c before an instruction; the address is\n"
    .ascii  "hexadecimal or a name of the kernel. There are three at a time. Without arguments it stops at once. The\n"
    .asciz  "debugger then takes the console.\n"
.balign 4
debug_commands:
    .long   debug_name_r, debug_registers, debug_name_b, debug_stack, debug_name_t, debug_tasks
    .long   debug_name_u, debug_code, debug_name_l, debug_locks
    .long   debug_name_h, debug_heap
    .long   debug_name_m, debug_memory, debug_name_w, debug_watch, debug_name_x, debug_execute
    .long   debug_name_d, debug_forget, debug_name_s, debug_step, debug_name_n, debug_step_over
    .long   debug_name_c, debug_continue, debug_name_reset, debug_reset, 0
STRING debug_name_r, "r"
STRING debug_name_b, "b"
STRING debug_name_t, "t"
STRING debug_name_u, "u"
STRING debug_name_l, "l"
STRING debug_name_h, "h"
STRING debug_name_m, "m"
STRING debug_name_w, "w"
STRING debug_name_x, "x"
STRING debug_name_d, "d"
STRING debug_name_s, "s"
STRING debug_name_n, "n"
STRING debug_name_c, "c"
STRING debug_name_reset, "reset"

.bss
.balign 4
.global debug_active
debug_active:       .space 4                # 1: the debugger has the console
debug_panics:       .space 4                # 1: a panic begins the debugger
.global debug_switches
debug_switches:     .space 4                # DR7 for when the kernel goes on
debug_word:         .space 4                # addresses of the words of a line
.global debug_first
debug_first:        .space 4
.global debug_second
debug_second:       .space 4
debug_text:         .space DEBUG_LINE_BYTES
