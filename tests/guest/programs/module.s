# A module for the kernel: has a command, counts its calls, and opens something that goes back when it is unloaded.

.include "macros.inc"

.text

# Runs when the module is loaded.
counter_start:
    mov     eax, 100
    call    malloc
    jc      1f
    call    memory_own
    PRINT   "counter: loaded\n"
1:  ret

INITCALL 9, counter_start

# Shell command: says how often it was called.
counter_command:
    inc     dword ptr [counter_calls]
    PRINTF  "counter: %u\n", [counter_calls]
    xor     eax, eax
    ret

SHELL_COMMAND "counter", counter_command, "", "count its calls"

# Runs before the module is unloaded.
.global module_exit
module_exit:
    PRINT   "counter: unloaded\n"
    ret

.data
counter_calls:  .long 40
